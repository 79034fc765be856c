/**
 * Checks that every dependency is pinned by hash, comes from the registry and has an agreed licence, and that git
 * contains no secrets. `--sbom FILE` writes the list of production components (CycloneDX). Known vulnerabilities
 * are checked by `npm run advisories`: they change without a commit, so they do not fail a build.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine } from '@secretlint/node';
import { ROOT } from './prepare.mjs';

/** SPDX names. None of them requires publishing the source of a product. */
const LICENCES = new Set([
  ...[
    'MIT',
    'MIT-0',
    'ISC',
    'Apache-2.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'BlueOak-1.0.0',
    '0BSD',
    'Unlicense',
  ],
  '(MIT OR Apache-2.0)',
]);
/** Its comments `secretlint-disable-next-line` name what is made up, so that a real one in the same file is still found. */
const SECRET_RULES = ['@secretlint/secretlint-rule-preset-recommend'];

/** Packages whose bytes the lock file does not determine. */
function loosePackages() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
    .filter(
      ([, { integrity, resolved = 'https:' }]) =>
        !/^sha512-[\w+/]{86}==$/.test(integrity ?? '') || !resolved.startsWith('https:'),
    )
    .map(([path]) => `package-lock.json: ${path} has no SHA-512, or is not from the registry`);
}

/** CycloneDX 1.5 for production dependencies. */
function listComponents() {
  const options = ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'];
  return execFileSync('npm', options, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 << 20 });
}

const isOurs = ({ purl }) => purl.startsWith('pkg:npm/%40cvault/');

function otherLicences(sbom) {
  return JSON.parse(sbom)
    .components.filter((component) => !isOurs(component))
    .map(({ name, version, licenses = [] }) => ({
      what: `${name}@${version}`,
      names: licenses.map(({ license, expression }) => expression ?? license.id ?? license.name),
    }))
    .filter(({ names }) => names.length === 0 || !names.every((name) => LICENCES.has(name)))
    .map(({ what, names }) => `${what}: its licence (${names.join(', ') || 'none named'}) was not agreed to`);
}

async function secretsInGit() {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
  const engine = await createEngine({
    cwd: ROOT,
    formatter: 'json',
    color: false,
    maskSecrets: true,
    configFileJSON: { rules: SECRET_RULES.map((id) => ({ id })) },
  });
  const filePathList = tracked
    .split('\0')
    .filter(Boolean)
    .map((file) => join(ROOT, file));
  const { ok, output } = await engine.executeOnFiles({ filePathList });
  if (ok) return [];
  return JSON.parse(output).flatMap(({ filePath, messages }) =>
    messages.map(({ loc, message }) => `${filePath}:${loc.start.line}: ${message}`),
  );
}

const { values } = parseArgs({ options: { sbom: { type: 'string' } } });
const sbom = listComponents();
if (values.sbom !== undefined) writeFileSync(values.sbom, sbom);
const findings = [...loosePackages(), ...otherLicences(sbom), ...(await secretsInGit())];
for (const finding of findings) process.stderr.write(`${finding}\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
