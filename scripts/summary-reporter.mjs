import { writeFileSync } from 'node:fs';

/** Counts the tests, and keeps why each skipped one was skipped, for scripts/test.mjs. */
export default class SummaryReporter {
  onTestRunEnd(modules, errors) {
    const file = process.env.CVAULT_TEST_SUMMARY;
    if (file === undefined) return;
    const summary = { passed: 0, failed: 0, skipped: [], errors: errors.length };
    for (const module of modules) {
      // A file that does not load has no tests that could fail.
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) summary.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') summary.passed++;
        else if (result.state === 'failed') summary.failed++;
        else summary.skipped.push({ name: test.fullName, why: result.note ?? 'no reason given' });
      }
    }
    writeFileSync(file, JSON.stringify(summary));
  }
}
