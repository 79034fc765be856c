import { readFileSync } from 'node:fs';
import { ERRORS } from './platform/errors.ts';
import { describe, expect, test } from 'vitest';
import { DOCUMENTS } from './documents.ts';
import { buildOpenApi } from './openapi-document.ts';

const committed = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test.each(Object.entries(DOCUMENTS))('%s is current: npm run generate', (path, render) => {
  expect(committed(path)).toBe(render());
});

test('docs/errors.md has a section for each code', () => {
  for (const code of Object.keys(ERRORS)) expect(committed('docs/errors.md')).toContain(`\n## ${code}\n`);
});

describe('openapi.json', async () => {
  const text = await buildOpenApi();
  const document = JSON.parse(text) as {
    paths: Record<string, Record<string, { operationId: string; security: unknown; responses: object }>>;
    components: { schemas: object };
  };
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

  test('is current: node packages/api/dist/openapi.js > openapi.json', () => {
    expect(committed('openapi.json')).toBe(text);
  });

  test('refers to nothing that is not in it, and holds nothing that is not referred to', () => {
    const references = new Set(
      [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1]),
    );
    expect(Object.keys(document.components.schemas).sort()).toEqual([...references].sort());
  });

  test('says of every operation who may call it, and what failure looks like', () => {
    for (const { operationId, security, responses } of operations) {
      expect(security, operationId).toBeInstanceOf(Array);
      expect(responses, operationId).toHaveProperty('default', { $ref: '#/components/responses/Problem' });
    }
  });

  test('names every operation once', () => {
    const names = operations.map((operation) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });
});
