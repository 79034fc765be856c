import { randomUUID } from 'node:crypto';
import type { Mail } from '../mail/mail.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { aTenantWithKey, createTestApp, type TestApp } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';

const PASSWORD = 'correct horse battery staple';
const NEW = 'seven wet umbrellas walk home';
const APP = 'https://app.acme.dev';

let database: TestDatabase;
let api: TestApp;
let mails: Mail[] = [];
/** The mail server's refusal; null accepts. */
let refusal: Error | null = null;
let tenant: { tenantId: string; apiKey: string };

beforeAll(async () => {
  database = await createTestDatabase();
  api = await createTestApp(database, {
    mailer: {
      send(mail) {
        if (refusal !== null) return Promise.reject(refusal);
        mails.push(mail);
        return Promise.resolve();
      },
    },
  });
});
beforeEach(async () => {
  tenant = await aTenantWithKey(database);
  expect((await patch({ appUrl: APP })).statusCode).toBe(200);
  refusal = null;
  // Empties the queue of earlier tests.
  await api.periodic.deliverMails();
  mails = [];
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const anEmail = () => `${randomUUID()}@example.com`;
const send = (method: 'POST' | 'PATCH', path: string, payload: object, key = tenant.apiKey) =>
  api.app.inject({ method, url: `/api/v1${path}`, headers: { 'x-api-key': key }, payload });
const post = (path: string, payload: object, key?: string) => send('POST', path, payload, key);
const patch = (payload: object) => send('PATCH', '/tenant/sign-in-settings', payload);
const login = (email: string, password: string) => post('/auth/login', { email, password });

async function signedUp(email = anEmail()) {
  expect((await post('/auth/register', { email, password: PASSWORD })).statusCode).toBe(201);
  await api.periodic.deliverMails();
  return email;
}

/** The token in the newest mail. */
async function mailed(): Promise<string> {
  await api.periodic.deliverMails();
  const token = /#token=(cv_ln_[A-Za-z0-9_-]{43})$/m.exec(mails.at(-1)?.text ?? '')?.[1];
  if (token === undefined) throw new Error('no link was sent');
  return token;
}

async function forgotten(email: string): Promise<string> {
  expect((await post('/auth/forgot-password', { email })).statusCode).toBe(202);
  return mailed();
}

const count = async (table: 'user_links' | 'mail_outbox') =>
  (
    await database.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`, [
      tenant.tenantId,
    ])
  ).rows[0]?.n;

describe('a forgotten password', () => {
  test('is replaced through the link, which ends all sign-ins and notifies the user', async () => {
    const email = await signedUp();
    const tokens = (await login(email, PASSWORD)).json<{ accessToken: string; refreshToken: string }>();
    const token = await forgotten(email);
    expect(mails.at(-1)).toMatchObject({
      to: email,
      subject: expect.stringContaining('new password') as string,
    });
    expect(mails.at(-1)?.text).toContain(`${APP}/reset-password#token=`);
    expect((await post('/auth/reset-password', { token, password: NEW })).statusCode).toBe(204);
    expect((await login(email, PASSWORD)).statusCode).toBe(401);
    expect((await login(email, NEW)).statusCode).toBe(200);
    expect((await post('/auth/refresh', { refreshToken: tokens.refreshToken })).statusCode).toBe(401);
    await api.periodic.deliverMails();
    expect(mails.at(-1)?.subject).toContain('was changed');
  });

  test('is replaced once by one link on 50 connections', async () => {
    const token = await forgotten(await signedUp());
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        post('/auth/reset-password', { token, password: `${NEW} number ${index}` }),
      ),
    );
    const statuses = answers.map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.filter((status) => status === 410)).toHaveLength(49);
  });

  test('accepts only the newer of two links', async () => {
    const email = await signedUp();
    const [older, newer] = [await forgotten(email), await forgotten(email)];
    const reset = (token: string) => post('/auth/reset-password', { token, password: NEW });
    expect((await reset(older)).json()).toMatchObject({ status: 410, code: 'invalid_link' });
    expect((await reset(newer)).statusCode).toBe(204);
  });

  test('an expired link, one for another purpose, of another tenant, or made up: 410, and nothing changes', async () => {
    const email = await signedUp();
    const verify = /#token=(\S+)/.exec(mails[0]?.text ?? '')?.[1] ?? '';
    const token = await forgotten(email);
    const other = await aTenantWithKey(database);
    const reset = (text: string, key?: string) =>
      post('/auth/reset-password', { token: text, password: NEW }, key);
    for (const text of ['', 'x', verify, `cv_ln_${'x'.repeat(43)}`, 'cv_ln_'])
      expect((await reset(text)).statusCode, text).toBe(410);
    expect((await reset(token, other.apiKey)).statusCode).toBe(410);
    expect((await post('/auth/verify-email', { token })).statusCode).toBe(410);
    expect((await post('/auth/accept-invitation', { token, password: NEW })).statusCode).toBe(410);
    await database.pool.query('UPDATE user_links SET expires_at = now() - make_interval(secs => 1)');
    expect((await reset(token)).statusCode).toBe(410);
    expect((await login(email, PASSWORD)).statusCode).toBe(200);
  });

  test('a refused password does not use up the link', async () => {
    const token = await forgotten(await signedUp());
    const weak = await post('/auth/reset-password', { token, password: 'short' });
    expect(weak.statusCode).toBe(400);
    expect((await post('/auth/reset-password', { token, password: NEW })).statusCode).toBe(204);
  });

  test('of an unknown e-mail: the same answer, the same row, and no mail', async () => {
    const email = await signedUp();
    mails = [];
    const see = async (address: string) => {
      const answer = await post('/auth/forgot-password', { email: address });
      return [answer.statusCode, answer.body, Object.keys(answer.headers).sort(), await count('mail_outbox')];
    };
    const known = await see(email);
    await api.periodic.deliverMails();
    expect(mails).toHaveLength(1);
    expect(await see(anEmail())).toEqual(known);
    await api.periodic.deliverMails();
    expect(mails).toHaveLength(1);
    expect(await count('mail_outbox')).toBe(0);
  });

  test('sends at most three mails in a row, and the answer does not reveal it', async () => {
    const email = await signedUp();
    mails = [];
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post('/auth/forgot-password', { email })),
    );
    expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1);
    await api.periodic.deliverMails();
    expect(mails).toHaveLength(3);
  });

  test('of a suspended user sends nothing', async () => {
    const email = await signedUp();
    mails = [];
    await database.pool.query("UPDATE tenant_users SET state = 'suspended' WHERE email = $1", [email]);
    await post('/auth/forgot-password', { email });
    await api.periodic.deliverMails();
    expect(mails).toEqual([]);
  });
});

