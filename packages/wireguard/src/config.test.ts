import { describe, expect, test } from 'vitest';
import {
  type DeviceInterface,
  type DevicePeer,
  InvalidConfigFile,
  InvalidDeviceConfig,
  derivePublicKey,
  encodeKey,
  parseConfig,
  renderDeviceConfig,
} from './index.ts';

const devicePrivate = Buffer.from('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a', 'hex');
const devicePublic = derivePublicKey(devicePrivate);
const serverPublic = derivePublicKey(Buffer.alloc(32, 7));

const own: DeviceInterface = {
  publicKey: devicePublic,
  privateKey: devicePrivate,
  addresses: ['10.8.0.2/32'],
  dns: ['1.1.1.1', '8.8.8.8'],
};
const peer: DevicePeer = {
  publicKey: serverPublic,
  endpoint: { host: '203.0.113.7', port: 51820 },
  allowedIps: ['0.0.0.0/0', '::/0'],
};

function render(changes: { interface?: object; peer?: object }): string {
  return renderDeviceConfig({
    interface: { ...own, ...changes.interface },
    peer: { ...peer, ...changes.peer },
  });
}

/** The keys of a file as wg-quick sees them, found independently of the code under test. */
function keysOf(text: string): string[] {
  return text
    .split(/[\n\r\u0085\u2028\u2029\v\f]/)
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split('=')[0]?.trim() ?? '');
}

describe('a rendered file', () => {
  test('is accepted by wg-quick', () => {
    expect(render({})).toBe(
      [
        '[Interface]',
        'PrivateKey = dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=',
        'Address = 10.8.0.2/32',
        'DNS = 1.1.1.1, 8.8.8.8',
        '',
        '[Peer]',
        `PublicKey = ${encodeKey(serverPublic)}`,
        'Endpoint = 203.0.113.7:51820',
        'AllowedIPs = 0.0.0.0/0, ::/0',
        'PersistentKeepalive = 25',
        '',
      ].join('\n'),
    );
  });

  test('with all fields is parsed back unchanged', () => {
    const presharedKey = Buffer.alloc(32, 0xfe);
    const text = render({
      interface: {
        addresses: ['10.8.0.2', 'FD00::2/128'],
        dns: ['2606:4700:4700:0::1111'],
        searchDomains: ['Corp.example.', 'lan'],
        mtu: 1420,
      },
      peer: { presharedKey, endpoint: { host: '2001:db8::7', port: 51820 }, persistentKeepalive: 15 },
    });
    expect(parseConfig(text)).toEqual({
      interface: {
        privateKey: devicePrivate,
        addresses: ['10.8.0.2/32', 'fd00::2/128'],
        dns: ['2606:4700:4700::1111'],
        searchDomains: ['corp.example', 'lan'],
        mtu: 1420,
      },
      peers: [
        {
          publicKey: serverPublic,
          presharedKey,
          endpoint: { host: '2001:db8::7', port: 51820 },
          allowedIps: ['0.0.0.0/0', '::/0'],
          persistentKeepalive: 15,
        },
      ],
    });
  });

  test('of a device with its own key has a comment where the owner fills it in', () => {
    const text = render({ interface: { privateKey: undefined } });
    const comment = `# PrivateKey = (the private key that belongs to ${encodeKey(devicePublic)})`;
    expect(text.split('\n')[1]).toBe(comment);
    expect(parseConfig(text).interface.privateKey).toBeNull();
    const filledIn = text.replace(comment, `PrivateKey = ${encodeKey(devicePrivate)}`);
    expect(parseConfig(filledIn).interface.privateKey).toEqual(devicePrivate);
  });

  test('omits disabled settings', () => {
    const text = render({ interface: { dns: [] }, peer: { persistentKeepalive: null } });
    expect(keysOf(text)).not.toContain('DNS');
    expect(keysOf(text)).not.toContain('PersistentKeepalive');
    expect(parseConfig(text).peers[0]?.persistentKeepalive).toBeNull();
  });
});

