import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, pino } from 'pino';

/** Longer chains of causes are cut off. */
const CAUSES_MAX = 8;

/**
 * Patterns of our secrets, in case one enters the text of a foreign error. Values known to be secret are `Secret`s
 * and never get this far.
 */
const SECRETS: readonly RegExp[] = [
  /\bcv_(?:live|test|rt|admin)_[A-Za-z0-9_-]+/g,
  /\beyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*/g,
  /(?<=:\/\/)[^\s/@]*:[^\s/@]*(?=@)/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(?<=PrivateKey\s*=\s*)\S+/g,
];

/** Redacts everything in the shape of a secret. */
export function scrub(text: string): string {
  return SECRETS.reduce((scrubbed, secret) => scrubbed.replace(secret, '[redacted]'), text);
}

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/**
 * An error's log form: name, message, code, stack and causes. Drivers' errors carry queries, parameters, rows and
 * packets in other properties.
 */
function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: scrub(String(error)) };
  const { code, cause } = error as Error & { code?: unknown };
  return {
    type: error.name,
    message: scrub(error.message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: scrub(error.stack) }),
    ...(cause === undefined || depth >= CAUSES_MAX ? {} : { cause: loggedError(cause, depth + 1) }),
  };
}

/** Requests and responses are never logged whole: their headers and bodies hold credentials. */
const NOTHING = () => undefined;

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Pino's own destination retries writes to a closed terminal (EIO) for ever and blocks the process. */
const TERMINAL: DestinationStream = { write: (line) => void process.stdout.write(line) };

/** Structured logs, one JSON object per line, on standard output by default. */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream | undefined = isatty(1) ? TERMINAL : undefined,
): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: loggedError, error: loggedError, cause: loggedError, req: NOTHING, res: NOTHING },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