describe('an e-mail address', () => {
  test('is confirmed once, by the link sent after signing up', async () => {
    const email = await signedUp();
    const token = await mailed();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => post('/auth/verify-email', { token })),
    );
    expect(answers.filter(({ statusCode }) => statusCode === 204)).toHaveLength(1);
    expect(answers.filter(({ statusCode }) => statusCode === 410)).toHaveLength(49);
    const { rows } = await database.pool.query(
      'SELECT FROM tenant_users WHERE email = $1 AND email_verified_at IS NOT NULL',
      [email],
    );
    expect(rows).toHaveLength(1);
  });

  test('that must be confirmed first is not revealed as taken by signing up', async () => {
    expect((await patch({ verifiedEmailRequired: true })).statusCode).toBe(200);
    const email = anEmail();
    const signUp = () => post('/auth/register', { email, password: PASSWORD });
    const first = await signUp();
    expect([first.statusCode, first.json()]).toEqual([202, { status: 'verification_sent' }]);
    expect((await login(email, PASSWORD)).json()).toMatchObject({ status: 403, code: 'email_not_verified' });
    expect((await login(email, `${PASSWORD}!`)).json()).toMatchObject({ code: 'invalid_credentials' });
    expect((await post('/auth/verify-email', { token: await mailed() })).statusCode).toBe(204);
    expect((await login(email, PASSWORD)).statusCode).toBe(200);

    const second = await post('/auth/register', { email, password: NEW });
    expect([second.statusCode, second.body]).toEqual([first.statusCode, first.body]);
    await api.periodic.deliverMails();
    expect(mails.at(-1)?.subject).toContain('You have an account');
    expect((await login(email, PASSWORD)).statusCode).toBe(200);
    expect((await login(email, NEW)).statusCode).toBe(401);
  });
});

