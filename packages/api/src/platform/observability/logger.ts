import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, pino } from 'pino';

/** Deeper chains of causes are cut off. */
const CAUSES_MAX = 8;

/**
 * Our secrets by their shape, for the case that one has come into the text of a foreign error. Values that are meant to be
 * secret are `Secret`s and never get this far.
 */
const SECRETS: readonly RegExp[] = [
  /\bcv_(?:live|test|rt|admin)_[A-Za-z0-9_-]+/g,
  /\beyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*/g,
  /(?<=:\/\/)[^\s/@]*:[^\s/@]*(?=@)/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(?<=PrivateKey\s*=\s*)\S+/g,
];

/** Blanks what has the shape of a secret. */
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
 * An error as it is logged: name, message, code, stack and causes. No other property: errors of drivers carry queries,
 * parameters, rows and packets along.
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

/** Never a whole request or response: their headers and bodies hold credentials. */
const NOTHING = () => undefined;

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Pino's own destination tries for ever to write to a terminal that is gone (EIO), and blocks the process meanwhile. */
const TERMINAL: DestinationStream = { write: (line) => void process.stdout.write(line) };

/** Structured logs, one JSON object a line, on standard output unless told otherwise. */
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
