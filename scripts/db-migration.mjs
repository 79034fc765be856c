/**
 * `npm run db:migration -- add_something`: writes the changes of schema.prisma since the last commit as a new
 * migration. Add what Prisma's language cannot express (checks, partial indexes) below it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orStop, prepare, ROOT, say, Stop } from './prepare.mjs';

const SCHEMA = 'packages/api/prisma/schema.prisma';

/** A tenant writes its own settings under the API's role, which may write the columns that are named to it. */
function grants(script, settings) {
  const changed = script.match(/^ALTER TABLE "tenants".*?;/gms)?.join('') ?? '';
  const own = Object.values(settings)
    .filter(({ setBy, column }) => setBy === 'tenant' && new RegExp(`ADD COLUMN +"${column}"`).test(changed))
    .map(({ column }) => `"${column}"`);
  return own.length === 0 ? '' : `\nGRANT UPDATE (${own.join(', ')}) ON "tenants" TO "cvault_api";\n`;
}

await orStop(async () => {
  const name = process.argv[2] ?? '';
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Stop('usage: npm run db:migration -- add_something');
  await prepare();
  const { startEmbeddedPostgres } = await import('../packages/api/dist/platform/db/embedded.js');
  const { schemaScript } = await import('../packages/api/dist/testing/schema-script.js');
  const before = execFileSync('git', ['show', `HEAD:${SCHEMA}`], { cwd: ROOT, encoding: 'utf8' });
  const folder = mkdtempSync(join(tmpdir(), 'cvault-migration-'));
  const postgres = await startEmbeddedPostgres(folder, { fsync: 'off' });
  try {
    const script = await schemaScript(
      postgres.url.reveal(),
      before,
      readFileSync(join(ROOT, SCHEMA), 'utf8'),
    );
    const { SETTINGS } = await import('../packages/api/dist/settings/index.js');
    const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
    const target = join(ROOT, 'packages/api/prisma/migrations', `${time}_${name}`);
    mkdirSync(target);
    writeFileSync(join(target, 'migration.sql'), script + grants(script, SETTINGS));
    say(`wrote ${join(target, 'migration.sql')}`);
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