describe('a value from outside cannot add a line', () => {
  const payloads = [
    ...[
      '',
      'PostUp = id',
      '[Interface]',
      '# comment',
      '0.0.0.0/0',
      'DNS = 6.6.6.6',
      'Table = off',
      'SaveConfig = true',
    ],
  ];
  const separators = [
    '\n',
    '\r',
    '\r\n',
    '\u0085',
    '\u2028',
    '\u2029',
    '\v',
    '\f',
    '\0',
    '#',
    ';',
    ',',
    ' ',
    '\t',
    '%i',
    '\u202e',
  ];
  const hostile = separators.flatMap((separator) =>
    payloads.flatMap((payload) => [
      (good: string) => `${good}${separator}${payload}`,
      (good: string) => `${payload}${separator}${good}`,
    ]),
  );
  const texts: [string, string, (text: string) => string][] = [
    ['interface.addresses[0]', '10.8.0.2/32', (text) => render({ interface: { addresses: [text] } })],
    ['interface.addresses[0]', '10.8.0.2', (text) => render({ interface: { addresses: [text] } })],
    ['interface.dns[0]', '1.1.1.1', (text) => render({ interface: { dns: [text] } })],
    [
      'interface.searchDomains[0]',
      'corp.example',
      (text) => render({ interface: { searchDomains: [text] } }),
    ],
    [
      'peer.endpoint',
      'vpn.example.com',
      (text) => render({ peer: { endpoint: { host: text, port: 51820 } } }),
    ],
    ['peer.endpoint', '2001:db8::7', (text) => render({ peer: { endpoint: { host: text, port: 51820 } } })],
    ['peer.allowedIps[0]', '10.0.0.0/8', (text) => render({ peer: { allowedIps: [text] } })],
  ];
  test.each(texts)('%s (%s)', (field, good, renderWith) => {
    expect(() => renderWith(good)).not.toThrow();
    for (const spoil of hostile) {
      const text = spoil(good);
      expect(() => renderWith(text), JSON.stringify(text)).toThrow(InvalidDeviceConfig);
      expect(() => renderWith(text)).toThrow(field);
    }
  });

  const notTexts: [string, string, (value: unknown) => string][] = [
    ['interface.publicKey', 'key', (value) => render({ interface: { publicKey: value } })],
    ['interface.privateKey', 'key', (value) => render({ interface: { privateKey: value } })],
    ['interface.mtu', '1420', (value) => render({ interface: { mtu: value } })],
    ['peer.publicKey', 'key', (value) => render({ peer: { publicKey: value } })],
    ['peer.presharedKey', 'key', (value) => render({ peer: { presharedKey: value } })],
    [
      'peer.endpoint',
      '51820',
      (value) => render({ peer: { endpoint: { host: '203.0.113.7', port: value } } }),
    ],
    ['peer.persistentKeepalive', '25', (value) => render({ peer: { persistentKeepalive: value } })],
  ];
  test.each(notTexts)('%s accepts no text', (field, good, renderWith) => {
    const key = encodeKey(serverPublic);
    const values = hostile.map((spoil) => spoil(good === 'key' ? key : good));
    for (const value of [
      good === 'key' ? key : good,
      ...values,
      [],
      {},
      { length: 32 },
      NaN,
      -1,
      1e9,
      1.5,
      false,
    ]) {
      expect(() => renderWith(value), JSON.stringify(value)).toThrow(InvalidDeviceConfig);
      expect(() => renderWith(value)).toThrow(field);
    }
  });

  test('the file has exactly the expected keys', () => {
    const text = render({ interface: { mtu: 1420 }, peer: { presharedKey: Buffer.alloc(32, 1) } });
    expect(keysOf(text)).toEqual([
      ...['[Interface]', 'PrivateKey', 'Address', 'DNS', 'MTU'],
      ...['[Peer]', 'PublicKey', 'PresharedKey', 'Endpoint', 'AllowedIPs', 'PersistentKeepalive'],
    ]);
  });
});

