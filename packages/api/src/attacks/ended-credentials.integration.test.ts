/**
 * Every event that ends credentials × every kind of credential. Each pair is tried before (without the event it
 * works), during (the credential is in use when the event happens) and after. `sign-in/endings.ts` describes the
 * expectations.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Mail } from '../mail/mail.ts';
import { createUserDirectory } from '../users/service.ts';
import type { LightMyRequestResponse } from 'fastify';
import { Secret, TOTP } from 'otpauth';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenantUserRoutes } from '../users/tenant-routes.ts';
import { createUserDirectoryStore } from '../users/store.ts';
import { createPrivacyStore } from '../privacy/store.ts';
import { ADMIN_KEY, aTenantWithKey, createTestApp, type TestApp } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { jwtOf } from '../testing/forged-tokens.ts';

const PASSWORD = 'correct horse battery staple';
const NEW = 'seven wet umbrellas walk home';
const ISSUER = 'https://id.acme.test';
const idp = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const header = { alg: 'ES256', kid: 'k1' };

let database: TestDatabase;
let api: TestApp;
const mails: Mail[] = [];

beforeAll(async () => {
  database = await createTestDatabase(20);
  const requests = database.as('cvault_api');
  api = await createTestApp(database, {
    mailer: { send: (mail) => Promise.resolve(void mails.push(mail)) },
    routes(app) {
      const users = createUserDirectory({
        users: createUserDirectoryStore(requests),
        peers: { wake: () => undefined },
      });
      void app.register(tenantUserRoutes, { prefix: '/api/v1/tenant', users });
    },
  });
});
afterAll(async () => {
  await api.close();
  await database.close();
});

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
type Answer = LightMyRequestResponse;
interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

function call(apiKey: string, method: Method, path: string, payload?: object, accessToken?: string) {
  const authorization = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  const headers = { 'x-api-key': apiKey, ...authorization };
  return api.app.inject({
    method,
    url: `/api/v1${path}`,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
}

async function must<T>(answer: Promise<Answer>): Promise<T> {
  const { statusCode, body } = await answer;
  if (statusCode >= 300) throw new Error(`${statusCode} ${body}`);
  return (body === '' ? undefined : JSON.parse(body)) as T;
}

/** The code of the user's app. Resets the used time step. */
async function codeOf(secret: string): Promise<string> {
  await database.pool.query('UPDATE second_factors SET last_step = 0');
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate();
}

/** A user in their own tenant, with every kind of credential. */
async function aPerson(withFactor: boolean) {
  const { tenantId, apiKey } = await aTenantWithKey(database);
  const send = (method: Method, path: string, payload?: object, accessToken?: string) =>
    call(apiKey, method, path, payload, accessToken);
  await must(send('PATCH', '/tenant/sign-in-settings', { appUrl: 'https://app.acme.dev' }));
  const jwk = { ...idp.publicKey.export({ format: 'jwk' }), kid: 'k1' };
  const provider = await must<{ id: string }>(
    send('POST', '/tenant/identity-providers', {
      name: 'Ours',
      issuer: ISSUER,
      audiences: ['app'],
      algorithms: ['ES256'],
      jwks: { keys: [jwk] },
    }),
  );
  const minting = await must<{ id: string; key: string }>(
    send('POST', '/tenant/api-keys', { name: 'backend', scopes: ['tokens:write'] }),
  );
  const email = `${randomUUID()}@example.com`;
  const register = send('POST', '/auth/register', { email, password: PASSWORD });
  const { user, ...own } = await must<Tokens & { user: { id: string } }>(register);
  await api.periodic.deliverMails();
  await database.pool.query(
    'INSERT INTO user_identities (tenant_id, provider_id, subject, user_id) VALUES ($1, $2, $3, $4)',
    [tenantId, provider.id, 'jane', user.id],
  );
  const person = {
    tenantId,
    apiKey,
    send,
    provider,
    minting,
    email,
    id: user.id,
    password: PASSWORD,
    /** The sign-in that requests the event. */
    own,
    secret: null as string | null,
    recoveryCodes: [] as string[],
    login: () => send('POST', '/auth/login', { email, password: person.password }),
    exchange: () => {
      const now = Math.floor(Date.now() / 1_000);
      const claims = { iss: ISSUER, aud: 'app', sub: 'jane', iat: now, exp: now + 300, jti: randomUUID() };
      return send('POST', '/auth/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: jwtOf(header, claims, idp.privateKey),
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      });
    },
    mint: () => call(minting.key, 'POST', `/tenant/users/${user.id}/tokens`),
  };
  if (withFactor) await setUpFactor(person);
  return person;
}
type Person = Awaited<ReturnType<typeof aPerson>>;

