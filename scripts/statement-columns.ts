/** The columns of a statement and their types, from PostgreSQL without running the statement. */
import type pg from 'pg';

export interface Column {
  readonly name: string;
  /** How JavaScript sees it, in the words of `Field.kind`. */
  readonly kind: string;
  /** A column of a table that may be null there. */
  readonly nullable: boolean;
}

interface FieldDescription {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
}

/** The part of the driver's connection that is used here. */
interface Connection {
  parse(query: { text: string; name: string; types: number[] }): void;
  describe(what: { type: 'S'; name: string }): void;
  sync(): void;
}

/** Asks for a description instead of rows: Parse, Describe, Sync. The driver calls these methods by their names. */
class Description {
  fields: FieldDescription[] | null = null;
  readonly #settle: (error: Error | null, fields: FieldDescription[] | null) => void;
  readonly #text: string;

  constructor(text: string, settle: (error: Error | null, fields: FieldDescription[] | null) => void) {
    this.#text = text;
    this.#settle = settle;
  }

  submit(connection: Connection): null {
    connection.parse({ text: this.#text, name: '', types: [] });
    connection.describe({ type: 'S', name: '' });
    connection.sync();
    return null;
  }

  handleRowDescription({ fields }: { fields: FieldDescription[] }): void {
    this.fields = fields;
  }

  handleError(error: Error): void {
    this.#settle(error, null);
  }

  handleReadyForQuery(): void {
    this.#settle(null, this.fields);
  }
}

const describe = (db: pg.Client, text: string): Promise<FieldDescription[] | null> =>
  new Promise((resolve, reject) => {
    db.query(
      new Description(text, (error, fields) =>
        error === null ? resolve(fields) : reject(error),
      ) as unknown as pg.Submittable,
    );
  });

/** As the product's connections read them (platform/db/database.ts); what has no line is text. */
const KINDS: Readonly<Record<string, string>> = {
  int2: 'number',
  int4: 'number',
  int8: 'number',
  float4: 'number',
  float8: 'number',
  bool: 'boolean',
  bytea: 'Buffer',
  timestamptz: 'Date',
  json: 'any',
  jsonb: 'any',
};

const kindOf = (type: string): string =>
  type.startsWith('_') ? `${kindOf(type.slice(1))}[]` : (KINDS[type] ?? 'string');

/** Describes statements on one connection: null where a statement answers no rows. */
export async function createDescriber(db: pg.Client): Promise<(text: string) => Promise<Column[] | null>> {
  const types = await db.query<{ oid: number; name: string }>('SELECT oid, typname AS name FROM pg_type');
  const nameOf = new Map(types.rows.map(({ oid, name }) => [oid, name]));
  const columns = await db.query<{ place: string }>(
    `SELECT attrelid || '.' || attnum AS place FROM pg_attribute WHERE NOT attnotnull AND attnum > 0`,
  );
  const nullable = new Set(columns.rows.map(({ place }) => place));
  return async (text) =>
    (await describe(db, text))?.map(({ name, tableID, columnID, dataTypeID }) => ({
      name,
      kind: kindOf(nameOf.get(dataTypeID) ?? ''),
      nullable: nullable.has(`${tableID}.${columnID}`),
    })) ?? null;
}
