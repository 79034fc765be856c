import { readFile } from 'node:fs/promises';
import { Secret } from '../../packages/api/src/platform/crypto/secret.ts';
import { mustRun } from './program.ts';

export interface ControlKeyFile {
  readonly file: string;
  readonly privateKey: Secret<string>;
  /** One line without a comment. */
  readonly publicKey: string;
}

/** A key pair for the control plane, created by OpenSSH in a file for its tools. */
export async function makeControlKey(file: string): Promise<ControlKeyFile> {
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file]);
  return {
    file,
    privateKey: new Secret(await readFile(file, 'utf8')),
    publicKey: (await readFile(`${file}.pub`, 'utf8')).trim(),
  };
}