test.each<[string, string, { interface?: object; peer?: object }]>([
  ['a peer that is the device itself', 'peer.publicKey', { peer: { publicKey: devicePublic } }],
  ['a peer key of small order', 'peer.publicKey', { peer: { publicKey: Buffer.alloc(32) } }],
  ['a device key of small order', 'interface.publicKey', { interface: { publicKey: Buffer.alloc(32) } }],
  ['a private key of zeros', 'interface.privateKey', { interface: { privateKey: Buffer.alloc(32) } }],
  ['a short private key', 'interface.privateKey', { interface: { privateKey: Buffer.alloc(31, 1) } }],
  ['a preshared key of zeros', 'peer.presharedKey', { peer: { presharedKey: Buffer.alloc(32) } }],
  ['no address', 'interface.addresses', { interface: { addresses: [] } }],
  ['an address twice', 'interface.addresses', { interface: { addresses: ['10.8.0.2', '10.8.0.2/32'] } }],
  ['a subnet as address', 'interface.addresses[0]', { interface: { addresses: ['10.8.0.2/24'] } }],
  ['an IPv6 address with /32', 'interface.addresses[0]', { interface: { addresses: ['fd00::2/32'] } }],
  ['the unspecified address', 'interface.addresses[0]', { interface: { addresses: ['0.0.0.0/32'] } }],
  ['a resolver by name', 'interface.dns[1]', { interface: { dns: ['1.1.1.1', 'dns.example'] } }],
  ['no route', 'peer.allowedIps', { peer: { allowedIps: [] } }],
  ['a route with host bits', 'peer.allowedIps[0]', { peer: { allowedIps: ['10.8.0.1/24'] } }],
  ['an MTU that is too small', 'interface.mtu', { interface: { mtu: 575 } }],
  ['an MTU too small for IPv6', 'interface.mtu', { interface: { mtu: 1279, addresses: ['fd00::2'] } }],
  ['a keepalive of 0', 'peer.persistentKeepalive', { peer: { persistentKeepalive: 0 } }],
])('%s is refused', (_name, field, changes) => {
  try {
    render(changes);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidDeviceConfig);
    expect((error as InvalidDeviceConfig).field).toBe(field);
    return;
  }
  expect.unreachable('was rendered');
});

test('an error repeats no key', () => {
  const secret = encodeKey(devicePrivate);
  let message = '';
  try {
    render({ interface: { privateKey: secret } });
  } catch (error) {
    message = String(error);
  }
  expect(message).toMatch('interface.privateKey');
  expect(message).not.toContain(secret.slice(0, 20));
});

