/**
 * Schemathesis fuzzes the API from openapi.json. It is a Python program, installed with its dependencies in its own
 * folder.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installDebianPackages, ROOT, say, Stop } from './prepare.mjs';

const FOLDER = join(ROOT, 'node_modules/.cvault-schemathesis');
const REQUIREMENTS = join(ROOT, 'e2e/fuzz/requirements.txt');

const run = (command, args) => spawnSync(command, args, { stdio: ['ignore', 'ignore', 2] }).status === 0;

/**
 * Debian’s python3 needs another package to create virtual environments, and reports this only when asked to create
 * one.
 */
async function makeFolder() {
  const make = () => {
    rmSync(FOLDER, { recursive: true, force: true });
    return run('python3', ['-m', 'venv', FOLDER]);
  };
  if (make()) return;
  await installDebianPackages(['python3-venv']);
  if (!make()) throw new Stop('Python 3.10 or newer with its module venv is needed (Debian: python3-venv).');
}

/**
 * Installs the versions in e2e/fuzz/requirements.txt if necessary; none of them runs code during installation.
 * Returns the program's path.
 */
export async function installSchemathesis() {
  const program = join(FOLDER, 'bin/schemathesis');
  const stamp = join(FOLDER, '.installed');
  const key = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  if (existsSync(program) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return program;
  say('installing Schemathesis (once) …');
  await makeFolder();
  const options = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
  if (!run(join(FOLDER, 'bin/pip'), ['install', ...options, '--requirement', REQUIREMENTS])) {
    throw new Stop('Schemathesis could not be installed (see above).');
  }
  writeFileSync(stamp, key);
  return program;
}
