/** Whatever a caller sends: a clear problem, nothing stored, nothing on the VPN server. */
import { generateKeyPair, encodeKey, parseConfig } from '@cvault/wireguard';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aServer } from '../testing/fixtures.ts';
import { createWholeApi, type SignedInUser, signUp, type WholeApi } from '../testing/whole-api.ts';

let database: TestDatabase;
let api: WholeApi;
let user: SignedInUser;
let other: SignedInUser;
let serverId: string;
let serverKey: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const server = await aServer(database, { region: 'us-east', cidr: '10.8.0.0/29' });
  serverId = server.id;
  serverKey = encodeKey(server.publicKey);
  api = await createWholeApi(database, { CVAULT_QUARANTINE_SECONDS: '0' });
  await api.cvault.fleet.untilSettled();
  user = await signUp(api, 'a company');
  other = await signUp(api, 'another company');
});

afterAll(async () => {
  await api?.close();
  await database?.close();
});

/** Everything that a registration leaves, in the database and on the interface. */
async function traces() {
  const { rows } = await database.pool.query<Record<string, number>>(
    `SELECT (SELECT count(*) FROM devices) AS devices, (SELECT count(*) FROM ip_pool WHERE state <> 'free') AS leases,
       (SELECT count(*) FROM public_keys) AS keys, (SELECT sum(device_count) FROM tenants) AS quota`,
  );
  return { ...rows[0], peers: await api.cvault.fleet.peerCount(serverId) };
}

const register = (payload: object) => user.call('POST', '/devices', payload);

describe('refused, with nothing left behind', () => {
  let before: Awaited<ReturnType<typeof traces>>;

  beforeEach(async () => {
    before = await traces();
  });

  afterEach(async () => {
    expect(await traces()).toEqual(before);
  });

  test.each([
    ['empty', ''],
    ['only spaces', '   '],
    ['10,000 characters', 'x'.repeat(10_000)],
    ['101 characters', 'x'.repeat(101)],
    ['a line that would run a command', 'x\nPostUp = touch /tmp/x'],
    ['a carriage return', 'x\rPostUp = id'],
    ['a line separator', 'x\u2028[Interface]'],
    ['a null byte', 'x\0'],
    ['an escape sequence', '\u001b[31mred'],
    ['marks that turn the writing round', 'abc\u202egnp.exe'],
    ['an invisible mark', 'a\u200bb'],
    ['a lone half of a pair', 'x\ud800'],
    ['a number', 7],
    ['a list', ['phone']],
    ['an object', { toString: 'phone' }],
    ['nothing', undefined],
    ['null', null],
  ])('a name that is %s', async (_what, deviceName) => {
    const answer = await register({ deviceName });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/deviceName' }] });
  });

  const KEY = encodeKey(generateKeyPair().publicKey);
  const ORDER_EIGHT = 'X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc='.slice(0, 43) + '=';
  test.each([
    ['in base64url', KEY.replaceAll('+', '-').replaceAll('/', '_').replace(/=$/, '')],
    ['without padding', KEY.slice(0, -1)],
    ['with a line end', `${KEY}\n`],
    // The last character but one holds four bits of the key and two that must be zero.
    ['with bits after its end', `${KEY.slice(0, 42)}B=`],
    ['in hexadecimal', Buffer.from(KEY, 'base64').toString('hex')],
    ['of 31 bytes', Buffer.alloc(31, 9).toString('base64')],
    ['of 33 bytes', Buffer.alloc(33, 9).toString('base64')],
    ['of zeros', Buffer.alloc(32).toString('base64')],
    ['one', Buffer.from([1, ...Array.from({ length: 31 }, () => 0)]).toString('base64')],
    ['of order 8', ORDER_EIGHT],
    [
      'with its high bit set',
      Buffer.from([...Buffer.from(KEY, 'base64').subarray(0, 31), 0xff]).toString('base64'),
    ],
    ['a number', 1],
    ['a command', '$(touch /tmp/x)'],
  ])('a public key %s', async (_what, publicKey) => {
    const answer = await register({ deviceName: 'phone', publicKey });
    expect(answer.statusCode).toBe(400);
    expect(['invalid_public_key', 'invalid_request']).toContain(answer.json<{ code: string }>().code);
    expect(answer.json()).toMatchObject({ errors: [{ pointer: '/publicKey' }] });
  });

  test('the VPN server’s own public key', async () => {
    const answer = await register({ deviceName: 'phone', publicKey: serverKey });
    expect([answer.statusCode, answer.json()]).toMatchObject([409, { code: 'public_key_taken' }]);
  });

  test.each([
    ['an unknown field', '{"deviceName":"phone","postUp":"id"}'],
    ['fields that are ours to set', '{"deviceName":"phone","assignedIp":"10.8.0.1","tenantId":"x"}'],
    ['another prototype', '{"deviceName":"phone","__proto__":{"admin":true}}'],
    ['another constructor', '{"deviceName":"phone","constructor":{"prototype":{"admin":true}}}'],
  ])('%s', async (_what, payload) => {
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/devices',
      headers: { ...user.headers, 'content-type': 'application/json' },
      payload,
    });
    expect(answer.statusCode).toBe(400);
  });

  test('an unknown region', async () => {
    const answer = await register({ deviceName: 'phone', region: 'atlantis' });
    expect([answer.statusCode, answer.json()]).toMatchObject([
      400,
      { code: 'unknown_region', errors: [{ pointer: '/region' }] },
    ]);
  });

  test.each(['us-eats', 'US-EAST', 'useast'])('the region %j: the near one is named', async (region) => {
    const answer = await register({ deviceName: 'phone', region });
    const message = 'names no region with an active VPN server; did you mean `us-east`?';
    expect(answer.json()).toMatchObject({
      status: 400,
      code: 'unknown_region',
      detail: 'No VPN server of this region takes devices. Did you mean us-east? Regions that do: us-east.',
      errors: [{ pointer: '/region', message }],
    });
  });

  test('a body of 10 MB', async () => {
    const answer = await register({ deviceName: 'x'.repeat(10_000_000) });
    expect([answer.statusCode, answer.json()]).toMatchObject([413, { code: 'body_too_large' }]);
  });

  test.each([['x'], ['1'], ['0b9b1f6e5a1c4a8f9d513c5e0d6c2f10'], ['../servers'], ["' OR 1=1"]])(
    'the id %j',
    async (id) => {
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/config'],
        ['DELETE', ''],
      ] as const) {
        const answer = await user.call(method, `/devices/${encodeURIComponent(id)}${path}`);
        expect(answer.statusCode).toBe(400);
      }
      expect((await user.call('POST', '/vpn/connect', { deviceId: id })).statusCode).toBe(400);
    },
  );
});