async function setUpFactor(person: Person): Promise<void> {
  const { send, own } = person;
  const { secret } = await must<{ secret: string }>(
    send('POST', '/me/second-factor', undefined, own.accessToken),
  );
  const code = await codeOf(secret);
  const confirmed = send('POST', '/me/second-factor/confirm', { code }, own.accessToken);
  person.recoveryCodes = (await must<{ recoveryCodes: string[] }>(confirmed)).recoveryCodes;
  person.secret = secret;
}

/** The token in the newest mail that the request sends to the person. */
async function linkAfter(person: Person, path: string): Promise<string> {
  const before = mails.length;
  await must(person.send('POST', path, { email: person.email }));
  await api.periodic.deliverMails();
  const text = mails.slice(before).find(({ to }) => to === person.email)?.text ?? '';
  return /#token=(\S+)/.exec(text)![1]!;
}

const works = async ({ send }: Person, accessToken: string): Promise<boolean> =>
  (await send('GET', '/me', undefined, accessToken)).statusCode === 200;

/** Tokens of a sign-in other than the requesting one. */
async function signIn(person: Person): Promise<Tokens> {
  const answer = await person.login();
  return answer.statusCode === 200 ? answer.json<Tokens>() : finish(person, challengeIn(answer));
}
const challengeIn = (answer: Answer) => answer.json<{ challengeToken: string }>().challengeToken;
async function finish({ send, secret }: Person, challengeToken: string): Promise<Tokens> {
  return must<Tokens>(send('POST', '/auth/second-factor', { challengeToken, code: await codeOf(secret!) }));
}

/** Whether a challenge lets its holder in: with the factor, or by setting one up. */
async function challengeOpens(person: Person, challengeToken: string): Promise<boolean> {
  const { send } = person;
  let { secret } = person;
  if (secret === null) {
    const begun = await send('POST', '/auth/second-factor/enrol', { challengeToken });
    if (begun.statusCode !== 200) return false;
    ({ secret } = begun.json<{ secret: string }>());
  }
  const code = await codeOf(secret);
  const answer = await send('POST', '/auth/second-factor', { challengeToken, code });
  return answer.statusCode === 200 && (await works(person, answer.json<Tokens>().accessToken));
}

/**
 * Each creates a credential and returns a check whether it works. The check runs once, since some credentials are
 * used up.
 */
const KINDS = {
  'the access token that asks': ({ own, ...person }: Person) =>
    Promise.resolve(() => works(person as Person, own.accessToken)),
  'another access token': async (person: Person) => {
    const { accessToken } = await signIn(person);
    return () => works(person, accessToken);
  },
  'another refresh token': async (person: Person) => {
    const { refreshToken } = await signIn(person);
    return async () => (await person.send('POST', '/auth/refresh', { refreshToken })).statusCode === 200;
  },
  'a minted token': async (person: Person) => {
    const { accessToken } = await must<Tokens>(person.mint());
    return () => works(person, accessToken);
  },
  'the refresh token of a minted one': async (person: Person) => {
    const { refreshToken } = await must<Tokens>(person.mint());
    return async () => (await person.send('POST', '/auth/refresh', { refreshToken })).statusCode === 200;
  },
  'a token from an ID token': async (person: Person) => {
    const { access_token } = await must<{ access_token: string }>(person.exchange());
    return () => works(person, access_token);
  },
  'a challenge': async (person: Person) => {
    if (person.secret === null)
      await must(person.send('PATCH', '/tenant/sign-in-settings', { secondFactorRequired: true }));
    const token = challengeIn(await person.login());
    return () => challengeOpens(person, token);
  },
  'a recovery code': (person: Person) => {
    const [code] = person.recoveryCodes;
    return Promise.resolve(async () => {
      const challenge = await person.login();
      if (challenge.statusCode !== 202) return false;
      const challengeToken = challengeIn(challenge);
      return (await person.send('POST', '/auth/second-factor', { challengeToken, code })).statusCode === 200;
    });
  },
  'a link to reset the password': async (person: Person) => {
    const token = await linkAfter(person, '/auth/forgot-password');
    const payload = { token, password: `${NEW} again` };
    return async () => (await person.send('POST', '/auth/reset-password', payload)).statusCode === 204;
  },
  'a link to confirm the address': async (person: Person) => {
    const token = await linkAfter(person, '/auth/send-verification');
    return async () => (await person.send('POST', '/auth/verify-email', { token })).statusCode === 204;
  },
  'an enrolment that is not confirmed': async (person: Person) => {
    if (person.secret !== null) return () => Promise.resolve(false);
    const { accessToken } = await signIn(person);
    const begun = person.send('POST', '/me/second-factor', undefined, accessToken);
    const { secret } = await must<{ secret: string }>(begun);
    return async () => {
      const { rowCount } = await database.pool.query(
        'SELECT FROM second_factors WHERE user_id = $1 AND confirmed_at IS NULL',
        [person.id],
      );
      if (rowCount === 0) return false;
      const code = await codeOf(secret);
      const { statusCode } = await person.send('POST', '/me/second-factor/confirm', { code }, accessToken);
      return statusCode === 200;
    };
  },
} satisfies Record<string, (person: Person) => Promise<() => Promise<boolean>>>;
type Kind = keyof typeof KINDS;

