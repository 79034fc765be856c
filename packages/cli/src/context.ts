import type { CVaultClient } from '@cvault/sdk';

/** The environment of every command. */
export interface Context {
  /** Connects at the first call, since `--help` needs no API. @throws Failure */
  readonly api: () => CVaultClient;
  /** Progress for people, on standard error. */
  readonly say: (line: string) => void;
  /** Results for people and programs, on standard output. */
  readonly print: (text: string) => void;
  /**
   * Asks for confirmation before something is destroyed.
   * @param what one sentence about the consequences
   * @param yes whether the operator passed `--yes`
   * @throws Failure if the answer is no, or without a terminal
   */
  readonly confirm: (what: string, yes: boolean | undefined) => Promise<void>;
}