test('a key that exists is refused to its owner and to others in the same words, and its device goes on', async () => {
  const publicKey = encodeKey(generateKeyPair().publicKey);
  const { id } = (await register({ deviceName: 'phone', publicKey })).json<{ id: string }>();
  const words: object[] = [];
  for (const each of [user, other]) {
    const answer = await each.call('POST', '/devices', { deviceName: 'x', publicKey });
    words.push({ ...answer.json<object>(), requestId: '' });
  }
  expect(words[0]).toMatchObject({ status: 409, code: 'public_key_taken' });
  expect(words[1]).toEqual(words[0]);
  expect((await user.call('GET', `/devices/${id}`)).json()).toMatchObject({ status: 'active' });
  await user.call('DELETE', `/devices/${id}`);
});

test.each([
  'Jürgen’s Télé',
  'x"; rm -rf /; "',
  '$(touch /tmp/x) `id` ${IFS}',
  '# [Peer]',
  "'; DROP TABLE devices; --",
  '=cmd()',
  '👨‍👩‍👧‍👦 family',
  '电话',
  '<script>alert(1)</script>',
])(
  'the name %j is only a name: kept as it is, and in the configuration only a comment',
  async (deviceName) => {
    const answer = await register({ deviceName });
    expect(answer.statusCode).toBe(201);
    const { id, config } = answer.json<{ id: string; config: string; deviceName: string }>();
    expect((await user.call('GET', `/devices/${id}`)).json()).toMatchObject({
      deviceName: deviceName.normalize('NFC'),
    });
    const [comment, ...lines] = config.split('\n');
    expect(comment).toMatch(/^# /);
    expect(lines.join('\n')).not.toContain(deviceName);
    // The strict parser refuses every key and section that is not WireGuard's own.
    const parsed = parseConfig(config);
    expect(parsed.peers).toHaveLength(1);
    expect(config).not.toMatch(/PostUp|PreUp|PostDown|PreDown|Table|SaveConfig/);
    expect((await user.call('DELETE', `/devices/${id}`)).statusCode).toBe(204);
  },
);

test('a pool without an address left: a typed refusal, nothing left behind; a freed address is given out again', async () => {
  const made = [];
  for (let n = 0; n < 5; n++)
    made.push((await register({ deviceName: `device ${n}` })).json<{ id: string }>().id);
  const before = await traces();
  const full = await register({ deviceName: 'one too many' });
  expect([full.statusCode, full.json()]).toMatchObject([409, { code: 'pool_exhausted' }]);
  expect(await traces()).toEqual(before);
  expect((await user.call('DELETE', `/devices/${made[2]}`)).statusCode).toBe(204);
  const again = await register({ deviceName: 'again' });
  expect(again.statusCode).toBe(201);
});
