import { expect, test } from 'vitest';
import { mergeInputSchemas } from './openapi.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const object = { type: 'object' };

test('one schema if input and output are equal, two if they differ, and no unused ones', () => {
  const merged = mergeInputSchemas({
    paths: {
      '/x': {
        get: {
          body: [ref('SameInput'), ref('DiffersInput'), ref('OnlyInInput')],
          out: [ref('Same'), ref('Differs')],
        } as object,
      },
    },
    components: {
      schemas: {
        Same: object,
        SameInput: object,
        Differs: object,
        DiffersInput: { type: 'string' },
        OnlyIn: object,
        OnlyInInput: { properties: { nested: ref('NestedInput') } },
        Nested: object,
        NestedInput: { type: 'integer' },
        Unused: object,
        Problem: object,
      },
    },
  });
  expect(merged.components?.schemas).toEqual({
    Differs: object,
    DiffersInput: { type: 'string' },
    Nested: { type: 'integer' },
    OnlyIn: { properties: { nested: ref('Nested') } },
    Problem: object,
    Same: object,
  });
  expect(merged.paths).toEqual({
    '/x': {
      get: { body: [ref('Same'), ref('DiffersInput'), ref('OnlyIn')], out: [ref('Same'), ref('Differs')] },
    },
  });
});
