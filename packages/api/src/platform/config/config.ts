import type { Secret } from '../crypto/secret.ts';
import type { MasterKey } from '../crypto/vault.ts';
import { z } from 'zod';
import {
  AdminKey,
  MailAddress,
  MasterKeyValue,
  MasterKeyVersion,
  oneOf,
  Origins,
  Proxies,
  PublicUrl,
  Ranges,
  RetiredMasterKeys,
  secretUrl,
  wholeNumber,
} from './values.ts';
import type { LogLevel } from '../observability/logger.ts';
import { nearest } from '../text/nearest.ts';

/** `production` requires every setting that matters. `demo` is what `npm start` runs; see src/demo. */
type Mode = 'production' | 'demo';

/** Retention periods in days. */
export interface Retention {
  /** Hourly usage. Older usage is kept per day. */
  readonly hourlyDays: number;
  readonly dailyDays: number;
  /** Closed sessions. */
  readonly sessionDays: number;
}

export interface Config {
  readonly mode: Mode;
  readonly http: {
    readonly host: string;
    /** 0 for any free port. */
    readonly port: number;
    /** Without a trailing slash; empty if not set. */
    readonly publicUrl: string;
    readonly corsOrigins: readonly string[];
    readonly trustProxy: readonly string[];
    /** The maximum of concurrent requests. Further requests are refused. */
    readonly requestsAtOnce: number;
  };
  readonly dataDir: string;
  readonly database: {
    /** Null: start an embedded PostgreSQL in the data directory. */
    readonly url: Secret<string> | null;
    /** Login of the tables' owner, for migrations. Null: the login of `url`. */
    readonly ownerUrl: Secret<string> | null;
    readonly connections: number;
    /** How long a query waits for a connection before its request is answered 503. */
    readonly waitMs: number;
  };
  /** Null: each replica counts on its own. */
  readonly redisUrl: Secret<string> | null;
  readonly masterKeys: { readonly current: MasterKey; readonly retired: readonly MasterKey[] };
  readonly adminKey: Secret<string>;
  /** Null: no mail is sent. The demo writes mails to its data directory. */
  readonly mail: { readonly url: Secret<string>; readonly from: string } | null;
  readonly bcryptCost: number;
  readonly peers: {
    readonly quarantineSeconds: number;
    readonly ackDeadlineMs: number;
    readonly reconcileSeconds: number;
  };
  readonly metering: {
    /** The interval between counter readings of each VPN server. */
    readonly everySeconds: number;
    readonly keep: Retention;
  };
  /** Non-public addresses and ranges that webhooks and key fetches may reach. */
  readonly outboundAllow: readonly string[];
  /** How long audit entries are kept, in days. */
  readonly auditDays: number;
  readonly logLevel: LogLevel;
}

/** A fault of one variable and its remedy. Never holds the value. */
export interface ConfigFault {
  readonly variable: string;
  readonly problem: string;
}

/** All faults of the environment at once. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ variable, problem }) => `  ${variable} ${problem}`);
    super(`The configuration is not valid:\n${lines.join('\n')}\n.env.example describes every variable.`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Bcrypt's cost is logarithmic: 12 takes about 250 ms, 15 two seconds. */
const BCRYPT_COST_MIN: Readonly<Record<Mode, number>> = { production: 12, demo: 10 };

