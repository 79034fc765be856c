import type pg from 'pg';

/** A statement with named parameters. */
export interface NamedStatement<Values extends object> {
  /** As PostgreSQL gets it. */
  readonly text: string;
  /** The statement with its parameters. Values that it has no parameter for are left out. */
  with(values: Values): pg.QueryConfig;
}

const PARAMETER = /(?<!\$)\$([a-z][A-Za-z0-9]*)/g;

/**
 * A statement that each connection prepares once. A parameter is written `$tenantId` wherever it is needed; PostgreSQL gets `$1`, `$2` in the
 * order of their first use.
 * @param name what it is prepared as: another text wants another name
 * @throws Error from `with`, where the values have no field of a parameter's name
 */
export function named<Values extends object>(name: string, template: string): NamedStatement<Values> {
  const parameters: string[] = [];
  const text = template.replaceAll(PARAMETER, (_, parameter: string) => {
    if (!parameters.includes(parameter)) parameters.push(parameter);
    return `$${parameters.indexOf(parameter) + 1}`;
  });
  const valueIn = (values: Values, parameter: string): unknown => {
    if (parameter in values) return values[parameter as keyof Values];
    throw new Error(`The statement ${name} needs a value for $${parameter}.`);
  };
  return {
    text,
    with: (values) => ({ name, text, values: parameters.map((parameter) => valueIn(values, parameter)) }),
  };
}
