import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  InvalidKey,
  InvalidPublicKey,
  assertPublicKey,
  derivePublicKey,
  encodeKey,
  generateKeyPair,
  parsePublicKey,
  parseSecretKey,
} from './index.ts';

const KEY = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const FF = 'ff'.repeat(30);

/** Little-endian, with the bit that X25519 ignores cleared. */
const SMALL_ORDER = [
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${FF}7f`,
  `ed${FF}7f`,
  `ee${FF}7f`,
];

function withHighBit(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  bytes[31] = (bytes[31] ?? 0) | 0x80;
  return bytes.toString('hex');
}

function reasonFor(hex: string): string {
  try {
    parsePublicKey(Buffer.from(hex, 'hex').toString('base64'));
  } catch (error) {
    if (error instanceof InvalidPublicKey) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('a public key', () => {
  test('in canonical form is read and written back unchanged', () => {
    expect(encodeKey(parsePublicKey(KEY))).toBe(KEY);
  });

  test.each([
    ['second spelling', KEY.replace('g=', 'h=')],
    ['second spelling', KEY.replace('g=', 'j=')],
    ['base64url', KEY.replace('xT', '-T')],
    ['base64url', KEY.replace('xT', '_T')],
    ['no padding', KEY.slice(0, -1)],
    ['not base64 of 32 bytes', `${KEY}\n`],
    ['not base64 of 32 bytes', ` ${KEY}`],
    ['not base64 of 32 bytes', ''],
    ['not base64 of 32 bytes', Buffer.alloc(31, 1).toString('base64')],
    ['not base64 of 32 bytes', Buffer.alloc(33, 1).toString('base64')],
    ['not base64 of 32 bytes', Buffer.alloc(32, 1).toString('hex')],
    ['not base64 of 32 bytes', KEY.replace('xT', 'xＴ')],
  ])('%s: %j is refused', (reason, text) => {
    expect(() => parsePublicKey(text)).toThrow(InvalidPublicKey);
    expect(() => parsePublicKey(text)).toThrow(reason);
  });

  test('is not shown in its error: it may be a private key in the wrong field', () => {
    for (const text of [KEY.replace('g=', 'h='), `${KEY}x`, KEY.replace('xT', '-T')]) {
      let message = '';
      try {
        parsePublicKey(text);
      } catch (error) {
        message = String(error);
      }
      expect(message).toMatch('InvalidPublicKey');
      expect(message).not.toContain(text.slice(4, 20));
    }
  });

  test('of another length is refused', () => {
    for (const length of [0, 31, 33])
      expect(() => assertPublicKey(Buffer.alloc(length, 9))).toThrow('32 bytes');
  });

  test('of zeros is refused', () => {
    expect(reasonFor('00'.repeat(32))).toMatch('all zeros');
  });

  test.each([...SMALL_ORDER, '00'.repeat(32)].map(withHighBit).concat(SMALL_ORDER))(
    'of small order, %s, is refused',
    (hex) => {
      expect(reasonFor(hex)).toMatch('small order');
    },
  );

  test.each(SMALL_ORDER)('%s is of small order: every private key gives a zero secret', (hex) => {
    const spki = Buffer.from(`302a300506032b656e032100${hex}`, 'hex');
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    for (const scalar of ['01', '55', 'fe']) {
      const pkcs8 = Buffer.from(`302e020100300506032b656e04220420${scalar.repeat(32)}`, 'hex');
      const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
      expect(() => diffieHellman({ privateKey, publicKey })).toThrow();
    }
  });

  test('with the highest bit set is refused: it would be a second form of another key', () => {
    expect(reasonFor(withHighBit(parsePublicKey(KEY).toString('hex')))).toMatch('highest bit');
  });

  test('is less than 2^255 - 19', () => {
    for (let low = 0xef; low <= 0xff; low++) {
      expect(reasonFor(`${low.toString(16)}${FF}7f`)).toMatch('not reduced');
    }
    expect(reasonFor(`eb${FF}7f`)).toBe('accepted');
    expect(reasonFor(`ff${'ff'.repeat(29)}fe7f`)).toBe('accepted');
    expect(reasonFor(`ff${FF}7e`)).toBe('accepted');
  });
});

describe('a secret key', () => {
  test('may be anything except all zeros', () => {
    const high = Buffer.alloc(32, 0xff);
    expect(parseSecretKey(high.toString('base64'))).toEqual(high);
    expect(() => parseSecretKey(Buffer.alloc(32).toString('base64'))).toThrow(InvalidKey);
    expect(() => parseSecretKey(KEY.replace('g=', 'h='))).toThrow(InvalidKey);
  });

  test('of another length is refused for writing and deriving', () => {
    for (const length of [0, 31, 33, 64]) {
      expect(() => encodeKey(Buffer.alloc(length, 1))).toThrow(InvalidKey);
      expect(() => derivePublicKey(Buffer.alloc(length, 1))).toThrow(InvalidKey);
    }
    expect(() => derivePublicKey(Buffer.alloc(32))).toThrow(InvalidKey);
  });
});

describe('X25519', () => {
  test.each([
    [
      'section 6.1, Alice',
      '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    ],
    [
      'section 6.1, Bob',
      '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    ],
    [
      'section 5.2, one iteration',
      `09${'00'.repeat(31)}`,
      '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
    ],
  ])('gives the keys of RFC 7748 %s', (_name, privateKey, publicKey) => {
    expect(derivePublicKey(Buffer.from(privateKey, 'hex')).toString('hex')).toBe(publicKey);
  });

  test('new pairs match, are clamped and differ', () => {
    const seen = new Set<string>();
    for (let made = 0; made < 200; made++) {
      const { privateKey, publicKey } = generateKeyPair();
      expect((privateKey[0] ?? 0) & 0x07).toBe(0);
      expect((privateKey[31] ?? 0) & 0xc0).toBe(0x40);
      expect(derivePublicKey(privateKey)).toEqual(publicKey);
      expect(parsePublicKey(encodeKey(publicKey))).toEqual(publicKey);
      seen.add(encodeKey(privateKey));
    }
    expect(seen.size).toBe(200);
  });

  test('agrees with wg pubkey', (context) => {
    try {
      execFileSync('wg', ['--version'], { stdio: 'ignore' });
    } catch (error) {
      if (process.env.CI === 'true') throw error;
      context.skip('the tool wg is not installed');
    }
    for (let made = 0; made < 20; made++) {
      const { privateKey, publicKey } = generateKeyPair();
      const printed = execFileSync('wg', ['pubkey'], {
        input: `${encodeKey(privateKey)}\n`,
        encoding: 'utf8',
      });
      expect(printed).toBe(`${encodeKey(publicKey)}\n`);
    }
  });
});