describe('parseConfig', () => {
  const file = render({});

  function problemsOf(text: string): string[] {
    try {
      parseConfig(text);
    } catch (error) {
      if (error instanceof InvalidConfigFile) return error.message.split('\n');
      throw error;
    }
    return [];
  }

  test('treats case, spaces, comments, line ends and repeated lists like wg and wg-quick', () => {
    const text = file
      .replace('[Interface]', '\n  # a comment\r\n\t[INTERFACE] # [Peer]')
      .replace('PrivateKey = ', '\v privatekey=')
      .replace('Address = 10.8.0.2/32', 'ADDRESS =10.8.0.2\nAddress = fd00::2/64 ,10.9.0.2/24')
      .replace('AllowedIPs = 0.0.0.0/0, ::/0', 'allowedips=0.0.0.0/0\nAllowedIPs\t=\t::/0,fd00::7\f')
      .replace('PersistentKeepalive = 25', 'PersistentKeepalive = OFF')
      .replaceAll('\n', '\r\n');
    const { interface: read, peers } = parseConfig(text);
    expect(read.privateKey).toEqual(devicePrivate);
    expect(read.addresses).toEqual(['10.8.0.2/32', 'fd00::2/64', '10.9.0.2/24']);
    expect(peers[0]?.allowedIps).toEqual(['0.0.0.0/0', '::/0', 'fd00::7/128']);
    expect(peers[0]?.persistentKeepalive).toBeNull();
  });

  test('reads several peers', () => {
    const second = `[Peer]\nPublicKey = ${encodeKey(devicePublic)}\n`;
    expect(parseConfig(file + second).peers.map(({ publicKey }) => publicKey)).toEqual([
      serverPublic,
      devicePublic,
    ]);
    expect(parseConfig(file + second).peers[1]).toMatchObject({
      endpoint: null,
      allowedIps: [],
      presharedKey: null,
    });
  });

  test.each([
    'PostUp',
    'preup',
    'POSTDOWN',
    'PreDown',
    'Table',
    'SaveConfig',
    'ListenPort',
    'FwMark',
    'constructor',
  ])('reports the key %s wherever it stands', (key) => {
    const line = `  ${key} = true\n`;
    expect(problemsOf(file.replace('[Interface]\n', `[Interface]\n${line}`))[0]).toMatch(
      `line 2: has the key ${key}`,
    );
    expect(problemsOf(file + line)[0]).toMatch(`has the key ${key}`);
    expect(problemsOf(line + file)[0]).toMatch(`line 1: has the key ${key}`);
  });

  test.each([
    ['an unknown section', `${file}[Other]\nPrivateKey = x\n`, 'line 11: starts a section'],
    [
      'a known key in an unknown section',
      file.replace('PersistentKeepalive', '[Other]\nPersistentKeepalive'),
      'line 11: has the key PersistentKeepalive',
    ],
    ['a key of the other section', file.replace('[Peer]\n', ''), 'has the key PublicKey'],
    ['a line that is nothing', `${file}nothing\n`, 'line 11: is neither'],
    ['a second interface', `${file}[Interface]\n`, 'line 11: starts a second [Interface]'],
    ['no interface', file.slice(file.indexOf('[Peer]')), 'line 0: has no [Interface]'],
    ['an empty file', '', 'line 0: has no [Interface]'],
    ['a peer without a key', `${file}[Peer]\n`, 'line 11: starts a peer without'],
    ['a value twice', `${file}PersistentKeepalive = 25\n`, 'line 11: has PersistentKeepalive a second time'],
    ['an address that is none', file.replace('10.8.0.2/32', '010.8.0.2/32'), 'line 3: Address'],
    ['a prefix that is none', file.replace('10.8.0.2/32', '10.8.0.2/33'), 'line 3: Address'],
    ['an empty item in a list', file.replace('8.8.8.8', ','), 'line 4: DNS'],
    ['a search domain that is none', file.replace('8.8.8.8', 'corp_example'), 'line 4: DNS'],
    ['a route with host bits', file.replace('0.0.0.0/0', '10.8.0.1/24'), 'line 9: AllowedIPs'],
    [
      'a public key of small order',
      file.replace(encodeKey(serverPublic), encodeKey(Buffer.alloc(32))),
      'line 7: PublicKey',
    ],
    ['a keepalive out of range', file.replace('= 25', '= 65536'), 'line 10: PersistentKeepalive'],
    ['a keepalive in octal', file.replace('= 25', '= 025'), 'line 10: PersistentKeepalive'],
    ['a NUL', file.replace('Address', '#\0\nAddress'), 'line 3: has a NUL'],
    ['a key with the Kelvin sign', file.replace('PrivateKey', 'Private\u212aey'), 'line 2: has a key'],
    ['a section after U+2028', file.replace('[Peer]', '\u2028[Peer]'), 'line 6: is neither'],
    ['a space of Unicode', file.replace('Address', '\u00a0Address'), 'line 3: has a key'],
    ['a byte order mark', `\ufeff${file}`, 'line 1: is neither'],
  ])('reports %s', (_name, text, problem) => {
    expect(problemsOf(text).join('\n')).toMatch(problem);
  });

  test('reports all problems, in the order of the lines', () => {
    const text = file.replace('1.1.1.1', 'a_b').replace('51820', '0').replace('= 25', '') + '[Other]\n';
    const lines = problemsOf(text).map((problem) => problem.split(':')[0]);
    expect(lines).toEqual(['line 4', 'line 8', 'line 10', 'line 11']);
    const early = `nothing\n[Interface]\nDNS = a_b\nPostUp = id\n`;
    expect(problemsOf(early).map((problem) => problem.split(':')[0])).toEqual(['line 1', 'line 3', 'line 4']);
  });

  test('repeats nothing of a line with a secret', () => {
    const secret = encodeKey(devicePrivate);
    for (const text of [
      `${secret}\n${file}`,
      `${file}PresharedKey = ${secret}x\n`,
      `${file}${secret} = x\n`,
    ]) {
      expect(problemsOf(text).join()).not.toContain(secret.slice(0, 20));
      expect(problemsOf(text).length).toBeGreaterThan(0);
    }
  });

  test.each([
    ['spaces', `[Interface]\nAddress = ${' '.repeat(500_000)}x${' '.repeat(500_000)}`],
    ['commas', `[Interface]\nAddress = ${','.repeat(200_000)}`],
    ['equals signs', '='.repeat(1_000_000)],
    ['repeated keys', `[Interface]\n${'Address = 10.8.0.2\n'.repeat(50_000)}`],
    ['a long endpoint', `[Interface]\n[Peer]\nEndpoint = ${'a-'.repeat(500_000)}:1`],
    ['a long key', `[Interface]\nPrivateKey = ${'A'.repeat(1_000_000)}`],
  ])('takes no quadratic time for %s', (_name, text) => {
    try {
      parseConfig(text);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidConfigFile);
    }
  });
});
