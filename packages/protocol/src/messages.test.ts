import { describe, expect, test } from 'vitest';
import { featureOf, FEATURES, Op, Request, TunnelAddress, type Verb, VERBS, WireGuardKey } from './index.ts';

const KEY = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';

describe('a key has one spelling', () => {
  test('the canonical one passes', () => {
    expect(WireGuardKey.safeParse(KEY).success).toBe(true);
  });
  test.each([
    ['padding bits set', KEY.replace('g=', 'h=')],
    ['url alphabet', KEY.replace('D', '-')],
    ['no padding', KEY.slice(0, -1)],
    ['31 bytes', Buffer.alloc(31, 1).toString('base64')],
    ['a line end after it', `${KEY}\n`],
  ])('%s is refused', (_name, text) => {
    expect(WireGuardKey.safeParse(text).success).toBe(false);
  });
});

test.each([
  '10.8.0.2/32',
  '010.8.0.2',
  '::ffff:10.0.0.1',
  'fe80::1%eth0',
  '0.0.0.0/0',
  '10.8.0',
  '10.8.0.2 ',
  '',
])('the address %j is refused', (text) => {
  expect(TunnelAddress.safeParse(text).success).toBe(false);
});

test('an op with a field that nobody declared is refused, whatever its verb', () => {
  const op = { verb: 'remove', deviceId: 'b2a4a0a2-3a54-4a0e-9d7d-6d1f1c1f5f10', generation: 2 };
  expect(Op.safeParse(op).success).toBe(true);
  expect(Op.safeParse({ ...op, postUp: 'id' }).success).toBe(false);
});

test('a request without a known type is refused', () => {
  expect(Request.safeParse({ type: 'exec', id: 1, command: 'id' }).success).toBe(false);
});

test('a verb that came after version 2 of the protocol has a feature, which agents name', () => {
  const verbs = Object.keys(VERBS) as Verb[];
  const ofEveryAgent = ['apply', 'list', 'status', 'configure', 'digest', 'stats', 'features'];
  const newer = verbs.filter((verb) => !ofEveryAgent.includes(verb));
  expect(verbs.filter((verb) => featureOf(verb) === undefined)).toEqual(ofEveryAgent);
  expect(FEATURES).toEqual(expect.arrayContaining(newer.map(featureOf)));
});
