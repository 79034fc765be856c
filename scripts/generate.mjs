/**
 * `npm run generate`: openapi.json, the generated documents and the SDK's types, out of the code; and the hashes of
 * new migrations and changed functions.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addFunctionsHash, addMigrationHashes } from './migration-hashes.mjs';
import { orStop, rebuild, ROOT } from './prepare.mjs';

// Without the SDK and its users, which may not compile until its types are regenerated.
await orStop(() => rebuild('packages/api'));
writeFileSync(
  join(ROOT, 'openapi.json'),
  execFileSync(process.execPath, [join(ROOT, 'packages/api/dist/openapi.js')], {
    maxBuffer: 64 * 1024 * 1024,
  }),
);
const { DOCUMENTS } = await import('../packages/api/dist/documents.js');
for (const [path, render] of Object.entries(DOCUMENTS)) writeFileSync(join(ROOT, path), render());
execFileSync(process.execPath, [join(ROOT, 'packages/sdk/generate.mjs')], { stdio: 'inherit' });
addMigrationHashes();
await addFunctionsHash();
