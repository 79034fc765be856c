import type { CVaultClient } from '@cvault/sdk';

/** What every command gets. */
export interface Context {
  /** Made at the first call: `--help` needs none. @throws Failure */
  readonly api: () => CVaultClient;
  /** Progress, for a person: standard error. */
  readonly say: (line: string) => void;
  /** The result, for a person or a program: standard output. */
  readonly print: (text: string) => void;
}
