/**
 * Prints the OpenAPI document: `node packages/api/dist/openapi.js > openapi.json`. With `--check`, compares it with
 * the committed one and exits with 1 if that is out of date.
 */
import { readFileSync } from 'node:fs';
import { buildOpenApi } from './openapi-document.ts';

const COMMITTED = new URL('../../../openapi.json', import.meta.url);

const document = await buildOpenApi();
if (!process.argv.includes('--check')) {
  process.stdout.write(document);
} else if (readFileSync(COMMITTED, 'utf8') !== document) {
  process.stderr.write('openapi.json is out of date: node packages/api/dist/openapi.js > openapi.json\n');
  process.exitCode = 1;
}
