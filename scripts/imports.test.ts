/** The architecture, checked: who may import whom, each rule with its reason. Tests may import anything. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

interface Rule {
  /** Files below this folder … */
  readonly folder: string;
  /** … may import these workspace packages … */
  readonly packages: readonly string[];
  /** … and, of their own package, files below these folders (their own is always allowed). All where absent. */
  readonly folders?: readonly string[];
  /** Packages from npm and of Node.js; all where absent. */
  readonly external?: readonly string[];
  readonly why: string;
}

const API = 'packages/api/src';
const DRIVERS = ['pg', 'ioredis', 'ssh2', '@prisma/client', '@prisma/adapter-pg'];

const RULES: readonly Rule[] = [
  {
    folder: 'packages/wireguard/src',
    packages: [],
    external: ['node:crypto', 'node:net'],
    why: 'pure: keys and texts, of use to every other part and to other products',
  },
  {
    folder: 'packages/protocol/src',
    packages: [],
    external: ['node:crypto', 'node:net', 'zod'],
    why: 'pure: both ends of the wire read the same words',
  },
  {
    folder: 'packages/core/src',
    packages: ['wireguard'],
    external: [
      'fastest-levenshtein',
      'node:async_hooks',
      'node:crypto',
      'node:diagnostics_channel',
      'node:util',
      'node:zlib',
      'zod',
      'uuid',
    ],
    why: 'the domain does no I/O, so that its rules can be read and tested alone',
  },
  {
    folder: 'packages/agent/src',
    packages: ['wireguard', 'protocol'],
    why: 'it is shipped to VPN servers as one file',
  },
  { folder: 'packages/sdk/src', packages: [], why: 'it is shipped to customers' },
  {
    folder: 'packages/cli/src',
    packages: ['sdk'],
    why: 'the operator’s tool can do what the API can, and nothing else',
  },
  {
    folder: `${API}/features`,
    packages: ['core', 'wireguard'],
    folders: [`${API}/http`],
    why: 'a route validates, calls one service and answers: no driver, no other feature',
  },
  {
    folder: `${API}/http`,
    packages: ['core'],
    why: 'knows HTTP and the domain’s words',
    folders: [],
  },
  {
    folder: `${API}/postgres`,
    packages: ['core', 'wireguard'],
    folders: [],
    why: 'one driver, one folder',
  },
  { folder: `${API}/redis`, packages: ['core'], folders: [], why: 'one driver, one folder' },
  {
    folder: `${API}/ssh`,
    packages: ['core', 'protocol'],
    folders: [`${API}/links`],
    why: 'one driver, one folder',
  },
  {
    folder: `${API}/outbound`,
    packages: ['core'],
    folders: [],
    external: ['node:dns/promises', 'node:http', 'node:https', 'node:net', 'ipaddr.js'],
    why: 'the only way to addresses that tenants choose is short enough to be read whole',
  },
  {
    folder: `${API}/links`,
    packages: ['core', 'protocol', 'wireguard', 'agent'],
    folders: [],
    why: 'the way to VPN servers knows transports by their interface alone',
  },
];

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('/testing/') && !file.includes('/generated/'));
}

function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(join(ROOT, file), 'utf8'), true, true)
    .importedFiles.map((found) => found.fileName);
}

/** Why `file` may not import `name`; null where it may. */
function faultOf(rule: Rule, file: string, name: string): string | null {
  if (name.startsWith('.')) {
    const target = relative(ROOT, resolve(ROOT, dirname(file), name));
    const allowed = [rule.folder, ...(rule.folders ?? ['packages'])];
    return allowed.some((folder) => target.startsWith(`${folder}/`) || target === folder) ? null : target;
  }
  if (name.startsWith('@cvault/')) {
    return rule.packages.includes(name.split('/')[1] ?? '') ? null : name;
  }
  return rule.external === undefined || rule.external.includes(name) ? null : name;
}

describe('imports', () => {
  for (const rule of RULES) {
    test(`${rule.folder}: ${rule.why}`, () => {
      const faults = filesBelow(rule.folder).flatMap((file) =>
        importsOf(file)
          .map((name) => faultOf(rule, file, name))
          .filter((fault) => fault !== null)
          .map((fault) => `${file} imports ${fault}`),
      );
      expect(faults).toEqual([]);
    });
  }

  test('drivers are imported by their own folders, and by wiring', () => {
    const allowed = [`${API}/postgres/`, `${API}/redis/`, `${API}/ssh/`];
    const faults = filesBelow(API)
      .filter((file) => !allowed.some((folder) => file.startsWith(folder)))
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => DRIVERS.includes(name))
          .map((name) => `${file} imports ${name}`),
      );
    expect(faults).toEqual([]);
  });

  test('nothing but `outbound` speaks HTTP to others', () => {
    const clients = ['node:http', 'node:https', 'http', 'https', 'undici'];
    const ofServers = new Set(
      'STATUS_CODES createServer IncomingMessage RequestListener Server ServerOptions ServerResponse'.split(
        ' ',
      ),
    );
    /** Imports from node:http by name, all of them what servers need. */
    const servesOnly = (text: string) => {
      const imports = [...text.matchAll(/^import\s+(?:type\s+)?\{([^}]*)\}\s+from 'node:http';$/gm)];
      const names = imports.flatMap((match) => match[1]!.split(',').map((name) => name.trim()));
      return names.filter((name) => name !== '').every((name) => ofServers.has(name.replace(/^type\s+/, '')));
    };
    const faults = filesBelow(API)
      .filter((file) => !file.startsWith(`${API}/outbound/`) && !file.startsWith(`${API}/demo/`))
      .filter((file) => {
        const text = readFileSync(join(ROOT, file), 'utf8');
        return (
          importsOf(file).some(
            (name) => clients.includes(name) && (name !== 'node:http' || !servesOnly(text)),
          ) || /\bfetch\(|\bcreateRemoteJWKSet\((?![\s\S]*customFetch)/.test(text)
        );
      });
    expect(faults).toEqual([]);
  });

  test('one feature does not import another', () => {
    const faults = filesBelow(`${API}/features`).flatMap((file) =>
      importsOf(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => relative(`${API}/features`, join(dirname(file), name)))
        .filter(
          (target) =>
            !target.startsWith('..') &&
            target.split('/')[0] !== relative(`${API}/features`, file).split('/')[0],
        )
        .map((target) => `${file} imports ${target}`),
    );
    expect(faults).toEqual([]);
  });
});

test('no package or folder is called after nothing in particular', () => {
  const vague = /(^|\/)(utils?|common|helpers?|misc|shared)(\/|$)/;
  const folders = readdirSync(join(ROOT, 'packages'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((folder) => !folder.includes('node_modules') && !folder.includes('dist'));
  expect(folders.filter((folder) => vague.test(folder))).toEqual([]);
});
