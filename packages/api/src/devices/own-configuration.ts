import type { OwnConfiguration } from './device.ts';
import type { OwnConfigurationChanges } from './ports.ts';

/** The column of each setting that a device may have of its own, and its type. */
const COLUMNS: Readonly<Record<keyof OwnConfiguration, readonly [column: string, type: string]>> = {
  dns: ['dns', 'inet[]'],
  searchDomains: ['search_domains', 'text[]'],
  routes: ['routes', 'inet[]'],
  mtu: ['mtu', 'integer'],
  persistentKeepalive: ['persistent_keepalive', 'integer'],
};
const KEYS = Object.keys(COLUMNS) as (keyof OwnConfiguration)[];

/** For an INSERT: all columns, and their parameters by the names of the settings. */
export const OWN_COLUMNS = KEYS.map((key) => COLUMNS[key][0]).join(', ');
export const OWN_PARAMETERS = KEYS.map((key) => `$${key}::${COLUMNS[key][1]}`).join(', ');

/** For an UPDATE: what is given is set, the rest stays. Two parameters each from `$first` on: whether it is given, and the value. */
export const setOwn = (first: number): string =>
  KEYS.map((key, index) => {
    const [column, type] = COLUMNS[key];
    const given = first + 2 * index;
    return `${column} = CASE WHEN $${given}::boolean THEN $${given + 1}::${type} ELSE ${column} END`;
  }).join(', ');
export const changedValues = (changes: OwnConfigurationChanges): unknown[] =>
  KEYS.flatMap((key) => [changes[key] !== undefined, changes[key] ?? null]);
