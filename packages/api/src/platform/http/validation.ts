import { CVaultError, type InputFault } from '../errors.ts';
import { didYouMean } from '../text/nearest.ts';
import type { FastifySchemaCompiler, RouteOptions } from 'fastify';
import { z } from 'zod';
import { wordsFor } from './words.ts';

/** More would not help the caller, and would let a hostile one make answers large. */
const FAULTS_MAX = 32;
const POINTER_CHARACTERS_MAX = 200;

const PLACE: Readonly<Record<string, string>> = {
  querystring: 'query parameter: ',
  params: 'path parameter: ',
  headers: 'header: ',
};

/** RFC 6901. */
function pointerTo(path: readonly PropertyKey[]): string {
  const pointer = path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return pointer.slice(0, POINTER_CHARACTERS_MAX);
}

/** The value at a path of the input; undefined if there is none. */
function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const part of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part];
  return value;
}

/** Field names that the schema's object at a path knows. */
function namesAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  let at = schema as Node | undefined;
  for (const part of [...path, null]) {
    for (let inner = innerOf(at); inner !== undefined; inner = innerOf(at)) at = inner;
    if (part === null) break;
    at = typeof part === 'number' ? at?._zod?.def?.element : at?._zod?.def?.shape?.[String(part)];
  }
  return Object.keys(at?._zod?.def?.shape ?? {});
}

/** The parts of a zod schema that are walked through. */
interface Node {
  readonly _zod?: {
    readonly def?: {
      readonly innerType?: Node;
      readonly in?: Node;
      readonly element?: Node;
      readonly shape?: Readonly<Record<string, Node>>;
    };
  };
}
const innerOf = (node: Node | undefined): Node | undefined =>
  node?._zod?.def?.innerType ?? node?._zod?.def?.in;

interface Input {
  readonly data: unknown;
  readonly schema: unknown;
}

function faultsOf(issue: z.core.$ZodIssue, place: string, { data, schema }: Input): InputFault[] {
  if (issue.code === 'unrecognized_keys') {
    const known = namesAt(schema, issue.path);
    return issue.keys.slice(0, FAULTS_MAX).map((key) => ({
      pointer: pointerTo([...issue.path, key]),
      message: `${place}is not known here${didYouMean(key, known)}`,
    }));
  }
  const value = valueAt(data, issue.path);
  return [{ pointer: pointerTo(issue.path), message: place + wordsFor(issue, value) }];
}

type Issue = z.core.$ZodIssue;

/** Compares two bounds that one value breaks. Whole numbers have the bounds of 2^53 too. */
const isTighter = (one: Issue, than: Issue): boolean =>
  (one.code === 'too_big' && than.code === 'too_big' && one.maximum < than.maximum) ||
  (one.code === 'too_small' && than.code === 'too_small' && one.minimum > than.minimum);

/** Keeps one fault for each place: the first, or the tightest bound. Several rules may refuse the same value. */
function onePerPlace(issues: readonly Issue[]): Issue[] {
  const found = new Map<string, Issue>();
  for (const issue of issues) {
    const place = pointerTo(issue.path);
    const first = found.get(place);
    if (first === undefined || isTighter(issue, first)) found.set(place, issue);
  }
  return [...found.values()];
}

/**
 * Turns the faults of an input into an error that names them, but never repeats the input.
 * @param input the checked value and its schema
 */
export function invalidRequest(
  error: Pick<z.core.$ZodError, 'issues'>,
  part = 'body',
  input: Input = { data: undefined, schema: undefined },
): CVaultError {
  const place = PLACE[part] ?? '';
  const faults = onePerPlace(error.issues)
    .slice(0, FAULTS_MAX)
    .flatMap((issue) => faultsOf(issue, place, input));
  const [first] = faults;
  const where = first === undefined || first.pointer === '' ? '' : `${first.pointer}: `;
  const more = faults.length > 1 ? ` And ${faults.length - 1} more.` : '';
  const what = first?.message ?? 'The request is not valid';
  const stop = /[.?]$/.test(what) ? '' : '.';
  return new CVaultError('invalid_request', `${where}${what}${stop}${more}`, {
    faults: faults.slice(0, FAULTS_MAX),
  });
}

interface Place {
  readonly name: string;
  readonly within: Place | null;
}

function pathOf(place: Place | null): string[] {
  const path = [];
  for (let at = place; at !== null; at = at.within) path.push(at.name);
  return path.reverse();
}

/**
 * The path to a text or name with U+0000; null if there is none. PostgreSQL cannot store it (manual, section 8.3)
 * and would fail at an unexpected place. Iterative, since a body may be nested 30,000 deep.
 */
function pathToNul(data: unknown): string[] | null {
  const open: [value: unknown, place: Place | null][] = [[data, null]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, place] = next;
    if (typeof value === 'string' && value.includes('\0')) return pathOf(place);
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, inner] of Object.entries(value)) {
      if (name.includes('\0')) return pathOf(place);
      open.push([inner, { name, within: place }]);
    }
  }
  return null;
}

/**
 * Lets a POST omit a body whose fields are all optional; it becomes an empty object. PATCH must name its changes.
 * Fastify represents a missing body as null.
 */
function bodyOf(data: unknown, schema: z.ZodType): unknown {
  return data === null || data === undefined ? (schema.safeParse({}).success ? {} : data) : data;
}

const NO_PARAMETERS = z.strictObject({});

/**
 * Makes a route without query parameters refuse all of them. Routes with parameters already refuse others. Probes and pages
 * outside the API are left alone: load balancers and browsers add parameters of their own.
 */
export function takeNoOtherParameters(route: RouteOptions): void {
  if (!route.url.startsWith('/api/') || route.schema?.querystring !== undefined) return;
  route.schema = { ...route.schema, querystring: NO_PARAMETERS };
}

/** Validates each part of a request against the route's schema, and returns the schema's output. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, method, httpPart }) => {
  const mayLackBody = httpPart === 'body' && method === 'POST';
  return (data: unknown) => {
    const path = pathToNul(data);
    if (path !== null) {
      const issue = { code: 'custom', path, message: 'must not hold the character U+0000' } as const;
      return { error: invalidRequest({ issues: [issue] }, httpPart) };
    }
    const input = mayLackBody ? bodyOf(data, schema) : data;
    const result = schema.safeParse(input);
    if (result.success) return { value: result.data };
    return { error: invalidRequest(result.error, httpPart, { data: input, schema }) };
  };
};
