/** Replaces the master key while the API runs. Afterwards the old key opens nothing. */
import { randomBytes } from 'node:crypto';
import type { Owner } from '../devices/ports.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { createVault, type MasterKey, type Vault } from '../platform/crypto/vault.ts';
import { newId } from '../platform/ids.ts';
import { createItems } from '../platform/jobs/items.ts';
import { createMasterKeyRotation, type SealedStore } from './rotation.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDeviceStore } from '../devices/store.ts';
import { createSealedStore, SEALED_COLUMNS } from './sealed-columns.ts';
import { strictItems } from '../testing/items.ts';

const master = (version: number): MasterKey => ({ version, key: new Secret(randomBytes(32)) });
const [one, two, third] = [master(1), master(2), master(3)];
const old = createVault(one);
const both = createVault(two, [one]);
const alone = createVault(two);
const DEVICES = 150;

let database: TestDatabase;
let jobs: SealedStore;
let owner: Owner;
/** The plain text of every sealed value, by its place. */
const plain = new Map<string, string>();

async function seal(table: string, id: string, columns: string[], vault: Vault, row = 'id'): Promise<void> {
  const ownerId = table === 'servers' ? 'platform' : owner.tenantId;
  for (const column of columns) {
    const at = { owner: ownerId, row: id, column: `${table}.${column}` };
    const secret = randomBytes(32);
    plain.set(JSON.stringify(at), secret.toString('hex'));
    await database.pool.query(`UPDATE ${table} SET ${column} = $2 WHERE ${row} = $1`, [
      id,
      vault.seal(at, secret),
    ]);
  }
}

/** Opens all sealed values with one vault. */
async function opened(vault: Vault): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const column of SEALED_COLUMNS) {
    for (const { at, record } of await createSealedStore(database).outdated(column, 0, null, 10_000)) {
      values.set(JSON.stringify(at), vault.open(at, record).reveal().toString('hex'));
    }
  }
  return values;
}

beforeAll(async () => {
  database = await createTestDatabase();
  jobs = createSealedStore(database.as('cvault_jobs'));
  owner = await aTenantWithUser(database);
  const server = await aServer(database);
  const devices = createDeviceStore(database.as('cvault_api'), 0);
  for (let n = 0; n < DEVICES; n++) {
    const { id } = await devices.register(aDevice(owner));
    await seal('devices', id, ['private_key', 'preshared_key'], old);
  }
  await database.pool.query(
    `UPDATE servers SET transport = 'ssh', ssh_host = '192.0.2.1', ssh_port = 22, ssh_user = 'x', ssh_host_keys = '{x}',
       ssh_private_key = 'x' WHERE id = $1`,
    [server.id],
  );
  await seal('servers', server.id, ['ssh_private_key'], old);
  const [endpoint, key] = [newId(), newId()];
  await database.pool.query(
    `INSERT INTO webhook_endpoints (id, tenant_id, url, secret, previous_secret, previous_secret_until)
     VALUES ($1, $2, 'https://a.test', 'x', 'x', now())`,
    [endpoint, owner.tenantId],
  );
  await seal('webhook_endpoints', endpoint, ['secret', 'previous_secret'], old);
  await database.pool.query(
    `INSERT INTO signing_keys (id, tenant_id, public_key, private_key, signs_from) VALUES ($1, $2, 'x', 'x', now())`,
    [key, owner.tenantId],
  );
  await seal('signing_keys', key, ['private_key'], old);
  const mail = newId();
  await database.pool.query(
    "INSERT INTO mail_outbox (id, tenant_id, purpose, recipient) VALUES ($1, $2, 'verify_email', 'x')",
    [mail, owner.tenantId],
  );
  await seal('mail_outbox', mail, ['recipient'], old);
  await database.pool.query("INSERT INTO second_factors (tenant_id, user_id, secret) VALUES ($1, $2, 'x')", [
    owner.tenantId,
    owner.userId,
  ]);
  await seal('second_factors', owner.userId, ['secret'], old, 'user_id');
});
afterAll(() => database.close());

