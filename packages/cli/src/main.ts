import { readFileSync } from 'node:fs';
import type { CVaultClient } from '@cvault/sdk';
import { CommanderError } from 'commander';
import { createConfirm } from './confirm.ts';
import { connect, findConnection } from './connection.ts';
import { explain } from './explain.ts';
import { EXIT } from './failure.ts';
import { createProgram } from './program.ts';

// Nobody reads what the command says: it says nothing more.
process.stderr.on('error', () => undefined);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A pipe closes when its reader has what it wanted.
  if (error.code !== 'EPIPE') {
    const [, words = error.message] = /^\w+: ([^,]+)/.exec(error.message) ?? [];
    process.stderr.write(`cvault: cannot write: ${words}\n`);
  }
  process.exit(EXIT.failed);
});

let client: CVaultClient | undefined;
const program = createProgram({
  api: () =>
    (client ??= connect(
      findConnection({ environment: process.env, readFile: (path) => readFileSync(path, 'utf8') }),
    )),
  say: (line) => process.stderr.write(`cvault: ${line}\n`),
  print: (text) => process.stdout.write(text),
  confirm: createConfirm({ input: process.stdin, output: process.stderr }),
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has already printed the message; requested help is not an error.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  } else {
    const explained = explain(error);
    if (explained === null) throw error;
    process.stderr.write(`cvault: ${explained.words}\n`);
    process.exitCode = explained.exitCode;
  }
}
