import js from '@eslint/js';
import vitest from '@vitest/eslint-plugin';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['**/dist/**', '**/generated/**', '**/node_modules/**']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // An unawaited revocation fails silently, which this rule prevents.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // `rows[0]!` is used after statements that return a row; otherwise noUncheckedIndexedAccess would demand dead
      // branches.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Fastify recognizes a plugin without `await` only if it is async.
      '@typescript-eslint/require-await': 'off',
      // Factories return objects without `this`, whose methods may be detached.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only main.ts reads the environment.' },
        {
          object: 'AbortSignal',
          property: 'any',
          message:
            'Node.js 20 may collect a timeout in it before it fires: link one AbortController by hand.',
        },
        { property: '$queryRawUnsafe', message: 'SQL takes parameters, never text.' },
        { property: '$executeRawUnsafe', message: 'SQL takes parameters, never text.' },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'child_process', message: 'Use node:child_process.' },
            { name: 'node:child_process', importNames: ['exec', 'execSync'], message: 'They start a shell.' },
          ],
        },
      ],
      eqeqeq: 'error',
    },
  },
  {
    // Tests, benchmarks and start-up scripts run outside of the system and set its environment.
    files: [
      '**/*.test.ts',
      'e2e/**',
      'bench/**',
      'scripts/**',
      'packages/api/src/main.ts',
      'packages/cli/**',
      '**/testing/**',
    ],
    rules: {
      'no-restricted-properties': 'off',
      // Variables that a failed `beforeAll` should have set are undefined in `afterAll`.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // A fixture that needs no other one says so: vitest reads their names there.
      'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }],
    },
  },
  {
    files: ['**/*.test.ts'],
    plugins: { vitest },
    // Where tests that are given fixtures get their `test` from.
    settings: { vitest: { vitestImports: [/\/testing\/test-with-[\w-]+\.ts$/] } },
    rules: {
      // A test without an assertion fails only on a crash. Functions that assert are named expect…; those that
      // throw unless something becomes true are named until….
      'vitest/expect-expect': [
        'error',
        { assertFunctionNames: ['expect', 'expect.*', 'expect*', 'until', 'until*'] },
      ],
      'vitest/valid-expect': ['error', { maxArgs: 2 }],
      'vitest/valid-expect-in-promise': 'error',
      'vitest/no-focused-tests': 'error',
      'vitest/no-identical-title': 'error',
    },
  },
  {
    files: ['packages/agent/src/**/*.integration.test.ts', 'packages/agent/src/testing/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'expect',
          property: 'poll',
          message: 'The kernel lane runs these with vitest’s runner alone, which has none: use vi.waitFor.',
        },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        AbortSignal: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
      },
    },
  },
  {
    files: ['vitest.config.ts'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