describe('signing up where the address has to be confirmed first', () => {
  const signUp = async (email: string, password: string) => {
    const answer = await post('/auth/register', { email, password });
    expect([answer.statusCode, answer.json()]).toEqual([202, { status: 'verification_sent' }]);
    return mailed();
  };
  const verify = async (token: string) => (await post('/auth/verify-email', { token })).statusCode;
  const outcome = async (email: string, password: string) => {
    const answer = await login(email, password);
    return answer.statusCode === 200 ? 'in' : answer.json<{ code: string }>().code;
  };
  const STRANGERS = 'nine loud geese cross the road';
  beforeEach(async () => {
    expect((await patch({ verifiedEmailRequired: true })).statusCode).toBe(200);
  });

  test('a password takes effect only with its own link, and a second sign-up does not end the first', async () => {
    const email = anEmail();
    const owners = await signUp(email, PASSWORD);
    const strangers = await signUp(email, STRANGERS);
    expect(await outcome(email, PASSWORD)).toBe('email_not_verified');
    expect(await outcome(email, STRANGERS)).toBe('invalid_credentials');
    expect(await verify(owners)).toBe(204);
    expect(await outcome(email, PASSWORD)).toBe('in');
    expect(await outcome(email, STRANGERS)).toBe('invalid_credentials');
    const waiting = await database.pool.query('SELECT FROM sign_ups WHERE email = $1', [email]);
    expect(waiting.rowCount, 'none waits beside the user that was made').toBe(0);
    expect(await verify(strangers)).toBe(410);
    expect(await outcome(email, PASSWORD)).toBe('in');
  });

  test('the first sign-up does not own the address either', async () => {
    const email = anEmail();
    const strangers = await signUp(email, STRANGERS);
    const owners = await signUp(email, PASSWORD);
    expect(await verify(owners)).toBe(204);
    expect([await outcome(email, PASSWORD), await outcome(email, STRANGERS)]).toEqual([
      'in',
      'invalid_credentials',
    ]);
    expect(await verify(strangers)).toBe(410);
  });

  test('of two links opened concurrently, one creates the user', async () => {
    const email = anEmail();
    const tokens = [await signUp(email, PASSWORD), await signUp(email, STRANGERS)];
    expect((await Promise.all(tokens.map(verify))).sort()).toEqual([204, 410]);
    const outcomes = [await outcome(email, PASSWORD), await outcome(email, STRANGERS)];
    expect(outcomes.sort()).toEqual(['in', 'invalid_credentials']);
  });

  test.each(['with a password', 'invited', 'made by the backend'] as const)(
    'changes nothing of a user %s whose address is not confirmed',
    async (kind) => {
      const email = anEmail();
      if (kind === 'with a password') {
        await patch({ verifiedEmailRequired: false });
        await signedUp(email);
        await patch({ verifiedEmailRequired: true });
      } else if (kind === 'invited') await post('/tenant/invitations', { email });
      else
        await database.pool.query('INSERT INTO tenant_users (id, tenant_id, email) VALUES ($1, $2, $3)', [
          randomUUID(),
          tenant.tenantId,
          email,
        ]);
      await api.periodic.deliverMails();
      mails = [];
      const rows = async () =>
        (await database.pool.query<object>('SELECT * FROM tenant_users WHERE email = $1', [email])).rows;
      const before = await rows();
      const answer = await post('/auth/register', { email, password: STRANGERS });
      expect([answer.statusCode, answer.json()]).toEqual([202, { status: 'verification_sent' }]);
      await api.periodic.deliverMails();
      expect(await rows()).toEqual(before);
      expect(mails.map(({ subject, text }) => [subject, text.includes('#token=')])).toEqual([
        [expect.stringContaining('You have an account') as string, false],
      ]);
      expect(await outcome(email, STRANGERS)).toBe('invalid_credentials');
      if (kind === 'with a password') {
        expect(await outcome(email, PASSWORD)).toBe('email_not_verified');
        await post('/auth/send-verification', { email });
        expect(await verify(await mailed())).toBe(204);
        expect([await outcome(email, PASSWORD), await outcome(email, STRANGERS)]).toEqual([
          'in',
          'invalid_credentials',
        ]);
      }
    },
  );

  test('a repeated link belongs to the first sign-up and replaces its earlier link', async () => {
    const email = anEmail();
    const first = await signUp(email, PASSWORD);
    await signUp(email, STRANGERS);
    await post('/auth/send-verification', { email });
    const again = await mailed();
    expect(await verify(first)).toBe(410);
    expect(await verify(again)).toBe(204);
    expect(await outcome(email, PASSWORD)).toBe('in');
  });

  test('a mail names the sign-up of its link', async () => {
    await signUp(anEmail(), PASSWORD);
    expect(mails.at(-1)?.text).toMatch(/signed up at .+ on \d{1,2} \w+ \d{4} at \d\d:\d\d UTC/);
  });

  test('a sign-up of another tenant or mode, or an expired one, creates no user', async () => {
    const token = await signUp(anEmail(), PASSWORD);
    const other = await aTenantWithKey(database);
    expect((await post('/auth/verify-email', { token }, other.apiKey)).statusCode).toBe(410);
    const { rows } = await database.pool.query('SELECT FROM tenant_users WHERE tenant_id = $1', [
      tenant.tenantId,
    ]);
    expect(rows).toHaveLength(0);
    await database.pool.query('UPDATE sign_ups SET expires_at = now()');
    expect(await verify(token)).toBe(410);
  });

  test('a taken address causes the same writes, and leaves no row', async () => {
    const email = anEmail();
    expect(await verify(await signUp(email, PASSWORD))).toBe(204);
    const waiting = async () =>
      (await database.pool.query('SELECT FROM sign_ups WHERE tenant_id = $1', [tenant.tenantId])).rowCount;
    for (const address of [email, anEmail()]) {
      expect((await post('/auth/register', { email: address, password: NEW })).statusCode).toBe(202);
      expect([await waiting(), await count('mail_outbox')]).toEqual([1, 1]);
      await api.periodic.deliverMails();
      expect(await waiting()).toBe(address === email ? 0 : 1);
    }
  });
});

