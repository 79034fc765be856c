import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  type Environment,
  FILE_VARIABLES,
  loadConfig,
  misspeltVariables,
  VARIABLES,
} from './config.ts';

const key = () => randomBytes(32).toString('base64');
const adminKey = () => `cv_admin_${randomBytes(32).toString('base64url')}`;

const GOOD = {
  // secretlint-disable-next-line -- made up
  DATABASE_URL: 'postgresql://cvault:aPasswordOfTheDatabase@db:5432/cvault',
  CVAULT_MASTER_KEY: key(),
  CVAULT_ADMIN_KEY: adminKey(),
} satisfies Environment;

const noFile = (): string => {
  throw new Error('no such file');
};

function faultsOf(env: Environment, readFile = noFile): { variables: string[]; error: ConfigError } {
  try {
    loadConfig(env, readFile);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { variables: error.faults.map((fault) => fault.variable), error };
  }
  throw new Error('it was accepted');
}

test('the required variables suffice', () => {
  const config = loadConfig(GOOD, noFile);
  expect(config.mode).toBe('production');
  expect(config.http).toEqual({
    host: '127.0.0.1',
    port: 3000,
    requestsAtOnce: 2_000,
    publicUrl: '',
    corsOrigins: [],
    trustProxy: [],
  });
  expect(config.masterKeys.current.version).toBe(1);
  expect(config.masterKeys.current.key.reveal()).toHaveLength(32);
  expect(config.redisUrl).toBeNull();
});

test('an empty environment reports every variable that production requires at once', () => {
  const { variables, error } = faultsOf({});
  expect(variables.sort()).toEqual(['CVAULT_ADMIN_KEY', 'CVAULT_MASTER_KEY', 'DATABASE_URL']);
  for (const variable of variables) expect(error.message).toContain(variable);
});

test('faults of all kinds are reported together', () => {
  const { variables } = faultsOf({
    ...GOOD,
    PORT: 'x',
    LOG_LEVEL: 'loud',
    CVAULT_MASTER_KEY: 'short',
    BCRYPT_COST: '11',
  });
  expect(variables.sort()).toEqual(['BCRYPT_COST', 'CVAULT_MASTER_KEY', 'LOG_LEVEL', 'PORT']);
});

describe('refused in production', () => {
  const oneByte = Buffer.alloc(32, 7).toString('base64');
  const counting = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64');
  const cases: [string, string, string | undefined][] = [
    ['no database', 'DATABASE_URL', undefined],
    ['a database of another kind', 'DATABASE_URL', 'mysql://root@db/x'],
    ['no master key', 'CVAULT_MASTER_KEY', undefined],
    ['an empty master key', 'CVAULT_MASTER_KEY', ''],
    ['a master key of 31 bytes', 'CVAULT_MASTER_KEY', randomBytes(31).toString('base64')],
    ['a master key of 33 bytes', 'CVAULT_MASTER_KEY', randomBytes(33).toString('base64')],
    ['a master key that is no base64', 'CVAULT_MASTER_KEY', 'z'.repeat(44)],
    ['a master key of one byte repeated', 'CVAULT_MASTER_KEY', oneByte],
    ['a master key that counts', 'CVAULT_MASTER_KEY', counting],
    ['no admin key', 'CVAULT_ADMIN_KEY', undefined],
    ['an admin key without its prefix', 'CVAULT_ADMIN_KEY', randomBytes(32).toString('base64url')],
    ['a short admin key', 'CVAULT_ADMIN_KEY', adminKey().slice(0, -1)],
    ['an admin key of one character repeated', 'CVAULT_ADMIN_KEY', `cv_admin_${'x'.repeat(43)}`],
    ['a placeholder', 'CVAULT_ADMIN_KEY', 'cv_admin_please-change-me-to-something-long-and-random'],
    ['a cheap password hash', 'BCRYPT_COST', '11'],
    ['a port that is none', 'PORT', '70000'],
    ['an origin with a path', 'CORS_ORIGINS', 'https://app.acme.dev/'],
    ['an origin in capitals', 'CORS_ORIGINS', 'https://App.acme.dev'],
    ['an app’s origin with a path', 'CORS_ORIGINS', 'capacitor://localhost/'],
    ['an origin without a scheme', 'CORS_ORIGINS', 'app.acme.dev'],
    ['a * within a label', 'CORS_ORIGINS', 'https://app*.acme.dev'],
    ['a * in the middle', 'CORS_ORIGINS', 'https://app.*.dev'],
    ['a * for a top-level domain', 'CORS_ORIGINS', 'https://*.dev'],
    ['a * for a whole host', 'CORS_ORIGINS', 'https://*'],
    ['a * for the port', 'CORS_ORIGINS', 'https://app.acme.dev:*'],
    ['a * for the scheme', 'CORS_ORIGINS', '*://app.acme.dev'],
    ['two *', 'CORS_ORIGINS', 'https://*.*.acme.dev'],
    ['a wrong * beside a right origin', 'CORS_ORIGINS', 'https://app.acme.dev,https://a*.acme.dev'],
    ['all origins and one', 'CORS_ORIGINS', '*,https://app.acme.dev'],
    ['a proxy that is no address', 'TRUST_PROXY', 'loadbalancer'],
    ['a proxy’s range with host bits', 'TRUST_PROXY', '10.0.0.5/8'],
    ['an allowed range with host bits', 'CVAULT_OUTBOUND_ALLOW', '127.0.0.1/8'],
    ['a retired key that is a number', 'CVAULT_RETIRED_MASTER_KEYS', '1'],
    ['everybody as proxy', 'TRUST_PROXY', '0.0.0.0/0'],
    ['a range that is a name', 'CVAULT_OUTBOUND_ALLOW', 'intranet'],
    ['a retired key without version', 'CVAULT_RETIRED_MASTER_KEYS', key()],
    ['a retired key of the current version', 'CVAULT_RETIRED_MASTER_KEYS', `1:${key()}`],
    ['a mail server of another kind', 'SMTP_URL', 'https://mail.acme.dev'],
    ['a sender without a mail server', 'SMTP_URL', undefined],
    ['a sender that is no address', 'MAIL_FROM', 'Acme <no-reply@acme.dev>'],
    ['an unknown mode', 'CVAULT_MODE', 'development'],
  ];
  test.each(cases)('%s', (_name, variable, value) => {
    const mail = variable === 'SMTP_URL' || variable === 'MAIL_FROM';
    const whole = mail
      ? { ...GOOD, SMTP_URL: 'smtps://mail.acme.dev', MAIL_FROM: 'no-reply@acme.dev' }
      : GOOD;
    expect(faultsOf({ ...whole, [variable]: value }).variables).toEqual([variable]);
  });

  test.each([
    ['CVAULT_ADMIN_KEY', `cv_admin_${Buffer.from(GOOD.CVAULT_MASTER_KEY, 'base64').toString('base64url')}`],
    ['CVAULT_RETIRED_MASTER_KEYS', `2:${GOOD.CVAULT_MASTER_KEY}`],
    ['DATABASE_URL', `postgresql://u:${encodeURIComponent('x'.repeat(4))}@db/x`],
  ])('%s with the value of another secret', (variable, value) => {
    const env = { ...GOOD, REDIS_URL: 'redis://:xxxx@redis:6379', [variable]: value };
    const { error } = faultsOf(env);
    expect(error.faults).toHaveLength(1);
    expect(error.faults[0]?.problem).toContain('repeats a secret');
  });
});

