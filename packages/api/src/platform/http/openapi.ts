import { STATUS_CODES } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import swagger from '@fastify/swagger';
import fp from 'fastify-plugin';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { Access } from './access.ts';
import { PROBLEM_MEDIA_TYPE } from './problem.ts';
import { Problem } from './schemas/problem.ts';

type Schemas = Record<string, unknown>;

interface Response {
  description?: string;
  content?: Record<string, { schema?: unknown }>;
}

interface Body {
  content: Record<string, { schema?: unknown }>;
  required?: boolean;
}

interface Operation {
  requestBody?: Body | { $ref: string };
  responses?: Record<string, Response | { $ref: string }>;
}

/** The parts of an OpenAPI document that are changed here. */
interface Document {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Schemas };
}

const SECURITY: Readonly<Record<Access, Record<string, []>[]>> = {
  public: [],
  tenant: [{ ApiKey: [] }],
  user: [{ ApiKey: [], UserToken: [] }],
  admin: [{ AdminKey: [] }],
};

const SECURITY_SCHEMES = {
  ApiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'A tenant’s key: `cv_live_…` or `cv_test_…`.',
  },
  UserToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An end user’s `accessToken`, 15 minutes.',
  },
  AdminKey: { type: 'http', scheme: 'bearer', description: 'The operator’s key: `cv_admin_…`.' },
} as const;

const TAGS = [
  { name: 'Authentication', description: 'Sign users up, in and out' },
  { name: 'Users', description: 'The signed-in user' },
  { name: 'Devices', description: 'The user’s devices and their WireGuard configurations' },
  { name: 'VPN', description: 'Connect, disconnect, and what is connected' },
  { name: 'Usage', description: 'Data that devices sent and received' },
  { name: 'Webhooks', description: 'Where a tenant’s backend hears of events' },
  { name: 'Privacy', description: 'Export and erasure of a user’s data' },
  { name: 'Health', description: 'Whether the API runs and can answer' },
  { name: 'API keys (tenant)', description: 'A tenant’s own API keys' },
  { name: 'Tenants (operator)', description: 'The operator’s tenants and their API keys' },
  { name: 'VPN servers (operator)', description: 'The operator’s VPN servers and their pools' },
];

const REFERENCE = '#/components/schemas/';
/** The component name of the error schema. Importing the schema registers it with zod. */
const PROBLEM = Problem.meta()!.id!;

/** Names of the components that a part of the document refers to. */
function namesIn(part: unknown): string[] {
  return [...JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
    (match) => match[1] ?? '',
  );
}

/** Components that the paths refer to, directly or indirectly. */
function reachable(document: Document, schemas: Schemas): Set<string> {
  const found = new Set<string>();
  const left = [...namesIn(document.paths), PROBLEM];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    left.push(...namesIn(schemas[name] ?? null));
  }
  return found;
}

/**
 * zod describes each named schema twice: `XInput` and `X`. Keeps the ones in use; if one is enough, it gets the
 * plain name, which generated clients show.
 */
export function mergeInputSchemas(document: Document): Document {
  const schemas: Schemas = document.components?.schemas ?? {};
  const used = reachable(document, schemas);
  const renamed = new Map<string, string>();
  for (const name of used) {
    if (!name.endsWith('Input') || !(name.slice(0, -5) in schemas)) continue;
    const plain = name.slice(0, -5);
    if (!used.has(plain) || isDeepStrictEqual(schemas[name], schemas[plain])) renamed.set(name, plain);
  }
  const kept: Schemas = {};
  for (const name of [...used].sort()) {
    const plain = renamed.get(name) ?? name;
    kept[plain] ??= schemas[name];
  }
  const merged = { ...document, components: { ...document.components, schemas: kept } };
  return JSON.parse(JSON.stringify(merged), (_key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(REFERENCE)) return value;
    const name = value.slice(REFERENCE.length);
    return REFERENCE + (renamed.get(name) ?? name);
  }) as Document;
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

/**
 * The plugin marks every body that is a component as required. A body without required fields is optional: see
 * validation.ts.
 */
function bodyIsOptional(document: Document, body: Body): boolean {
  const schemas: Schemas = document.components?.schemas ?? {};
  return Object.values(body.content).every(({ schema }) => {
    const name = JSON.stringify(schema ?? {}).match(/^{"\$ref":"#\/components\/schemas\/([^"]+)"}$/)?.[1];
    const described = (name === undefined ? schema : schemas[name]) as { required?: string[] } | undefined;
    return described !== undefined && (described.required ?? []).length === 0;
  });
}

/** Adds the parts that all operations share. */
function completeOperations(document: Document): Document {
  for (const path of Object.values(document.paths ?? {})) {
    for (const method of METHODS) {
      const responses = path[method]?.responses;
      if (responses === undefined) continue;
      const body = path[method]?.requestBody;
      // PATCH needs its body: a change without fields is refused.
      if (method === 'post' && body !== undefined && !('$ref' in body) && bodyIsOptional(document, body)) {
        body.required = false;
      }
      for (const [status, response] of Object.entries(responses)) {
        if ('$ref' in response) continue;
        // The plugin's default for a schema without a description.
        if (response.description === 'Default Response')
          response.description = STATUS_CODES[status] ?? status;
        if (status === '204') delete response.content;
        // The plugin gives all types of `schema.produces` the same schema. Types other than JSON are text or
        // images.
        for (const [type, media] of Object.entries(response.content ?? {})) {
          if (!type.includes('json')) media.schema = { type: 'string' };
        }
      }
      responses['default'] = { $ref: '#/components/responses/Problem' };
    }
  }
  return document;
}

const describe = createJsonSchemaTransform({});
const addComponents = createJsonSchemaTransformObject({});

/** Describes all routes that are registered after it, as OpenAPI 3.1. */
export const openApi = fp<{ version: string; publicUrl: string }>(async (app, { version, publicUrl }) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'CVault',
        version,
        description:
          'VPN as an API. Errors are RFC 9457 problems with a `code` from a closed set; see /docs/errors. Times are ISO 8601 in UTC.',
      },
      servers: [{ url: publicUrl === '' ? '/' : publicUrl }],
      tags: TAGS,
      components: {
        securitySchemes: SECURITY_SCHEMES,
        responses: {
          Problem: {
            description: 'The request failed; `code` says why',
            content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: `${REFERENCE}${PROBLEM}` } } },
          },
        },
      },
    },
    transform: (input) => {
      const { schema, url } = describe(input);
      if (schema.hide === true) return { schema, url };
      for (const field of ['operationId', 'summary', 'tags'] as const) {
        if (schema[field] === undefined) throw new Error(`${input.url} does not declare schema.${field}`);
      }
      const { access = 'public', scope } = input.route.config ?? {};
      const security = SECURITY[access];
      // An API key is not an OAuth client, so OpenAPI's security scopes do not apply.
      return {
        schema: { ...schema, security, ...(scope === undefined ? {} : { 'x-scopes': [scope] }) },
        url,
      };
    },
    transformObject: (document) =>
      completeOperations(mergeInputSchemas(addComponents(document) as Document)) as never,
  });
});
