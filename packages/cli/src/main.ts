import { readFileSync } from 'node:fs';
import type { CVaultClient } from '@cvault/sdk';
import { connect, findConnection } from './connection.ts';
import { createProgram, explain } from './program.ts';

let client: CVaultClient | undefined;
const program = createProgram({
  api: () =>
    (client ??= connect(
      findConnection({ environment: process.env, readFile: (path) => readFileSync(path, 'utf8') }),
    )),
  say: (line) => process.stderr.write(`cvault: ${line}\n`),
  print: (text) => process.stdout.write(text),
});

try {
  await program.parseAsync();
} catch (error) {
  const words = explain(error);
  if (words === null) throw error;
  process.stderr.write(`cvault: ${words}\n`);
  process.exitCode = 1;
}