test.each([
  'capacitor://localhost',
  'ionic://localhost',
  'tauri://localhost',
  'https://app.acme.dev',
  'http://localhost:5173',
  'https://[2001:db8::1]:8443',
  'https://*.acme.dev',
  'http://*.acme.dev:8080',
  '*',
])('the origin %s is accepted', (origin) => {
  expect(loadConfig({ ...GOOD, CORS_ORIGINS: origin }, noFile).http.corsOrigins).toEqual([origin]);
});

test('a misplaced * is answered with its valid places, a bad origin with an example', () => {
  const problem = (origins: string) => faultsOf({ ...GOOD, CORS_ORIGINS: origins }).error.faults[0]?.problem;
  expect(problem('https://app*.acme.dev')).toContain('as in https://*.acme.dev');
  expect(problem('https://app.acme.dev/')).toContain('capacitor://localhost');
});

test('a near name of a closed set is suggested', () => {
  const problem = (env: Environment) => faultsOf({ ...GOOD, ...env }).error.faults[0]?.problem;
  expect(problem({ CVAULT_MODE: 'prodcution' })).toBe(
    'must be one of production, demo; did you mean `production`?',
  );
  expect(problem({ LOG_LEVEL: 'wran' })).toMatch(/; did you mean `warn`\?$/);
});

test('a range with host bits is told the network', () => {
  const problem = (env: Environment) => faultsOf({ ...GOOD, ...env }).error.faults[0]?.problem;
  const told = 'has a range that has bits set after its prefix: did you mean 10.0.0.0/8?';
  expect(problem({ TRUST_PROXY: '127.0.0.1,10.0.0.5/8' })).toBe(told);
  expect(problem({ CVAULT_OUTBOUND_ALLOW: '10.0.0.5/8' })).toBe(told);
});

test('whatever a variable holds, its fault is listed once', () => {
  for (const text of [
    '1',
    '0',
    '-1',
    '1e9',
    ',',
    ':',
    '1:',
    '1:1,1:1',
    'x',
    '*',
    '/',
    '10.0.0.1/8,x',
    'http://',
    '@',
  ]) {
    for (const variable of VARIABLES) {
      let faults: readonly { variable: string }[] = [];
      try {
        loadConfig({ ...GOOD, [variable]: text }, noFile);
      } catch (error) {
        faults = (error as ConfigError).faults;
      }
      const names = faults.map((fault) => fault.variable);
      expect(names, `${variable}=${text}`).toEqual([...new Set(names)]);
    }
  }
});

