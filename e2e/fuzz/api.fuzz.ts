/** Schemathesis against the running API: every answer must match openapi.json and never be a 5xx. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../packages/api/src/testing/database.ts';
import { aServer } from '../../packages/api/src/testing/fixtures.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../harness/control-plane.ts';
import { runProgram } from '../harness/program.ts';

const HERE = import.meta.dirname;
const OPENAPI = join(HERE, '../../openapi.json');
/** The total number of requests. CI sends thousands, `npm run fuzz` hundreds of thousands. */
const CASES = Number(process.env['CVAULT_FUZZ_CASES'] ?? 2_000);
const SEED = Number(process.env['CVAULT_FUZZ_SEED'] ?? 1);
/** The maximum of cases per operation and round. */
const EXAMPLES = 20;
/** Ends a hanging round; one takes two minutes on two busy cores. */
const ROUND_MOST_MS = 900_000;

const secrets = makeSecrets();
let database: TestDatabase;
let plane: ControlPlane;
let folder: string;
let server: Awaited<ReturnType<typeof aServer>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-fuzz-'));
  database = await createTestDatabase();
  server = await aServer(database, { cidr: '10.64.0.0/16', region: 'fuzz', tunnelPrefix6: 'fd64::/64' });
  plane = await startControlPlane(database.url.reveal(), secrets);
});
afterAll(async () => {
  await plane?.stop();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The part of Schemathesis’ report that is read here. */
interface Report {
  readonly test_cases: { readonly generated: number };
}

async function round(seed: number): Promise<number> {
  const report = join(folder, `report-${seed}.json`);
  const { status, stdout, stderr } = await runProgram(
    [
      process.env['CVAULT_SCHEMATHESIS'] ?? 'schemathesis',
      ...['--config-file', join(HERE, 'schemathesis.toml'), 'run', OPENAPI, '--url', plane.baseUrl],
      ...['--seed', String(seed), '--max-examples', String(EXAMPLES), '--continue-on-failure', '--no-color'],
      ...['--generation-database', 'none', '--report-json-path', report],
      ...(process.env['CVAULT_FUZZ_OPTIONS']?.split(' ') ?? []),
    ],
    {
      timeoutMs: ROUND_MOST_MS,
      // Schemathesis leaves a folder in its working directory.
      cwd: folder,
      env: {
        ...process.env,
        PYTHONPATH: HERE,
        SCHEMATHESIS_HOOKS: 'hooks',
        CVAULT_FUZZ_URL: plane.baseUrl,
        CVAULT_FUZZ_SERVER: server.id,
        CVAULT_FUZZ_ADMIN_KEY: secrets.CVAULT_ADMIN_KEY,
      },
    },
  );
  if (status !== 0) throw new Error(`seed ${seed}:\n${stdout}${stderr}`);
  return (JSON.parse(await readFile(report, 'utf8')) as Report).test_cases.generated;
}

test('no request makes the API fail or answer outside of its description', { timeout: 0 }, async () => {
  let cases = 0;
  for (let seed = SEED; cases < CASES; seed++) cases += await round(seed);
  process.stderr.write(`fuzz: ${cases} cases from seed ${SEED} on, no failure\n`);
  expect(plane.log()).not.toContain('"level":50');
});