test('a suspended user’s link reports the suspension, and works after the user is resumed', async () => {
  const email = await signedUp();
  const token = await forgotten(email);
  const setState = (state: string) =>
    database.pool.query('UPDATE tenant_users SET state = $2::user_state WHERE email = $1', [email, state]);
  await setState('suspended');
  const reset = () => post('/auth/reset-password', { token, password: NEW });
  expect((await reset()).json()).toMatchObject({ status: 403, code: 'user_suspended' });
  await setState('active');
  expect((await reset()).statusCode).toBe(204);
});

describe('the address of the app', () => {
  test.each([
    ['https://app.acme.dev', 'https://app.acme.dev'],
    ['https://App.Acme.dev/Vpn', 'https://app.acme.dev/Vpn'],
    ['https://пример.рф', 'https://xn--e1afmkfd.xn--p1ai'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['acme://open', 'acme://open'],
    ['com.acme.vpn:/open', 'com.acme.vpn:/open'],
  ])('%j is kept as %j, and that is what stands in mails', async (typed, kept) => {
    expect((await patch({ appUrl: typed })).json()).toMatchObject({ appUrl: kept });
    const email = await signedUp();
    await forgotten(email);
    const link = mails
      .at(-1)
      ?.text.split('\n')
      .find((line) => line.includes('#token='));
    expect(link).toMatch(new RegExp(`^${kept}/reset-password#token=cv_ln_[A-Za-z0-9_-]{43}$`));
  });

  test.each([
    'https://app.acme.dev\n\nYour account is blocked. Call 555-0100',
    'https://app.acme.dev/\r\nBcc: joe@example.com',
    'https://app.acme.dev/a\tb',
    'https://app.acme.dev/Dear customer',
    ' https://app.acme.dev',
    'https://app.acme.dev\u2028x',
    'https://app.acme.dev/\u00A0x',
    'https://app.acme.dev/\u202Ex',
    'https://app.acme.dev/\u0000',
    'acme:Dear customer',
    'acme:<b>',
    'https://app.acme.dev?',
    'https://app.acme.dev#',
    'https://app.acme.dev/?x=1',
    'https://user@app.acme.dev',
    'http://app.acme.dev',
    'javascript:alert(1)',
    'mailto:joe@example.com',
    'https://app.acme.dev/',
    'app.acme.dev',
  ])('%j is refused, and the one that there was stays', async (appUrl) => {
    const answer = await patch({ appUrl });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ pointer: '/appUrl' }] });
    expect(answer.json<{ errors: unknown[] }>().errors).toHaveLength(1);
    expect((await patch({ secondFactorRequired: false })).json()).toMatchObject({ appUrl: APP });
  });
});

describe('an invitation', () => {
  test('creates a user who chooses a password; it can be repeated until then, and is refused afterwards', async () => {
    const email = anEmail();
    const invite = () => post('/tenant/invitations', { email });
    const invited = await invite();
    expect(invited.statusCode).toBe(201);
    const first = await mailed();
    expect((await login(email, PASSWORD)).statusCode).toBe(401);
    expect((await invite()).json()).toEqual(invited.json());
    const token = await mailed();
    const accept = (text: string) => post('/auth/accept-invitation', { token: text, password: PASSWORD });
    expect((await accept(first)).statusCode).toBe(410);
    expect((await accept(token)).statusCode).toBe(204);
    expect((await login(email, PASSWORD)).json()).toMatchObject(invited.json<object>());
    expect((await invite()).json()).toMatchObject({ code: 'email_taken' });
  });
});