test('no fault shows a value', () => {
  const canary = 'CANARY1234';
  const env = Object.fromEntries(VARIABLES.map((variable) => [variable, `${canary}\u0000%`]));
  const { error } = faultsOf(env);
  expect(error.faults.length).toBeGreaterThan(10);
  expect(inspect(error, { depth: 9 })).not.toContain(canary);
});

test('a configuration that is printed shows no secret', () => {
  const env = {
    ...GOOD,
    CVAULT_RETIRED_MASTER_KEYS: `7:${key()}`,
    REDIS_URL: 'redis://:canaryOfRedis@redis:6379',
  };
  const config = loadConfig(env, noFile);
  const printed = inspect(config, { depth: 9, showHidden: true }) + JSON.stringify(config);
  for (const secret of [...Object.values(GOOD), env.CVAULT_RETIRED_MASTER_KEYS.slice(2), 'canaryOfRedis']) {
    expect(printed).not.toContain(secret);
  }
});

describe('files', () => {
  const rest = { ...GOOD, CVAULT_MASTER_KEY: '' };

  test('a secret can come from one', () => {
    const text = key();
    const config = loadConfig({ ...rest, CVAULT_MASTER_KEY_FILE: '/run/secrets/master' }, (path) =>
      path === '/run/secrets/master' ? `${text}\n` : noFile(),
    );
    expect(config.masterKeys.current.key.reveal().toString('base64')).toBe(text);
  });

  test('an unreadable or empty file is one fault', () => {
    const env = { ...rest, CVAULT_MASTER_KEY_FILE: '/nowhere' };
    expect(faultsOf(env).variables).toEqual(['CVAULT_MASTER_KEY_FILE']);
    expect(faultsOf(env, () => '\n').variables).toEqual(['CVAULT_MASTER_KEY_FILE']);
  });

  test('a file and the variable itself exclude each other', () => {
    expect(faultsOf({ ...GOOD, CVAULT_ADMIN_KEY_FILE: '/x' }).variables).toEqual(['CVAULT_ADMIN_KEY']);
  });
});

test('the demo starts without a database URL, with generated secrets', () => {
  const config = loadConfig(
    { ...GOOD, DATABASE_URL: undefined, CVAULT_MODE: 'demo', BCRYPT_COST: '10' },
    noFile,
  );
  expect(config.database.url).toBeNull();
  expect(faultsOf({ CVAULT_MODE: 'demo' }).variables).not.toContain('DATABASE_URL');
});

describe('.env.example', () => {
  const text = readFileSync(new URL('../../../../../.env.example', import.meta.url), 'utf8');
  const entries = [...text.matchAll(/^(# )?([A-Z_]+)=(.*)$/gm)].map(([, commented, name, value]) => ({
    name: name ?? '',
    value: value ?? '',
    required: commented === undefined,
  }));

  test('names every variable exactly once', () => {
    expect(entries.map((entry) => entry.name).sort()).toEqual([...VARIABLES].sort());
  });

  test('marks exactly the variables that production requires as required', () => {
    const required = entries.filter((entry) => entry.required).map((entry) => entry.name);
    expect(required.sort()).toEqual(faultsOf({}).variables.sort());
  });

  test('gives no secret a usable value', () => {
    const secrets: readonly string[] = FILE_VARIABLES;
    for (const { name, value } of entries) {
      if (secrets.includes(name) && name !== 'REDIS_URL') expect(value, name).toBe('');
    }
  });

  test('shows accepted values', () => {
    const shown = entries.filter((entry) => entry.value !== '').map((entry) => [entry.name, entry.value]);
    expect(() =>
      loadConfig({ ...GOOD, ...(Object.fromEntries(shown) as Environment) }, noFile),
    ).not.toThrow();
  });

  test('says what happens without each optional variable', () => {
    const blocks = text.split(/\n\n+/).filter((block) => /^# [A-Z_]+=/m.test(block));
    for (const block of blocks) expect(block, block).toContain('Absent:');
  });
});

test('a misspelt variable is reported with the likely name; variables of other programs are ignored', () => {
  const environment = {
    ...Object.fromEntries(VARIABLES.map((variable) => [variable, 'x'])),
    ...Object.fromEntries(FILE_VARIABLES.map((variable) => [`${variable}_FILE`, 'x'])),
    CVAULT_QUARENTINE_SECONDS: '60',
    CVAULT_ADMIN_KEY_FIEL: '/run/key',
    CVAULT_GRAFANA_BOARD: 'x',
    PATH: '/bin',
  };
  expect(misspeltVariables(environment)).toEqual([
    { variable: 'CVAULT_QUARENTINE_SECONDS', meant: 'CVAULT_QUARANTINE_SECONDS' },
    { variable: 'CVAULT_ADMIN_KEY_FIEL', meant: 'CVAULT_ADMIN_KEY_FILE' },
  ]);
});
