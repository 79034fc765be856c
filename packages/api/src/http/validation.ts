import { CVaultError, type InputFault } from '@cvault/core';
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';

/** More would only repeat what a caller has to correct anyway, and let a hostile one make us write much. */
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

function faultsOf(issue: z.core.$ZodIssue, place: string): InputFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerTo([...issue.path, key]),
      message: `${place}is not known here`,
    }));
  }
  return [{ pointer: pointerTo(issue.path), message: place + issue.message }];
}

/** The faults of an input as a problem. Says what is wrong with it, never what was sent. */
export function invalidRequest(error: Pick<z.core.$ZodError, 'issues'>, part = 'body'): CVaultError {
  const place = PLACE[part] ?? '';
  const faults = error.issues.slice(0, FAULTS_MAX).flatMap((issue) => faultsOf(issue, place));
  const [first] = faults;
  const where = first === undefined || first.pointer === '' ? '' : `${first.pointer}: `;
  const more = faults.length > 1 ? ` And ${faults.length - 1} more.` : '';
  return new CVaultError(
    'invalid_request',
    `${where}${first?.message ?? 'The request is not valid'}.${more}`,
    {
      faults: faults.slice(0, FAULTS_MAX),
    },
  );
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
 * The path to a text or a name with U+0000; null without one. PostgreSQL stores no text with it (section 8.3 of its manual)
 * and refuses it where nobody expects a refusal any more. Without recursion: a body may be nested 30,000 deep.
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
 * A body whose fields are all optional may be left out: it is an empty object then. Fastify says null for a body that is not
 * there.
 */
function bodyOf(data: unknown, schema: z.ZodType): unknown {
  return data === null || data === undefined ? (schema.safeParse({}).success ? {} : data) : data;
}

/** Checks every part of a request against the route's schema, and hands on what the schema made of it. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data: unknown) => {
    const path = pathToNul(data);
    if (path !== null) {
      const issue = { code: 'custom', path, message: 'must not hold the character U+0000' } as const;
      return { error: invalidRequest({ issues: [issue] }, httpPart) };
    }
    const result = schema.safeParse(httpPart === 'body' ? bodyOf(data, schema) : data);
    return result.success ? { value: result.data } : { error: invalidRequest(result.error, httpPart) };
  };
};
