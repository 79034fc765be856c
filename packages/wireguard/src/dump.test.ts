import { expect, test } from 'vitest';
import { MalformedDump, parseDump } from './index.ts';

// Output of `wg show <interface> dump`; all keys were generated for this file.
const SECRETS = {
  privateKey: 'OGoc7WSicgnOgCANNb8dcK9NTeGd6qo4eXaU0s9QJWY=',
  presharedKey: 'toyEJdYGmXiPyWfrsNKw0OW2pVEHoBRrfT/k7YtNNH0=',
  endpoint: '[2001:db8::9]:5',
};
const PUBLIC_KEY = 'IYekaM0Gs2ziNBMw48fTLl0290COFtRIuogx0JizfRS8='.slice(1);
const FULL_PEER = 'iouBZoFIziwjnTzAzeGr8+tMtPrqlx4St2MDACPXezI=';
const BARE_PEER = 'ZQTXcUhZds3sExvTF/VHOEXlI/8OjFPu+0z147WnjTE=';

const INTERFACE = [SECRETS.privateKey, PUBLIC_KEY, '51820', '0x10'];
const FULL = [
  ...[FULL_PEER, SECRETS.presharedKey, SECRETS.endpoint, '10.8.0.2/32,2001:db8::2/128'],
  ...['1700000000', '18446744073709551615', '9007199254740993', '25'],
];
const BARE = [BARE_PEER, '(none)', '(none)', '(none)', '0', '0', '0', 'off'];

function dump(...lines: string[][]): string {
  return lines.map((fields) => `${fields.join('\t')}\n`).join('');
}

function withField(fields: string[], index: number, value: string): string[] {
  return fields.map((field, at) => (at === index ? value : field));
}

test('reads an interface and its peers', () => {
  expect(parseDump(dump(INTERFACE, FULL, BARE))).toEqual({
    interface: { publicKey: PUBLIC_KEY, listenPort: 51820, fwmark: 16 },
    peers: [
      {
        publicKey: FULL_PEER,
        allowedIps: ['10.8.0.2/32', '2001:db8::2/128'],
        latestHandshake: new Date('2023-11-14T22:13:20Z'),
        receivedBytes: 18446744073709551615n,
        sentBytes: 9007199254740993n,
        persistentKeepalive: 25,
      },
      {
        publicKey: BARE_PEER,
        allowedIps: [],
        latestHandshake: null,
        receivedBytes: 0n,
        sentBytes: 0n,
        persistentKeepalive: null,
      },
    ],
  });
});

test('reads an empty interface', () => {
  expect(parseDump(dump(['(none)', '(none)', '0', 'off']))).toEqual({
    interface: { publicKey: null, listenPort: 0, fwmark: null },
    peers: [],
  });
});

test('bytes and text give the same result', () => {
  const text = dump(INTERFACE, FULL, BARE);
  expect(parseDump(Buffer.from(text))).toEqual(parseDump(text));
});

test('results contain no secrets', () => {
  const shown = JSON.stringify(parseDump(dump(INTERFACE, FULL, BARE)), (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  expect(shown).toContain(FULL_PEER);
  for (const secret of Object.values(SECRETS)) expect(shown).not.toContain(secret);
});

const malformed: [string, number, string][] = [
  ['nothing', 1, ''],
  ['a message instead of a dump', 1, 'Unable to access interface: No such device\n'],
  ['a dump of all interfaces', 1, dump(['wg0', ...INTERFACE])],
  ['an interface line that is cut off', 1, dump(INTERFACE).trimEnd()],
  ['a peer line that is cut off', 3, dump(INTERFACE, FULL, BARE).trimEnd()],
  ['a counter that is cut off', 2, dump(INTERFACE, FULL).slice(0, -5)],
  ['a peer line in place of the interface', 1, dump(FULL)],
  ['the interface line twice', 2, dump(INTERFACE, INTERFACE)],
  ['an empty line', 2, `${dump(INTERFACE)}\n${dump(FULL)}`],
  ['an empty line at the end', 3, `${dump(INTERFACE, FULL)}\n`],
  ['one field too many', 2, dump(INTERFACE, [...FULL, ''])],
  ['line ends of Windows', 1, dump(INTERFACE, FULL).replaceAll('\n', '\r\n')],
  ['an interface key', 1, dump(withField(INTERFACE, 1, PUBLIC_KEY.slice(1)))],
  ['a port over 65535', 1, dump(withField(INTERFACE, 2, '65536'))],
  ['a port in hex', 1, dump(withField(INTERFACE, 2, '0x10'))],
  ['a fwmark without 0x', 1, dump(withField(INTERFACE, 3, '10'))],
  ['a key in a second spelling', 2, dump(INTERFACE, withField(FULL, 0, FULL_PEER.replace('I=', 'J=')))],
  ['no key', 2, dump(INTERFACE, withField(FULL, 0, '(none)'))],
  ['no allowed IPs', 2, dump(INTERFACE, withField(FULL, 3, ''))],
  ['allowed IPs without prefix', 2, dump(INTERFACE, withField(FULL, 3, '10.8.0.2'))],
  ['allowed IPs with a comma too many', 2, dump(INTERFACE, withField(FULL, 3, '10.8.0.2/32,'))],
  ['allowed IPs with a foreign character', 2, dump(INTERFACE, withField(FULL, 3, '10.8.0.2/32,ı/1'))],
  ['a negative time', 2, dump(INTERFACE, withField(FULL, 4, '-1'))],
  ['a time that no Date can hold', 2, dump(INTERFACE, withField(FULL, 4, '8640000000001'))],
  ['a counter with a sign', 2, dump(INTERFACE, withField(FULL, 5, '+1'))],
  ['an empty counter', 2, dump(INTERFACE, withField(FULL, 5, ''))],
  ['a counter in hex', 2, dump(INTERFACE, withField(FULL, 6, '0x10'))],
  ['a keepalive over 65535', 2, dump(INTERFACE, withField(FULL, 7, '65536'))],
  ['an empty keepalive', 2, dump(INTERFACE, withField(FULL, 7, ''))],
];

test.each(malformed)(
  '%s is malformed, and the error names the line and repeats nothing of it',
  (_name, line, text) => {
    let thrown: unknown;
    try {
      parseDump(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(MalformedDump);
    const error = thrown as MalformedDump;
    expect(error.line).toBe(line);
    const shown = `${error.message}${error.stack ?? ''}${JSON.stringify(error)}`;
    for (const value of [...Object.values(SECRETS), PUBLIC_KEY, FULL_PEER, '10.8.0.2'])
      expect(shown).not.toContain(value);
  },
);

test('reads 50,000 peers', () => {
  const peers = Array.from({ length: 50_000 }, (_, index) => {
    const key = Buffer.alloc(32);
    key.writeUInt32LE(index + 2);
    return withField(withField(FULL, 0, key.toString('base64')), 3, `10.${index >> 8}.${index & 255}.2/32`);
  });
  const state = parseDump(dump(INTERFACE, ...peers));
  expect(state.peers).toHaveLength(50_000);
  expect(new Set(state.peers.map(({ publicKey }) => publicKey)).size).toBe(50_000);
});
