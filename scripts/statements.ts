/**
 * Finds the SQL of the control plane: each call that sends a statement, the text it sends, and the row type it declares. Texts are
 * made by the code itself: the argument of the call, with what is local to its function filled in, runs inside its own module.
 */
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import ts from 'typescript';
import type * as Texts from './statement-texts.ts';
import { StatementWriter } from './statement-writer.ts';

const ROOT = resolve(import.meta.dirname, '..');
const API = join(ROOT, 'packages/api');

/** A field of a row type: how JavaScript sees it, and whether it may be null. */
export interface Field {
  readonly kind: string;
  readonly nullable: boolean;
}

export interface Statement {
  /** Path and line of the call. */
  readonly at: string;
  /** Null where the call declares no row type, or one that is its caller's. */
  readonly fields: Readonly<Record<string, Field>> | null;
  /** Every text that the call can send; those parts of it that its caller chooses are filled in from the calls in its file. */
  readonly texts: readonly string[];
  /** Why a text could not be made; null where all could. */
  readonly fault: string | null;
}

/** Files that send the statements of others and have none of their own. */
const NOT_THEIRS =
  /\/(testing|attacks|demo)\/|\.test\.ts$|platform\/db\/(database|transaction|tenancy|migrations|functions|migrate|embedded|roles)\.ts$/;

function openProgram(): ts.Program {
  const config = ts.readConfigFile(join(API, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const parsed = ts.parseJsonConfigFileContent(config.config, ts.sys, API);
  return ts.createProgram({
    rootNames: parsed.fileNames,
    options: { ...parsed.options, noEmit: true, customConditions: ['cvault-source'] },
  });
}

/** How JavaScript sees a value of the type. */
function kindOf(checker: ts.TypeChecker, type: ts.Type): string {
  if (type.isUnion()) {
    const kinds = new Set(type.types.map((one) => kindOf(checker, one)));
    return kinds.size === 1 ? [...kinds][0]! : [...kinds].sort().join(' | ');
  }
  if (type.flags & ts.TypeFlags.StringLike) return 'string';
  if (type.flags & ts.TypeFlags.NumberLike) return 'number';
  if (type.flags & ts.TypeFlags.BooleanLike) return 'boolean';
  if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return 'any';
  if (type.isIntersection()) return 'string';
  if (checker.isArrayType(type))
    return `${kindOf(checker, checker.getTypeArguments(type as ts.TypeReference)[0]!)}[]`;
  const name = type.getSymbol()?.name ?? '';
  return name === 'Date' || name === 'Buffer' ? name : 'object';
}

function fieldsOf(checker: ts.TypeChecker, node: ts.TypeNode | undefined): Record<string, Field> | null {
  if (node === undefined) return null;
  const type = checker.getTypeFromTypeNode(node);
  if (type.flags & ts.TypeFlags.TypeParameter) return null;
  return Object.fromEntries(
    checker.getPropertiesOfType(type).map((property) => {
      const whole = checker.getTypeOfSymbol(property);
      const nullable = checker.getNonNullableType(whole) !== whole;
      return [property.name, { kind: kindOf(checker, checker.getNonNullableType(whole)), nullable }];
    }),
  );
}

/** The argument of the call that is SQL; undefined where the call sends none. */
function sqlOf(checker: ts.TypeChecker, call: ts.CallExpression): ts.Expression | undefined {
  // Other things have a `query`, too.
  if (!checker.typeToString(checker.getTypeAtLocation(call)).includes('QueryResult')) return undefined;
  const callee = call.expression;
  if (ts.isPropertyAccessExpression(callee)) {
    return callee.name.text === 'query' ? call.arguments[0] : undefined;
  }
  // `askAsTenant`, and what a file makes of it for itself: both name the parameter.
  const parameters = checker.getResolvedSignature(call)?.parameters ?? [];
  const place = parameters.findIndex(({ name }) => ['query', 'sql'].includes(name));
  return call.arguments[place];
}

/** Every statement of the control plane. */
export async function findStatements(): Promise<Statement[]> {
  const program = openProgram();
  const checker = program.getTypeChecker();
  const writer = new StatementWriter(checker);
  const calls = new Map<string, string[]>();
  const declared = new Map<string, Statement['fields']>();
  for (const source of program.getSourceFiles()) {
    if (!source.fileName.startsWith(join(API, 'src/')) || NOT_THEIRS.test(source.fileName)) continue;
    const visit = (node: ts.Node): void => {
      const sql = ts.isCallExpression(node) ? sqlOf(checker, node) : undefined;
      if (sql !== undefined && ts.isCallExpression(node)) {
        const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
        const at = `${relative(join(API, 'src'), source.fileName)}:${line}`;
        declared.set(at, fieldsOf(checker, node.typeArguments?.[0]));
        const lines = calls.get(source.fileName) ?? [];
        lines.push(`__.found.push([${JSON.stringify(at)}, () => ${writer.write(sql)}]);`);
        calls.set(source.fileName, lines);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  const found = await runWith(calls);
  return found.map((one) => ({ ...one, fields: declared.get(one.at) ?? null }));
}

/** Loads the files with the calls written below them, and makes the texts of each. */
async function runWith(
  calls: ReadonlyMap<string, readonly string[]>,
): Promise<{ at: string; texts: string[]; fault: string | null }[]> {
  const outfile = join(ROOT, 'node_modules/.cache/cvault-statements.mjs');
  const texts = JSON.stringify(join(import.meta.dirname, 'statement-texts.ts'));
  const imports = [...calls.keys()].map((file) => `import ${JSON.stringify(file)};`);
  await build({
    stdin: {
      contents: [...imports, `export { found, textsOf } from ${texts};`].join('\n'),
      resolveDir: ROOT,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    // The source of other workspaces, not what was built of it once.
    conditions: ['cvault-source'],
    outfile,
    logLevel: 'error',
    plugins: [
      {
        name: 'calls',
        setup(plugins) {
          plugins.onResolve({ filter: /^[^./]/ }, ({ path }) =>
            path.startsWith('@cvault/') ? undefined : { path, external: true },
          );
          plugins.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
            const lines = calls.get(path);
            const source = await readFile(path, 'utf8');
            return {
              contents:
                lines === undefined ? source : [source, `import * as __ from ${texts};`, ...lines].join('\n'),
              loader: 'ts',
            };
          });
        },
      },
    ],
  });
  const { found, textsOf } = (await import(pathToFileURL(outfile).href)) as typeof Texts;
  return found.map(([at, make]) => {
    try {
      return { at, texts: textsOf(make), fault: null };
    } catch (error) {
      return { at, texts: [], fault: (error as Error).message };
    }
  });
}
