/** Private keys that are sent once and then erased, if a tenant wants that. */
import { Secret } from '../platform/crypto/secret.ts';
import { createVault } from '../platform/crypto/vault.ts';
import { newId } from '../platform/ids.ts';
import { privateKeyColumn } from './sealed-columns.ts';
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

const masterKey = randomBytes(32);
const vault = createVault({ version: 1, key: new Secret(masterKey) });

interface Registered {
  id: string;
  config: string;
}
const PRIVATE = /^PrivateKey = \S{44}$/m;

const test = base
  .extend('environment', { scope: 'file' }, { CVAULT_MASTER_KEY: masterKey.toString('base64') })
  .extend('alice', { scope: 'file' }, async ({ api }) => {
    const alice = await signUp(api, 'Acme');
    const answer = await api.app.inject({
      method: 'PATCH',
      url: `/api/v1/admin/tenants/${alice.tenantId}`,
      headers: { authorization: `Bearer ${api.adminKey}` },
      payload: { privateKeysOnce: true },
    });
    expect(answer.json()).toMatchObject({ privateKeysOnce: true });
    return alice;
  })
  .extend(
    'register',
    ({ alice }) =>
      async () =>
        (await alice.call('POST', '/devices', { deviceName: 'phone' })).json<Registered>(),
  )
  .extend(
    'keyOf',
    ({ database }) =>
      async (id: string) =>
        (
          await database.pool.query<{ private_key: Buffer | null }>(
            'SELECT private_key FROM devices WHERE id = $1',
            [id],
          )
        ).rows[0]!.private_key,
  )
  .extend(
    'config',
    ({ alice }) =>
      (id: string, query = '') =>
        alice.call('GET', `/devices/${id}/config${query}`),
  );

test('the answer to a registration tells it, and from then on nobody has it', async ({
  alice,
  register,
  keyOf,
  config,
}) => {
  const { id, config: told } = await register();
  expect(told).toMatch(PRIVATE);
  expect(await keyOf(id)).toBeNull();
  const again = await config(id);
  expect([again.statusCode, again.json<{ code: string }>().code]).toEqual([410, 'private_key_gone']);
  const rotated = (await alice.call('POST', `/devices/${id}/rotate`, {})).json<Registered>();
  expect(rotated.config).toMatch(PRIVATE);
  expect(await keyOf(id)).toBeNull();
  expect((await config(id)).statusCode).toBe(410);
});

test('of fifty who fetch it at once, one gets it', async ({ database, alice, register, keyOf, config }) => {
  const { id } = await register();
  // Simulates a process that died before it answered the registration.
  const sealed = vault.seal(privateKeyColumn(alice.tenantId, id), randomBytes(32).fill(64, 31));
  await database.pool.query('UPDATE devices SET private_key = $2, private_key_erased = false WHERE id = $1', [
    id,
    sealed,
  ]);
  // A refused request erases nothing.
  expect((await config(id, '?endpoint=ipv6')).statusCode).toBe(400);
  const answers = await Promise.all(Array.from({ length: 50 }, () => config(id)));
  const got = answers.filter(({ statusCode }) => statusCode === 200);
  expect(got).toHaveLength(1);
  expect(got[0]!.body).toMatch(PRIVATE);
  expect(answers.filter(({ statusCode }) => statusCode === 410)).toHaveLength(49);
  expect(await keyOf(id)).toBeNull();
});

test('a device with a key of its own has nothing to lose', async ({ alice, config }) => {
  const { encodeKey, generateKeyPair } = await import('@cvault/wireguard');
  const registered = await alice.call('POST', '/devices', {
    deviceName: newId(),
    publicKey: encodeKey(generateKeyPair().publicKey),
  });
  const { id } = registered.json<Registered>();
  expect((await config(id)).statusCode).toBe(200);
  expect((await config(id)).statusCode).toBe(200);
});