describe('mails', () => {
  test('that the mail server refuses are retried at growing intervals and finally given up', async () => {
    const email = await signedUp();
    mails = [];
    refusal = new Error('mailbox busy');
    await post('/auth/forgot-password', { email });
    const waits = async () =>
      (
        await database.pool.query<{ wait: number }>(
          `SELECT round(extract(epoch FROM not_before - now()))::int AS wait FROM mail_outbox WHERE tenant_id = $1`,
          [tenant.tenantId],
        )
      ).rows[0]?.wait;
    const seen: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      await api.periodic.deliverMails();
      seen.push(await waits());
      // Rounding to milliseconds can move a time of now into the future.
      await database.pool.query(
        `UPDATE mail_outbox SET not_before = now() - interval '1 second' WHERE tenant_id = $1`,
        [tenant.tenantId],
      );
    }
    expect(
      seen.map((wait) => wait !== undefined),
      'until the eighth time',
    ).toEqual([...Array<boolean>(7).fill(true), false]);
    expect(seen.slice(0, 7)).toEqual(seen.slice(0, 7).toSorted((a, b) => a! - b!));
    expect(mails).toEqual([]);
    refusal = null;
    await forgotten(email);
    expect(mails).toHaveLength(1);
  });

  test('are delivered once by any number of replicas', async () => {
    const emails = await Promise.all(Array.from({ length: 8 }, () => signedUp()));
    mails = [];
    for (const email of emails) await post('/auth/forgot-password', { email });
    await Promise.all(Array.from({ length: 6 }, () => api.periodic.deliverMails()));
    expect(mails.map(({ to }) => to).sort()).toEqual([...emails].sort());
  });

  test('have no link while they wait; the database holds no plain token or address', async () => {
    const email = anEmail();
    await post('/auth/register', { email, password: PASSWORD });
    await post('/auth/forgot-password', { email: 'stranger-canary@example.com' });
    const dump = async (table: string) =>
      JSON.stringify((await database.pool.query(`SELECT t::text FROM ${table} t`)).rows);
    expect(await dump('mail_outbox')).not.toContain(Buffer.from('stranger-canary').toString('hex'));
    expect(await count('user_links')).toBe(0);
    const token = await forgotten(email);
    expect(await dump('user_links')).not.toContain(token);
    expect(await dump('user_links')).not.toContain(Buffer.from(token).toString('hex'));
    expect(api.logs()).not.toContain(token);
    expect(api.logs()).not.toContain(email);
  });

  test('without an appUrl: 409, for everybody', async () => {
    await patch({ appUrl: null });
    const email = anEmail();
    expect((await post('/auth/register', { email, password: PASSWORD })).statusCode).toBe(201);
    for (const address of [email, anEmail()]) {
      expect((await post('/auth/forgot-password', { email: address })).json()).toMatchObject({
        status: 409,
        code: 'mail_not_set_up',
      });
    }
  });
});

test.each([
  ['http://app.acme.dev', 400],
  ['https://app.acme.dev/', 400],
  // secretlint-disable-next-line -- made up
  ['https://user:pass@app.acme.dev', 400],
  ['https://app.acme.dev?x=1', 400],
  ['javascript:alert(1)', 400],
  ['app.acme.dev', 400],
  ['http://localhost:5173', 200],
  ['https://acme.dev/vpn', 200],
  ['acmevpn://account', 200],
])('links may lead to %s: %i', async (appUrl, status) => {
  expect((await patch({ appUrl })).statusCode).toBe(status);
});

test('verified e-mail needs an appUrl; settings are per tenant', async () => {
  expect((await patch({ appUrl: null, verifiedEmailRequired: true })).json()).toMatchObject({
    code: 'state_conflict',
  });
  const other = await aTenantWithKey(database);
  const answer = await api.app.inject({
    url: '/api/v1/tenant/sign-in-settings',
    headers: { 'x-api-key': other.apiKey },
  });
  expect(answer.json()).toEqual({ appUrl: null, verifiedEmailRequired: false, secondFactorRequired: false });
});