/** Every variable. */
const Variables = z.object({
  CVAULT_MODE: oneOf(['production', 'demo']).default('production'),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535, 3_000),
  CVAULT_PUBLIC_URL: PublicUrl.default(''),
  CORS_ORIGINS: Origins.default([]),
  TRUST_PROXY: Proxies.default([]),
  CVAULT_REQUESTS_AT_ONCE: wholeNumber(16, 100_000, 2_000),
  CVAULT_DATA_DIR: z.string().default('.cvault'),
  DATABASE_URL: secretUrl(
    ['postgresql:', 'postgres:'],
    'postgresql://user:password@host:5432/cvault',
  ).optional(),
  DATABASE_OWNER_URL: secretUrl(
    ['postgresql:', 'postgres:'],
    'postgresql://owner:password@host:5432/cvault',
  ).optional(),
  DATABASE_CONNECTIONS: wholeNumber(2, 1_000, 20),
  DATABASE_WAIT_MS: wholeNumber(100, 120_000, 5_000),
  REDIS_URL: secretUrl(['redis:', 'rediss:'], 'redis://host:6379').optional(),
  CVAULT_MASTER_KEY: MasterKeyValue,
  CVAULT_MASTER_KEY_VERSION: MasterKeyVersion,
  CVAULT_RETIRED_MASTER_KEYS: RetiredMasterKeys.default([]),
  CVAULT_ADMIN_KEY: AdminKey,
  SMTP_URL: secretUrl(['smtps:', 'smtp:'], 'smtps://user:password@host:465').optional(),
  MAIL_FROM: MailAddress.optional(),
  BCRYPT_COST: wholeNumber(BCRYPT_COST_MIN.demo, 15, 12),
  CVAULT_QUARANTINE_SECONDS: wholeNumber(0, 2_592_000, 600),
  CVAULT_ACK_DEADLINE_MS: wholeNumber(100, 30_000, 2_000),
  CVAULT_RECONCILE_SECONDS: wholeNumber(1, 3_600, 30),
  CVAULT_METER_SECONDS: wholeNumber(1, 3_600, 30),
  CVAULT_USAGE_HOURLY_DAYS: wholeNumber(2, 31, 7),
  CVAULT_USAGE_DAILY_DAYS: wholeNumber(62, 3_650, 400),
  CVAULT_SESSION_DAYS: wholeNumber(1, 3_650, 30),
  CVAULT_OUTBOUND_ALLOW: Ranges.default([]),
  CVAULT_AUDIT_DAYS: wholeNumber(1, 3_650, 90),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

type Variable = keyof typeof Variables.shape;

export const VARIABLES = Object.keys(Variables.shape) as readonly Variable[];

/** Variables that can also be read from the file named by `<NAME>_FILE`, as orchestrators provide secrets. */
export const FILE_VARIABLES = [
  'DATABASE_URL',
  'DATABASE_OWNER_URL',
  'REDIS_URL',
  'CVAULT_MASTER_KEY',
  'CVAULT_RETIRED_MASTER_KEYS',
  'CVAULT_ADMIN_KEY',
  'SMTP_URL',
] as const satisfies readonly Variable[];

type Texts = Partial<Record<Variable, string>>;

/** Collects the set variables and reads files. An empty variable counts as unset, as `NAME=` does in an env file. */
function gather(env: Environment, readFile: (path: string) => string, faults: ConfigFault[]): Texts {
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;
  const texts: Texts = {};
  for (const variable of VARIABLES) {
    const text = read(variable);
    if (text !== undefined) texts[variable] = text;
  }
  for (const variable of FILE_VARIABLES) {
    const fileVariable = `${variable}_FILE`;
    const path = read(fileVariable);
    if (path === undefined) continue;
    if (texts[variable] !== undefined) {
      faults.push({ variable, problem: `is set, and so is ${fileVariable}; set only one of them` });
      continue;
    }
    try {
      const text = readFile(path).trim();
      if (text === '') faults.push({ variable: fileVariable, problem: 'names a file that is empty' });
      else texts[variable] = text;
    } catch {
      faults.push({ variable: fileVariable, problem: 'names a file that cannot be read' });
    }
  }
  return texts;
}

/** A secret without its prefix and encoding, so that one value is recognized in two forms. */
function bareSecret(text: string): string {
  return text
    .replace(/^cv_admin_/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/=+$/, '');
}

function passwordIn(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  return new URL(url).password || undefined;
}

/** Finds secrets that are used twice. Whoever learns one would have the other. */
function findReuse(texts: Texts): ConfigFault[] {
  const secrets: [Variable, string | undefined][] = [
    ['CVAULT_MASTER_KEY', texts.CVAULT_MASTER_KEY],
    ...(texts.CVAULT_RETIRED_MASTER_KEYS ?? '')
      .split(',')
      .map((entry): [Variable, string | undefined] => ['CVAULT_RETIRED_MASTER_KEYS', entry.split(':')[1]]),
    ['CVAULT_ADMIN_KEY', texts.CVAULT_ADMIN_KEY],
    ['DATABASE_URL', passwordIn(texts.DATABASE_URL)],
    ['DATABASE_OWNER_URL', passwordIn(texts.DATABASE_OWNER_URL)],
    ['REDIS_URL', passwordIn(texts.REDIS_URL)],
    ['SMTP_URL', passwordIn(texts.SMTP_URL)],
  ];
  const seen = new Map<string, Variable>();
  const faults: ConfigFault[] = [];
  for (const [variable, text] of secrets) {
    if (text === undefined || text === '') continue;
    const other = seen.get(bareSecret(text));
    if (other !== undefined)
      faults.push({ variable, problem: `repeats a secret of ${other}; each needs its own` });
    seen.set(bareSecret(text), variable);
  }
  return faults;
}

const OURS = 'CVAULT_';

/**
 * Variables that look like misspelt ones of ours. They are not refused: they may belong to another version, or to
 * another program in the same environment.
 */
export function misspeltVariables(environment: Environment): { variable: string; meant: string }[] {
  const known: readonly string[] = [...VARIABLES, ...FILE_VARIABLES.map((variable) => `${variable}_FILE`)];
  const bare = known.filter((name) => name.startsWith(OURS)).map((name) => name.slice(OURS.length));
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(OURS) && !known.includes(variable))
    .flatMap((variable) => {
      const meant = nearest(variable.slice(OURS.length), bare);
      return meant === null ? [] : [{ variable, meant: `${OURS}${meant}` }];
    });
}

