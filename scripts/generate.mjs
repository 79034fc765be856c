/**
 * `npm run generate`: openapi.json, docs/errors.md and the SDK's types, out of the code; and the hashes of
 * new migrations and changed functions.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addFunctionsHash, addMigrationHashes } from './migration-hashes.mjs';
import { orStop, rebuild, ROOT } from './prepare.mjs';

// Not the SDK and what stands on it: they may not fit the API before their types are made anew.
await orStop(() => rebuild('packages/api'));
for (const [script, file] of [
  ['packages/api/dist/openapi.js', 'openapi.json'],
  ['packages/api/dist/errors-doc.js', 'docs/errors.md'],
]) {
  writeFileSync(
    join(ROOT, file),
    execFileSync(process.execPath, [join(ROOT, script)], { maxBuffer: 64 * 1024 * 1024 }),
  );
}
execFileSync(process.execPath, [join(ROOT, 'packages/sdk/generate.mjs')], { stdio: 'inherit' });
addMigrationHashes();
await addFunctionsHash();
