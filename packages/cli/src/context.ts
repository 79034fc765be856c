import type { CVaultClient } from '@cvault/sdk';

/** What every command gets. */
export interface Context {
  /** Made at the first call: `--help` needs none. @throws Failure */
  readonly api: () => CVaultClient;
  /** Progress, for a person: standard error. */
  readonly say: (line: string) => void;
  /** The result, for a person or a program: standard output. */
  readonly print: (text: string) => void;
  /**
   * Asks before something is destroyed for good.
   * @param what will happen, as one sentence
   * @param yes the operator said so beforehand
   * @throws Failure where the answer is no, or nobody is there to answer
   */
  readonly confirm: (what: string, yes: boolean | undefined) => Promise<void>;
}
