/** The settings that every connection to PostgreSQL relies on. A role or a database may have other defaults. */

/**
 * Read and written as text, so formats matter; and nothing may wait or fail by the rules of somebody else's program on the same
 * cluster. Poolers in transaction mode keep the first ones apart by client (PgBouncer: `track_extra_parameters`).
 */
const PINNED = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  extra_float_digits: '1',
  bytea_output: 'hex',
  array_nulls: 'on',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
  search_path: 'public',
  // Off, a read beyond the tenant's walls would be an error instead of nothing.
  row_security: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  // The statement's time bounds the wait for a lock.
  lock_timeout: '0',
  statement_timeout: '0',
  // A process that froze inside a transaction does not keep its locks for longer.
  idle_in_transaction_session_timeout: '60s',
  idle_session_timeout: '0',
} as const;

type Settings = Readonly<Record<string, string>>;

/** As the `options` of a connection take it: blanks and backslashes are escaped. */
function optionsOf(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`)
    .join(' ');
}

/**
 * How to connect, with the settings pinned. `options` of the URL's own are kept, and come first: what is pinned counts. In a
 * connection string they would replace ours, the role among them.
 * @param more settings of this connection
 */
export function sessionOf(url: string, more: Settings = {}): { connectionString: string; options: string } {
  const { searchParams, href } = new URL(url);
  const own = searchParams.get('options');
  const pinned = optionsOf({ ...PINNED, ...more });
  if (own === null) return { connectionString: href, options: pinned };
  const rest = new URL(url);
  rest.searchParams.delete('options');
  return { connectionString: rest.href, options: `${own} ${pinned}` };
}
