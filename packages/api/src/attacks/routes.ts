export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface Route {
  readonly method: Method;
  readonly url: string;
  readonly access: string;
  readonly scope: string | undefined;
  /** Fields of the body; null without a body. */
  readonly fields: readonly string[] | null;
  /** Query parameters. */
  readonly parameters: readonly string[];
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: object;
}
export interface OpenApiDocument {
  readonly paths: Record<
    string,
    Record<
      string,
      {
        readonly security: readonly object[];
        readonly 'x-scopes'?: readonly string[];
        readonly parameters?: readonly { readonly in: string; readonly name: string }[];
        readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
      }
    >
  >;
  readonly components: { readonly schemas: Record<string, Schema> };
}

const ACCESS: Readonly<Record<string, string>> = {
  '': 'public',
  ApiKey: 'tenant',
  'ApiKey,UserToken': 'user',
  AdminKey: 'admin',
};

/** Reads the routes from the OpenAPI document, which has all of them: an undeclared route stops the start. */
export function routesOf({ paths, components }: OpenApiDocument): Route[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const body = operation.requestBody?.content['application/json']?.schema;
      const schema = body?.$ref === undefined ? body : components.schemas[body.$ref.split('/').at(-1)!];
      return {
        method: method.toUpperCase() as Method,
        url: path.replace(/\{(\w+)\}/g, ':$1'),
        access: ACCESS[operation.security.flatMap((schemes) => Object.keys(schemes)).join()]!,
        scope: operation['x-scopes']?.[0],
        fields: schema === undefined ? null : Object.keys(schema.properties ?? {}),
        parameters: (operation.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name),
      };
    }),
  );
}

export const nameOf = ({ method, url }: Pick<Route, 'method' | 'url'>) => `${method} ${url}`;
