/** Settings of every connection, whatever the defaults of role and database. */

/**
 * Values are exchanged as text, so formats matter, and another program's timeouts on the same cluster must not
 * apply. Poolers in transaction mode keep the first ones per client (PgBouncer: `track_extra_parameters`).
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
  // With `off`, reading another tenant's rows would be an error instead of an empty result.
  row_security: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  // The statement's timeout also bounds waiting for locks.
  lock_timeout: '0',
  statement_timeout: '0',
  // Frees the locks of a process that froze inside a transaction.
  idle_in_transaction_session_timeout: '60s',
  idle_session_timeout: '0',
} as const;

type Settings = Readonly<Record<string, string>>;

/** Formats the `options` of a connection; blanks and backslashes are escaped. */
function optionsOf(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`)
    .join(' ');
}

/**
 * Connection parameters with pinned settings. `options` of the URL come first, so pinned settings win. Left in the
 * connection string, they would replace ours, including the role.
 * @param more further settings of this connection
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
