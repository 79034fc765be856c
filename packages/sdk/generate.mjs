// Generates src/generated/api.ts from the repository's openapi.json: node generate.mjs
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const DOCUMENT = new URL('../../openapi.json', import.meta.url);
const TYPES = new URL('src/generated/api.ts', import.meta.url);
const HEADER = '// Made by packages/sdk/generate.mjs from openapi.json. Do not edit.\n\n';

/** @returns {Promise<string>} the types in their current form */
export async function renderTypes() {
  // Not immutable: openapi-fetch's mapped types treat readonly arrays as objects.
  const document = JSON.parse(await readFile(DOCUMENT, 'utf8'));
  return HEADER + astToString(await openapiTS(document, { alphabetize: true }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(TYPES, await renderTypes());
