/** Bad input gets a clear problem; nothing of it is stored or reaches the VPN server. */
import { generateKeyPair, encodeKey, parseConfig } from '@cvault/wireguard';
import { describe, expect } from 'vitest';
import { aServer } from '../testing/fixtures.ts';
import { signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

const test = base
  .extend('servers', { scope: 'file' }, async ({ database }) => [
    await aServer(database, { region: 'us-east', cidr: '10.8.0.0/29' }),
  ])
  .extend('serverId', { scope: 'file' }, ({ servers }) => servers[0]!.id)
  .extend('serverKey', { scope: 'file' }, ({ servers }) => encodeKey(servers[0]!.publicKey))
  .extend('environment', { scope: 'file' }, { CVAULT_QUARANTINE_SECONDS: '0' })
  .extend('user', { scope: 'file' }, ({ api }) => signUp(api, 'a company'))
  .extend('other', { scope: 'file' }, ({ api }) => signUp(api, 'another company'))
  /** Everything that a registration leaves, in the database and on the interface. */
  .extend('traces', ({ database, serverId, api }) => async () => {
    const { rows } = await database.pool.query<Record<string, number>>(
      `SELECT (SELECT count(*) FROM devices) AS devices, (SELECT count(*) FROM ip_pool WHERE state <> 'free') AS leases,
       (SELECT count(*) FROM public_keys) AS keys, (SELECT coalesce(sum(device_count), 0) FROM tenants) AS quota`,
    );
    return { ...rows[0], peers: await api.cvault.fleet.peerCount(serverId) };
  })
  .extend(
    'register',
    ({ user }) =>
      (payload: object) =>
        user.call('POST', '/devices', payload),
  );

describe('refused, with nothing left behind', () => {
  let before: unknown;

  test.beforeEach(async ({ traces }) => {
    before = await traces();
  });

  test.afterEach(async ({ traces }) => {
    expect(await traces()).toEqual(before);
  });

  test.for([
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
  ] as const)('a name that is %s', async ([, deviceName], { register }) => {
    const answer = await register({ deviceName });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/deviceName' }] });
  });

  const KEY = encodeKey(generateKeyPair().publicKey);
  const ORDER_EIGHT = 'X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc='.slice(0, 43) + '=';
  test.for([
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
  ] as const)('a public key %s', async ([, publicKey], { register }) => {
    const answer = await register({ deviceName: 'phone', publicKey });
    expect(answer.statusCode).toBe(400);
    expect(['invalid_public_key', 'invalid_request']).toContain(answer.json<{ code: string }>().code);
    expect(answer.json()).toMatchObject({ errors: [{ pointer: '/publicKey' }] });
  });

  test('the VPN server’s own public key', async ({ serverKey, register }) => {
    const answer = await register({ deviceName: 'phone', publicKey: serverKey });
    expect([answer.statusCode, answer.json()]).toMatchObject([409, { code: 'public_key_taken' }]);
  });

  test.for([
    ['an unknown field', '{"deviceName":"phone","postUp":"id"}'],
    ['fields that are ours to set', '{"deviceName":"phone","assignedIp":"10.8.0.1","tenantId":"x"}'],
    ['another prototype', '{"deviceName":"phone","__proto__":{"admin":true}}'],
    ['another constructor', '{"deviceName":"phone","constructor":{"prototype":{"admin":true}}}'],
  ] as const)('%s', async ([, payload], { api, user }) => {
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/devices',
      headers: { ...user.headers, 'content-type': 'application/json' },
      payload,
    });
    expect(answer.statusCode).toBe(400);
  });

  test('an unknown region', async ({ register }) => {
    const answer = await register({ deviceName: 'phone', region: 'atlantis' });
    expect([answer.statusCode, answer.json()]).toMatchObject([
      400,
      { code: 'unknown_region', errors: [{ pointer: '/region' }] },
    ]);
  });

  test.for(['us-eats', 'US-EAST', 'useast'])(
    'the region %j: the near one is named',
    async (region, { register }) => {
      const answer = await register({ deviceName: 'phone', region });
      const message = 'names no region with an active VPN server; did you mean `us-east`?';
      expect(answer.json()).toMatchObject({
        status: 400,
        code: 'unknown_region',
        detail: 'No VPN server of this region takes devices. Did you mean us-east? Regions that do: us-east.',
        errors: [{ pointer: '/region', message }],
      });
    },
  );

  test('a body of 10 MB', async ({ register }) => {
    const answer = await register({ deviceName: 'x'.repeat(10_000_000) });
    expect([answer.statusCode, answer.json()]).toMatchObject([413, { code: 'body_too_large' }]);
  });

  test.for([['x'], ['1'], ['0b9b1f6e5a1c4a8f9d513c5e0d6c2f10'], ['../servers'], ["' OR 1=1"]] as const)(
    'the id %j',
    async ([id], { user }) => {
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

test('a key that exists is refused to its owner and to others in the same words, and its device goes on', async ({
  user,
  other,
  register,
}) => {
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

test.for([
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
  async (deviceName, { user, register }) => {
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

test('a pool without an address left: a typed refusal, nothing left behind; a freed address is given out again', async ({
  user,
  traces,
  register,
}) => {
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
