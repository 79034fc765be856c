/** Exit codes, for scripts. */
export const EXIT = {
  failed: 1,
  usage: 2,
  notFound: 3,
  forbidden: 4,
  conflict: 5,
  rateLimited: 6,
  unreachable: 7,
  partlyDone: 8,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error shown without a stack: what was wrong and what to do. */
export class Failure extends Error {
  readonly exitCode: ExitCode;

  constructor(
    message: string,
    { exitCode = EXIT.failed, cause }: { exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}