/** Requests that may be in progress during the event: everything is verified, but nothing is written yet. */
const UNDER_WAY = {
  'a password': (person: Person) => Promise.resolve(() => person.login()),
  'a code': async (person: Person) => {
    const challengeToken = challengeIn(await person.login());
    const code = await codeOf(person.secret!);
    return () => person.send('POST', '/auth/second-factor', { challengeToken, code });
  },
  'an ID token': (person: Person) => Promise.resolve(() => person.exchange()),
  'a refresh token': async (person: Person) => {
    const { refreshToken } = await signIn(person);
    return () => person.send('POST', '/auth/refresh', { refreshToken });
  },
  'a minting': (person: Person) => Promise.resolve(() => person.mint()),
} satisfies Record<string, (person: Person) => Promise<() => Promise<Answer>>>;
type UnderWay = keyof typeof UNDER_WAY;

/** The table of its last statement. */
const writtenLast = (underWay: UnderWay, { secret }: Person) =>
  underWay === 'a password' && secret !== null ? 'sign_in_challenges' : 'refresh_tokens';

interface EndingRow {
  readonly withFactor: boolean;
  run(person: Person): Promise<unknown>;
  /** Ends a hold; absent if the event is final. */
  undo?(person: Person): Promise<unknown>;
  /** Credentials that still work; everything else ends or is held. */
  readonly goesOn: readonly (Kind | `${UnderWay} under way`)[];
}

const ASKING = 'the access token that asks';
const WITHOUT_FACTOR: readonly Kind[] = ['an enrolment that is not confirmed'];
const admin = (method: Method, path: string, payload?: object) =>
  must(
    api.app.inject({
      method,
      url: `/api/v1/admin${path}`,
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      ...(payload === undefined ? {} : { payload }),
    }),
  );

async function changePassword(person: Person): Promise<void> {
  const payload = { currentPassword: person.password, newPassword: NEW };
  await must(person.send('POST', '/me/password', payload, person.own.accessToken));
  person.password = NEW;
}

async function resetPassword(person: Person): Promise<void> {
  const token = await linkAfter(person, '/auth/forgot-password');
  await must(person.send('POST', '/auth/reset-password', { token, password: NEW }));
  person.password = NEW;
}

const EVERY_KIND = Object.keys(KINDS) as Kind[];
const EVERY_UNDER_WAY = Object.keys(UNDER_WAY) as UnderWay[];
const MAILED: Kind = 'a link to confirm the address';
/** The backend's statement counts when it is made, whatever the state of the user's own credentials. */
const MINTING = 'a minting under way';

const EVENTS: Readonly<Record<string, EndingRow>> = {
  'a change of the password': {
    withFactor: true,
    run: changePassword,
    goesOn: [ASKING, MAILED, 'a recovery code', MINTING],
  },
  'a change of the password without a factor': {
    withFactor: false,
    run: changePassword,
    goesOn: [ASKING, MAILED, MINTING],
  },
  'a reset of the password': {
    withFactor: true,
    run: resetPassword,
    goesOn: [MAILED, 'a recovery code', MINTING],
  },
  'a reset of the password without a factor': {
    withFactor: false,
    run: resetPassword,
    goesOn: [MAILED, MINTING],
  },
  'a second factor that is set up': {
    withFactor: false,
    run: setUpFactor,
    goesOn: [ASKING, MAILED, MINTING],
  },
  'a second factor that is removed': {
    withFactor: true,
    async run({ send, own, secret }) {
      const code = await codeOf(secret!);
      await must(send('POST', '/me/second-factor/remove', { code }, own.accessToken));
    },
    goesOn: [ASKING, MAILED, MINTING],
  },
  'a second factor that the backend resets': {
    withFactor: true,
    run: ({ send, id }) => must(send('DELETE', `/tenant/users/${id}/second-factor`)),
    goesOn: [MAILED, MINTING],
  },
  'signing out everywhere': {
    withFactor: true,
    run: ({ send, own }) => must(send('POST', '/auth/logout-everywhere', undefined, own.accessToken)),
    goesOn: [MAILED, 'a recovery code', MINTING],
  },
  'an identity provider that is removed': {
    withFactor: true,
    run: ({ send, provider }) => must(send('DELETE', `/tenant/identity-providers/${provider.id}`)),
    goesOn: [MAILED, 'a recovery code', MINTING],
  },
  'a deletion': {
    withFactor: true,
    run: ({ send, id }) => must(send('DELETE', `/tenant/users/${id}`)),
    goesOn: [],
  },
  'an erasure': {
    withFactor: true,
    // Credentials end with the request; periodic work does the rest.
    run: ({ tenantId, id }) =>
      createPrivacyStore(database.as('cvault_api')).requestErasure({ tenantId, mode: 'live' }, id),
    goesOn: [],
  },
  'a suspension': {
    withFactor: true,
    run: ({ send, id }) => must(send('POST', `/tenant/users/${id}/suspend`)),
    undo: ({ send, id }) => must(send('POST', `/tenant/users/${id}/resume`)),
    goesOn: [],
  },
  'a suspension of the tenant': {
    withFactor: true,
    run: ({ tenantId }) => admin('POST', `/tenants/${tenantId}/suspend`),
    undo: ({ tenantId }) => admin('POST', `/tenants/${tenantId}/resume`),
    // The request was admitted before, but its tokens open nothing.
    goesOn: [],
  },
  'an API key that is revoked': {
    withFactor: true,
    run: ({ send, minting }) => must(send('DELETE', `/tenant/api-keys/${minting.id}`)),
    goesOn: [
      ...EVERY_KIND.filter(
        (kind) => kind !== 'a minted token' && kind !== 'the refresh token of a minted one',
      ),
      ...EVERY_UNDER_WAY.filter((kind) => kind !== 'a minting').map((kind) => `${kind} under way` as const),
    ],
  },
  'a plan that is lowered': {
    withFactor: true,
    run: ({ tenantId }) => admin('PATCH', `/tenants/${tenantId}`, { userDeviceLimit: 1, deviceLimit: 1 }),
    goesOn: [...EVERY_KIND, ...EVERY_UNDER_WAY.map((kind) => `${kind} under way` as const)],
  },
};

