import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderErrorsMarkdown } from './http/error-pages.ts';
import { buildOpenApi } from './openapi-document.ts';

const committed = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
if (process.env['GEN']) { writeFileSync(new URL('../../../openapi.json', import.meta.url), await buildOpenApi()); writeFileSync(new URL('../../../docs/errors.md', import.meta.url), renderErrorsMarkdown()); }
void existsSync; void describe;
test('docs/errors.md is current', () => {
  expect(committed('docs/errors.md')).toBe(renderErrorsMarkdown());
});
test('openapi.json is current', async () => {
  expect(committed('openapi.json')).toBe(await buildOpenApi());
});
