/** The SQL of the fields that are set of a device. */
import {
  DEVICE_FIELDS,
  type DeviceChanges,
  type DeviceFields,
  FIELD_NAMES,
  type FieldName,
} from './fields.ts';

/** The columns of a device `d` that `fieldsFromRow` reads. */
export const FIELD_COLUMNS = FIELD_NAMES.map((name) => {
  const field = DEVICE_FIELDS[name];
  const column = `d.${field.column}`;
  const read = 'read' in field ? `CASE WHEN ${column} IS NOT NULL THEN ${field.read(column)} END` : column;
  return `${read} AS "own.${name}"`;
}).join(', ');

export type FieldRow = { [K in FieldName as `own.${K}`]: DeviceFields[K] };

export function fieldsFromRow(row: FieldRow): DeviceFields {
  return Object.fromEntries(FIELD_NAMES.map((name) => [name, row[`own.${name}`]])) as unknown as DeviceFields;
}

/** For an INSERT: all columns, and their parameters by the names of the fields. */
export const NEW_COLUMNS = FIELD_NAMES.map((name) => DEVICE_FIELDS[name].column).join(', ');
export const NEW_PARAMETERS = FIELD_NAMES.map((name) => `$${name}`).join(', ');

/**
 * For an UPDATE: what is given is set, the rest stays. Two parameters each from `$first` on: whether it is given, and the value. So
 * one prepared statement serves all changes.
 */
export const changeFields = (names: readonly FieldName[], first: number): string =>
  names
    .map((name, index) => {
      const { column } = DEVICE_FIELDS[name];
      const given = first + 2 * index;
      return `${column} = CASE WHEN $${given}::boolean THEN $${given + 1} ELSE devices.${column} END`;
    })
    .join(', ');
export const changedValues = (names: readonly FieldName[], changes: DeviceChanges): unknown[] =>
  names.flatMap((name) => [changes[name] !== undefined, changes[name] ?? null]);

/** Among the parameters of `changeFields`, the one that says whether the field is given. */
export const isGiven = (name: FieldName, names: readonly FieldName[], first: number): string =>
  `$${first + 2 * names.indexOf(name)}::boolean`;