const has = (withFactor: boolean, kind: Kind | UnderWay) =>
  withFactor
    ? !(WITHOUT_FACTOR as readonly string[]).includes(kind)
    : kind !== 'a recovery code' && kind !== 'a code';

/** Runs an event while a request waits for a table; the request continues after the event, or waits for it. */
async function during(table: string, start: () => Promise<Answer>, run: () => Promise<unknown>) {
  const barrier = new pg.Client({ connectionString: database.url.reveal() });
  await barrier.connect();
  const waiting = async () =>
    Number(
      (
        await database.pool.query<{ n: string }>(
          'SELECT count(*) AS n FROM pg_locks WHERE NOT granted AND relation = $1::regclass',
          [table],
        )
      ).rows[0]!.n,
    );
  try {
    await barrier.query('BEGIN');
    await barrier.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    const started = start();
    await expect.poll(waiting, { timeout: 30_000, interval: 5 }).toBe(1);
    let done = false;
    const event = run().finally(() => (done = true));
    event.catch(() => undefined);
    await expect.poll(async () => done || (await waiting()) > 1, { timeout: 30_000, interval: 5 }).toBe(true);
    await barrier.query('COMMIT');
    await event;
    return await started;
  } finally {
    await barrier.end();
  }
}

const withTokens = (answer: Answer) =>
  answer.statusCode < 300 ? answer.json<{ accessToken?: string; access_token?: string }>() : {};

/** Whether the result of an interrupted sign-in opens anything. */
async function came(person: Person, answer: Answer): Promise<boolean> {
  const { accessToken, access_token } = withTokens(answer);
  const token = accessToken ?? access_token;
  if (token !== undefined) return works(person, token);
  return answer.statusCode === 202 && challengeOpens(person, challengeIn(answer));
}

describe.each(Object.entries(EVENTS))('%s', (_name, { withFactor, run, undo, goesOn }) => {
  const kinds = EVERY_KIND.filter((kind) => has(withFactor, kind));
  test.each(kinds)('%s: before and after', async (kind) => {
    const twin = await aPerson(withFactor);
    expect(await (await KINDS[kind](twin))(), 'without the event').toBe(true);
    const person = await aPerson(withFactor);
    const opens = await KINDS[kind](person);
    await run(person);
    expect(await opens(), 'after it').toBe(goesOn.includes(kind));
    if (undo === undefined || goesOn.includes(kind)) return;
    await undo(person);
    expect(await opens(), 'when it is undone').toBe(true);
  });

  test.each(EVERY_UNDER_WAY.filter((underWay) => has(withFactor, underWay)))(
    '%s under way',
    async (underWay) => {
      const person = await aPerson(withFactor);
      const start = await UNDER_WAY[underWay](person);
      const answer = await during(writtenLast(underWay, person), start, () => run(person));
      expect(answer.statusCode, answer.body).toBeLessThan(500);
      expect(await came(person, answer), answer.body).toBe(goesOn.includes(`${underWay} under way`));
    },
  );
});
