/** Invalid access tokens, derived from a valid one by known attacks on JWTs. */
import {
  createHmac,
  generateKeyPairSync,
  type KeyLike,
  type KeyObject,
  createPublicKey,
  randomUUID,
  sign,
} from 'node:crypto';
import type { AccessTokenClaims } from '../platform/access/ports.ts';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWS of any header and payload, signed with an ECDSA or RSA key. */
export function jwtOf(header: object, payload: unknown, key: KeyLike, hash = 'sha256'): string {
  const text = `${part(header)}.${part(payload)}`;
  const signature = sign(hash, Buffer.from(text), { key: key as KeyObject, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

function hmacOf(header: object, payload: unknown, secret: string | Buffer, hash = 'sha256'): string {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
}

export interface ForgingOptions {
  readonly claims: AccessTokenClaims;
  readonly issuer: string;
  /** The tenant's own key, as if an attacker had a signing oracle for another purpose. */
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** The real key of another tenant. */
  readonly other: { readonly tenantId: string; readonly keyId: string; readonly privateKey: KeyObject };
  /** Unix time in seconds. */
  readonly now: number;
}

/** The payload of a valid token. */
export function payloadOf({ claims, issuer, now }: Pick<ForgingOptions, 'claims' | 'issuer' | 'now'>) {
  return {
    iss: issuer,
    aud: claims.tenantId,
    sub: claims.userId,
    sid: claims.signInId,
    jti: randomUUID(),
    iat: now,
    exp: now + 900,
  };
}

export function forgedTokens(options: ForgingOptions): readonly (readonly [name: string, token: string])[] {
  const { keyId: kid, privateKey: key, other, now } = options;
  const header = { alg: 'ES256', typ: 'at+jwt', kid };
  const body = payloadOf(options);
  const without = (name: string) =>
    Object.fromEntries(Object.entries(body).filter(([each]) => each !== name));
  const good = jwtOf(header, body, key);
  const publicKey = createPublicKey(key);
  const pem = publicKey.export({ format: 'pem', type: 'spki' });
  const jwk = publicKey.export({ format: 'jwk' });
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ownJwk = own.publicKey.export({ format: 'jwk' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const edwards = generateKeyPairSync('ed25519');
  const inPast = { ...body, iat: now - 901, exp: now - 1 };
  const signedByEdwards = () => {
    const text = `${part({ ...header, alg: 'EdDSA' })}.${part(body)}`;
    return `${text}.${sign(null, Buffer.from(text), edwards.privateKey).toString('base64url')}`;
  };
  const zeros = Buffer.alloc(64).toString('base64url');
  return [
    ['no token', 'x.y.z'],
    ['alg none, unsigned', `${part({ ...header, alg: 'none' })}.${part(body)}.`],
    ['alg None', `${part({ ...header, alg: 'None' })}.${part(body)}.`],
    ['alg nOnE with a good signature', jwtOf({ ...header, alg: 'nOnE' }, body, key)],
    ['no alg', jwtOf({ typ: 'at+jwt', kid }, body, key)],
    ['HS256 with the public key as PEM for a secret', hmacOf({ ...header, alg: 'HS256' }, body, pem)],
    [
      'HS256 with the public key as PEM, trimmed',
      hmacOf({ ...header, alg: 'HS256' }, body, String(pem).trim()),
    ],
    [
      'HS256 with the public key as DER for a secret',
      hmacOf({ ...header, alg: 'HS256' }, body, publicKey.export({ format: 'der', type: 'spki' })),
    ],
    [
      'HS256 with the public key as JWK for a secret',
      hmacOf({ ...header, alg: 'HS256' }, body, JSON.stringify(jwk)),
    ],
    [
      'HS256 with x for a secret',
      hmacOf({ ...header, alg: 'HS256' }, body, Buffer.from(jwk.x ?? '', 'base64url')),
    ],
    ['HS256 with the empty secret', hmacOf({ ...header, alg: 'HS256' }, body, '')],
    ['HS512 with the public key for a secret', hmacOf({ ...header, alg: 'HS512' }, body, pem, 'sha512')],
    ['ES256 in name, an HMAC in fact', hmacOf(header, body, pem)],
    ['a token as they were before', hmacOf({ alg: 'HS256', typ: 'at+jwt' }, { ...body, iss: 'cvault' }, pem)],
    ['RS256 with a key of its own', jwtOf({ ...header, alg: 'RS256' }, body, rsa.privateKey)],
    ['ES384 with a key of its own', jwtOf({ ...header, alg: 'ES384' }, body, p384.privateKey, 'sha384')],
    ['EdDSA with a key of its own', signedByEdwards()],
    ['ES256 with a key of its own', jwtOf(header, body, own.privateKey)],
    ['a key in the header', jwtOf({ ...header, jwk: ownJwk }, body, own.privateKey)],
    [
      'a key in the header, without kid',
      jwtOf({ alg: 'ES256', typ: 'at+jwt', jwk: ownJwk }, body, own.privateKey),
    ],
    ['a key from a URL', jwtOf({ ...header, jku: 'https://evil.test/jwks.json' }, body, own.privateKey)],
    ['a certificate in the header', jwtOf({ ...header, x5c: ['MIIB'] }, body, own.privateKey)],
    ['a certificate from a URL', jwtOf({ ...header, x5u: 'https://evil.test/x.pem' }, body, own.privateKey)],
    ['no key id', jwtOf({ alg: 'ES256', typ: 'at+jwt' }, body, key)],
    ['an unknown key id', jwtOf({ ...header, kid: randomUUID() }, body, key)],
    ['a key id that is a path', jwtOf({ ...header, kid: '../../../dev/null' }, body, own.privateKey)],
    ['a key id that is SQL', jwtOf({ ...header, kid: "' OR '1'='1" }, body, own.privateKey)],
    ['a key id of the prototype', jwtOf({ ...header, kid: '__proto__' }, body, own.privateKey)],
    ['a key id that is an array', jwtOf({ ...header, kid: [kid] }, body, own.privateKey)],
    ['another tenant’s key', jwtOf({ ...header, kid: other.keyId }, body, other.privateKey)],
    ['another tenant’s key by this one’s name', jwtOf(header, body, other.privateKey)],
    [
      'another tenant’s token',
      jwtOf({ ...header, kid: other.keyId }, { ...body, aud: other.tenantId }, other.privateKey),
    ],
    ['an audience of another tenant', jwtOf(header, { ...body, aud: other.tenantId }, key)],
    ['several audiences', jwtOf(header, { ...body, aud: [body.aud, other.tenantId] }, key)],
    ['an audience that is no id', jwtOf(header, { ...body, aud: '*' }, key)],
    ['an unknown critical header', jwtOf({ ...header, crit: ['x'], x: 1 }, body, key)],
    ['no signature', good.replace(/[^.]*$/, '')],
    ['a signature cut short', good.slice(0, -4)],
    ['a signature of zeros', good.replace(/[^.]*$/, zeros)],
    ['a changed payload', good.replace(/\.[^.]+\./, `.${part({ ...body, sub: randomUUID() })}.`)],
    ['typ JWT', jwtOf({ ...header, typ: 'JWT' }, body, key)],
    ['no typ', jwtOf({ alg: 'ES256', kid }, body, key)],
    ['typ of an ID token', jwtOf({ ...header, typ: 'id+jwt' }, body, key)],
    ['typ of a refresh token', jwtOf({ ...header, typ: 'rt+jwt' }, body, key)],
    ['another issuer', jwtOf(header, { ...body, iss: 'https://evil.test' }, key)],
    [
      'another tenant’s issuer',
      jwtOf(header, { ...body, iss: body.iss.replace(body.aud, other.tenantId) }, key),
    ],
    ['an expired one', jwtOf(header, inPast, key)],
    ['one that lasts a year', jwtOf(header, { ...body, exp: now + 31_536_000 }, key)],
    ['an expiry as text', jwtOf(header, { ...body, exp: String(now + 900) }, key)],
    ['one that is not valid yet', jwtOf(header, { ...body, nbf: now + 60 }, key)],
    ['a subject that is no id', jwtOf(header, { ...body, sub: "' OR 1=1" }, key)],
    ...['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp'].map(
      (name) => [`no ${name}`, jwtOf(header, without(name), key)] as const,
    ),
    ['an encrypted token', `${part({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`],
    ['a payload that is an array', jwtOf(header, [body], key)],
    ['8,000 characters', 'a'.repeat(8_000)],
  ];
}
