import { createInterface } from 'node:readline/promises';
import type { Context } from './context.ts';
import { EXIT, Failure } from './failure.ts';

export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Asks on the terminal. Without one, only `--yes` counts. */
export function createConfirm({ input, output }: Terminal): Context['confirm'] {
  return async (what, yes) => {
    if (yes === true) return;
    if (input.isTTY !== true || output.isTTY !== true) {
      throw new Failure(
        `${what} There is no terminal to ask on: repeat with --yes if that is what you want.`,
        {
          exitCode: EXIT.usage,
        },
      );
    }
    const asking = createInterface({ input, output });
    try {
      const answer = await asking.question(`cvault: ${what} Go on? [y/N] `);
      if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('nothing was changed');
    } finally {
      asking.close();
    }
  };
}
