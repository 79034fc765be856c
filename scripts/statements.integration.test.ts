/**
 * Every statement of the control plane is one that PostgreSQL takes, and its rows are what the code declares. PostgreSQL describes
 * a statement without running it, so no data and no test of the statement's own is needed.
 */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../packages/api/src/testing/database.ts';
import { type Column, createDescriber } from './statement-columns.ts';
import { type Field, findStatements, type Statement } from './statements.ts';

/** Files whose statements cannot be made without running them; their own tests do. */
const MADE_WHILE_RUNNING = [
  // Tables and columns come from the list of sealed columns, by a name that is looked up.
  'master-key/sealed-columns.ts',
  // The conditions for old rows come from the nouns, as parts of statements.
  'platform/db/old-rows.ts',
  // The scope of a history is looked up by a function.
  'sessions/store.ts',
];

/** Columns that may be null in their table, and never are in a statement that declares them so. */
const NEVER_NULL_HERE: Readonly<Record<string, string>> = {
  server_public_key: 'a VPN server that has devices was activated',
  closed_at: 'the statement itself closes the session',
};

let database: TestDatabase;
let statements: Statement[];
/** By text: what PostgreSQL says of it. Null: it answers no rows. */
const described = new Map<string, readonly Column[] | null>();
const refused: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase(1);
  statements = await findStatements();
  const db = new pg.Client({ connectionString: database.url.reveal() });
  await db.connect();
  const describeStatement = await createDescriber(db);
  for (const { at, texts } of statements) {
    for (const text of texts) {
      try {
        described.set(text, await describeStatement(text));
      } catch (error) {
        refused.push(`${at}: ${(error as Error).message}\n${text}`);
      }
    }
  }
  await db.end();
}, 600_000);
afterAll(() => database.close());

/** The faults in the row type of each statement that declares one. */
const faultsOf = (judge: (column: Column | undefined, name: string, field: Field) => string | null) =>
  statements.flatMap(({ at, fields, texts }) =>
    Object.entries(fields ?? {}).flatMap(([name, field]) =>
      texts.flatMap((text) => {
        const columns = described.get(text);
        if (columns === undefined || columns === null) return [];
        const fault = judge(
          columns.find((column) => column.name === name),
          name,
          field,
        );
        return fault === null ? [] : [`${at}: ${name} ${fault}`];
      }),
    ),
  );

test('the statements of all but the listed files are found', () => {
  expect(statements.length).toBeGreaterThan(250);
  const unknown = statements.filter(({ fault }) => fault !== null).map(({ at }) => at.replace(/:\d+$/, ''));
  expect([...new Set(unknown)].sort()).toEqual(MADE_WHILE_RUNNING);
});

test('PostgreSQL takes each of them', () => {
  expect(described.size).toBeGreaterThan(250);
  expect(refused).toEqual([]);
});

test('a row has each column that its type declares', () => {
  expect(faultsOf((column) => (column === undefined ? 'is no column of the answer' : null))).toEqual([]);
});

test('a column has the type that is declared', () => {
  expect(
    faultsOf((column, _name, { kind }) =>
      column === undefined || [column.kind, kind].includes('any') || column.kind === kind
        ? null
        : `is declared ${kind}, and PostgreSQL answers ${column.kind}`,
    ),
  ).toEqual([]);
});

test('a column that may be null is declared so', () => {
  expect(
    faultsOf((column, name, { nullable }) =>
      column?.nullable === true && !nullable && !Object.hasOwn(NEVER_NULL_HERE, name) ? 'may be null' : null,
    ),
  ).toEqual([]);
});