test('every bytea column is sealed and listed, or known not to be sealed', async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND data_type = 'bytea' ORDER BY 1`,
  );
  // Public keys and hashes.
  const open = [
    'api_keys.key_hash',
    'audit_chains.begins_hash',
    'audit_chains.hash',
    'audit_log.hash',
    'devices.public_key',
    'devices.replaces_key',
    'idempotency_keys.claim_hash',
    'idempotency_keys.fingerprint',
    'public_keys.key_hash',
    'recovery_codes.code_hash',
    'refresh_tokens.token_hash',
    'servers.public_key',
    'sign_in_challenges.token_hash',
    'sign_ups.token_hash',
    'sign_in_tries.subject',
    'signing_keys.public_key',
    'used_id_tokens.fingerprint',
    'user_links.token_hash',
  ];
  // Sealed, but gone within a day, as docs/operations/master-key.md explains.
  const passing = ['idempotency_keys.answer'];
  const sealed = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`);
  expect(rows.map(({ name }) => name)).toEqual([...open, ...passing, ...sealed].sort());
});

test('killed at ten points and restarted, it finishes, and the new key opens everything', async () => {
  const total = 2 * DEVICES + 6;
  expect(plain.size).toBe(total);
  let replaced = 0;
  for (let kill = 0; kill < 10; kill++) {
    let left = Math.floor(Math.random() * (total / 10));
    const dying: SealedStore = {
      ...jobs,
      replace(...value) {
        if (left-- === 0) throw new Error('killed');
        replaced++;
        return jobs.replace(...value);
      },
    };
    const doomed = createMasterKeyRotation({ store: dying, vault: both, items: strictItems() });
    await expect(doomed.run()).rejects.toThrow('killed');
    // The running API opens both old and new values meanwhile.
    expect(await opened(both)).toEqual(plain);
  }
  const rotation = createMasterKeyRotation({ store: jobs, vault: both, items: strictItems() });
  const before = await rotation.status();
  expect(before.done).toBe(false);
  expect(before.columns.reduce((sum, { current }) => sum + current, 0)).toBe(replaced);
  expect(() => alone.open({ owner: '', row: '', column: '' }, Buffer.alloc(64))).toThrow();
  expect((await rotation.run()).done).toBe(true);
  expect(await opened(alone)).toEqual(plain);
  // Nothing is left to do.
  const idle = { ...jobs, replace: () => Promise.reject(new Error('written')) };
  await createMasterKeyRotation({ store: idle, vault: both, items: strictItems() }).run();
});

test('a value that changes meanwhile is kept, and one that cannot be opened stops nothing', async () => {
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM devices ORDER BY id LIMIT 3');
  const [changed, foreign, last] = rows.map(({ id }) => id) as [string, string, string];
  const three = createVault(third, [two]);
  const privateKey = (id: string) => ({ owner: owner.tenantId, row: id, column: 'devices.private_key' });
  const stranger = createVault(master(9)).seal(privateKey(foreign), Buffer.from('x'));
  await database.pool.query('UPDATE devices SET private_key = $2 WHERE id = $1', [foreign, stranger]);
  const newest = three.seal(privateKey(changed), Buffer.from('newest'));
  const racing: SealedStore = {
    ...jobs,
    async replace(column, value, record) {
      if (value.id === changed && column.column === 'private_key') {
        await database.pool.query('UPDATE devices SET private_key = $2 WHERE id = $1', [changed, newest]);
      }
      return jobs.replace(column, value, record);
    },
  };
  const items = createItems();
  const rotation = createMasterKeyRotation({
    store: racing,
    vault: three,
    items,
  });
  expect((await rotation.run()).done).toBe(false);
  expect(items.failing()).toMatchObject([
    { error: { message: `the devices.private_key of ${foreign} cannot be decrypted` } },
  ]);
  const stored = async (id: string) =>
    (
      await database.pool.query<{ private_key: Buffer }>('SELECT private_key FROM devices WHERE id = $1', [
        id,
      ])
    ).rows[0]!.private_key;
  expect(await stored(changed)).toEqual(newest);
  expect(await stored(foreign)).toEqual(stranger);
  expect(three.open(privateKey(last), await stored(last)).reveal()).toHaveLength(32);
});

test('a request to stop takes effect after the current batch', async () => {
  const next = createVault(master(4), [two, third]);
  const stopping = new AbortController();
  let sealed = 0;
  const watched: SealedStore = {
    ...jobs,
    replace(...value) {
      sealed++;
      stopping.abort();
      return jobs.replace(...value);
    },
  };
  const rotation = createMasterKeyRotation({ store: watched, vault: next, items: createItems() });
  expect((await rotation.run(Infinity, stopping.signal)).done).toBe(false);
  expect(sealed).toBeGreaterThan(0);
  expect(sealed).toBeLessThan(DEVICES);
});