/** Faults that arise only in production or only in combination. */
function checkTogether(texts: Texts): ConfigFault[] {
  const faults = findReuse(texts);
  const production = texts.CVAULT_MODE !== 'demo';
  if (production && texts.DATABASE_URL === undefined) {
    faults.push({ variable: 'DATABASE_URL', problem: 'is not set; name a PostgreSQL 15 or newer of yours' });
  }
  if (texts.DATABASE_OWNER_URL !== undefined && texts.DATABASE_URL === undefined) {
    faults.push({ variable: 'DATABASE_OWNER_URL', problem: 'is set without DATABASE_URL; set both' });
  }
  const cost = Number(texts.BCRYPT_COST ?? BCRYPT_COST_MIN.production);
  if (production && cost < BCRYPT_COST_MIN.production) {
    faults.push({
      variable: 'BCRYPT_COST',
      problem: `must be at least ${BCRYPT_COST_MIN.production} in production`,
    });
  }
  if ((texts.SMTP_URL === undefined) !== (texts.MAIL_FROM === undefined)) {
    const [missing, other] =
      texts.SMTP_URL === undefined
        ? (['SMTP_URL', 'MAIL_FROM'] as const)
        : (['MAIL_FROM', 'SMTP_URL'] as const);
    faults.push({ variable: missing, problem: `is not set, and ${other} is; mails need both` });
  }
  const versions = [
    texts.CVAULT_MASTER_KEY_VERSION ?? '1',
    ...(texts.CVAULT_RETIRED_MASTER_KEYS?.split(',').map((entry) => entry.split(':', 1).join().trim()) ?? []),
  ];
  if (new Set(versions).size < versions.length) {
    faults.push({
      variable: 'CVAULT_RETIRED_MASTER_KEYS',
      problem: 'uses a version twice, or that of the current key',
    });
  }
  return faults;
}

/** Keeps the first fault of each variable. An unreadable file is one fault; the unset variable is not a second one. */
function onePerVariable(faults: readonly ConfigFault[]): ConfigFault[] {
  const seen = new Set<string>();
  return faults.filter(({ variable }) => {
    const name = variable.replace(/_FILE$/, '');
    return !seen.has(name) && seen.add(name);
  });
}

/**
 * Reads the configuration. Pure: environment and file reader are parameters.
 * @throws ConfigError with all faults
 */
export function loadConfig(env: Environment, readFile: (path: string) => string): Config {
  const found: ConfigFault[] = [];
  const texts = gather(env, readFile, found);
  const parsed = Variables.safeParse(texts);
  for (const issue of parsed.error?.issues ?? []) {
    found.push({ variable: String(issue.path[0]), problem: issue.message });
  }
  found.push(...checkTogether(texts));
  const faults = onePerVariable(found);
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const values = parsed.data;
  return {
    mode: values.CVAULT_MODE,
    http: {
      host: values.HOST,
      port: values.PORT,
      publicUrl: values.CVAULT_PUBLIC_URL,
      corsOrigins: values.CORS_ORIGINS,
      trustProxy: values.TRUST_PROXY,
      requestsAtOnce: values.CVAULT_REQUESTS_AT_ONCE,
    },
    dataDir: values.CVAULT_DATA_DIR,
    database: {
      url: values.DATABASE_URL ?? null,
      ownerUrl: values.DATABASE_OWNER_URL ?? null,
      connections: values.DATABASE_CONNECTIONS,
      waitMs: values.DATABASE_WAIT_MS,
    },
    redisUrl: values.REDIS_URL ?? null,
    masterKeys: {
      current: { version: values.CVAULT_MASTER_KEY_VERSION, key: values.CVAULT_MASTER_KEY },
      retired: values.CVAULT_RETIRED_MASTER_KEYS,
    },
    adminKey: values.CVAULT_ADMIN_KEY,
    mail:
      values.SMTP_URL === undefined || values.MAIL_FROM === undefined
        ? null
        : { url: values.SMTP_URL, from: values.MAIL_FROM },
    bcryptCost: values.BCRYPT_COST,
    peers: {
      quarantineSeconds: values.CVAULT_QUARANTINE_SECONDS,
      ackDeadlineMs: values.CVAULT_ACK_DEADLINE_MS,
      reconcileSeconds: values.CVAULT_RECONCILE_SECONDS,
    },
    metering: {
      everySeconds: values.CVAULT_METER_SECONDS,
      keep: {
        hourlyDays: values.CVAULT_USAGE_HOURLY_DAYS,
        dailyDays: values.CVAULT_USAGE_DAILY_DAYS,
        sessionDays: values.CVAULT_SESSION_DAYS,
      },
    },
    outboundAllow: values.CVAULT_OUTBOUND_ALLOW,
    auditDays: values.CVAULT_AUDIT_DAYS,
    logLevel: values.LOG_LEVEL,
  };
}
