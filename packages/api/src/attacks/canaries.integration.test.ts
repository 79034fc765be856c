/** Secrets of every kind, planted through the API as production wires it, must not appear in plain text anywhere. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

const masterKey = randomBytes(32).toString('base64');
const tokenSecret = randomBytes(32).toString('base64');

/** All encodings in which somebody might have logged it. */
function formsOf(secret: string): string[] {
  const forms = [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')];
  if (/^[A-Za-z0-9+/]{43}=$/.test(secret)) forms.push(Buffer.from(secret, 'base64').toString('hex'));
  return forms;
}

const test = base
  .extend(
    'environment',
    { scope: 'file' },
    {
      CVAULT_MASTER_KEY: masterKey,
      CVAULT_TOKEN_SECRET: tokenSecret,
      CVAULT_OUTBOUND_ALLOW: '127.0.0.1',
      LOG_LEVEL: 'trace',
    },
  )
  .extend('dump', ({ database }) => async (): Promise<string> => {
    const { rows } = await database.pool.query<{ table: string }>(
      "SELECT table_name AS table FROM information_schema.tables WHERE table_schema = 'public'",
    );
    const texts = [];
    for (const { table } of rows) {
      const all = await database.pool.query<{ text: string }>(`SELECT x::text AS text FROM "${table}" x`);
      texts.push(...all.rows.map(({ text }) => text));
    }
    return texts.join('\n');
  });

test('fifteen kinds of secrets are in no table, log, error, metric or argument', async ({
  database,
  receiver,
  api,
  dump,
}) => {
  const alice = await signUp(api, 'Canary & Co');
  const password = 'canary password of alice 1';
  const email = 'canary@example.com';
  const key = { 'x-api-key': alice.headers['x-api-key']! };
  const call = (method: 'POST' | 'GET', url: string, payload?: object, headers: object = alice.headers) =>
    api.app.inject({
      method,
      url: `/api/v1${url}`,
      headers: { ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
  const secrets: Record<string, string> = {
    'master key': masterKey,
    'token secret': tokenSecret,
    'admin key': api.adminKey,
    'database password': new URL(database.url.reveal()).password,
    'API key': key['x-api-key'],
    password,
    'wrong password': 'canary wrong password 2',
    'access token': alice.headers['authorization']!.replace('Bearer ', ''),
  };
  const registered = (await call('POST', '/auth/register', { email, password }, key)).json<{
    refreshToken: string;
    accessToken: string;
  }>();
  secrets['refresh token'] = registered.refreshToken;
  secrets['access token of another sign-in'] = registered.accessToken;
  await call('POST', '/auth/login', { email, password: secrets['wrong password'] }, key);
  const device = (await call('POST', '/devices', { deviceName: 'phone' })).json<{
    id: string;
    config: string;
  }>();
  const read = (name: string) => new RegExp(`^${name} = (\\S+)$`, 'm').exec(device.config)![1]!;
  secrets['private key'] = read('PrivateKey');
  secrets['preshared key'] = read('PresharedKey');
  const rotated = (await call('POST', `/devices/${device.id}/rotate`, {})).json<{ config: string }>();
  secrets['private key after a change'] = /^PrivateKey = (\S+)$/m.exec(rotated.config)![1]!;
  const endpoint = await call('POST', '/tenant/webhook-endpoints', { url: receiver.url });
  const { id, secret } = endpoint.json<{ id: string; secret: string }>();
  secrets['webhook secret'] = secret.replace('whsec_', '');
  const other = await call('POST', `/tenant/webhook-endpoints/${id}/rotate-secret`, {});
  secrets['webhook secret after a change'] = other.json<{ secret: string }>().secret.replace('whsec_', '');
  await call('POST', `/tenant/webhook-endpoints/${id}/test`);
  await receiver.until(1);

  // Each secret in places where it does not belong.
  const errors = [];
  for (const text of Object.values(secrets)) {
    const wrong = { 'x-api-key': text, authorization: `Bearer ${text}` };
    errors.push(
      await call('POST', '/auth/login', { email: text, password: text }, key),
      await call('GET', '/devices', undefined, wrong),
      await call('POST', '/devices', { deviceName: 'x', publicKey: `${text}x` }),
      await call('POST', '/auth/refresh', { refreshToken: `${text}x` }, key),
      await call('POST', '/tenant/webhook-endpoints', { url: `https://${encodeURIComponent(text)}@x.test` }),
    );
  }
  const metrics = await api.app.inject({
    url: '/metrics',
    headers: { authorization: `Bearer ${api.adminKey}` },
  });
  const places: Record<string, string> = {
    tables: await dump(),
    logs: api.logs(),
    errors: errors.map(({ body }) => body).join('\n'),
    metrics: metrics.body,
    messages: receiver.messages.map(({ body, headers }) => body + JSON.stringify(headers)).join('\n'),
    arguments: execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }),
  };
  expect(Object.keys(secrets)).toHaveLength(15);
  const found = Object.entries(secrets).flatMap(([kind, text]) =>
    Object.entries(places)
      .filter(([, place]) => formsOf(text).some((form) => place.includes(form)))
      .map(([place]) => `${kind} in ${place}`),
  );
  expect(found).toEqual([]);
  expect(errors.every(({ statusCode }) => statusCode >= 400 && statusCode < 500)).toBe(true);
  process.stdout.write(
    `${Object.keys(secrets).length} kinds of secrets, ${found.length} found in the open\n`,
  );
});
