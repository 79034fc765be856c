import { writeFileSync } from 'node:fs';

/** The first line of an error, for the summary; the complete error is printed earlier. */
function firstLine(error) {
  return String(error?.message ?? error)
    .split('\n')[0]
    .slice(0, 300);
}

/** From its import to its last hook; what it waited for others is not in it. */
function secondsOf(module) {
  const { prepareDuration, collectDuration, setupDuration, duration } = module.diagnostic();
  return (prepareDuration + collectDuration + setupDuration + duration) / 1_000;
}

/** Counts the tests, keeps why each failed or skipped one did, and times the files, for scripts/test.mjs. */
export default class SummaryReporter {
  onTestRunEnd(modules, errors) {
    const file = process.env.CVAULT_TEST_SUMMARY;
    if (file === undefined) return;
    const summary = { passed: 0, failed: [], skipped: [], files: [] };
    for (const module of modules) {
      summary.files.push({ name: module.relativeModuleId, seconds: secondsOf(module) });
      // A file that does not load and a hook that fails belong to no test.
      for (const suite of [module, ...module.children.allSuites()]) {
        for (const error of suite.errors()) {
          const name = `${module.relativeModuleId} > ${suite.fullName ?? '(the file)'}`;
          summary.failed.push({ name, why: firstLine(error) });
        }
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${module.relativeModuleId} > ${test.fullName}`;
        if (result.state === 'passed') summary.passed++;
        else if (result.state === 'failed') summary.failed.push({ name, why: firstLine(result.errors[0]) });
        else summary.skipped.push({ name, why: result.note ?? 'no reason given' });
      }
    }
    for (const error of errors)
      summary.failed.push({ name: 'an error outside of any test', why: firstLine(error) });
    writeFileSync(file, JSON.stringify(summary));
  }
}
