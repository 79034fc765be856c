import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PERSONAL_TABLES } from '../privacy/inventory.ts';
import { DEVICE_FIELDS, FIELD_NAMES, type FieldName } from './fields.ts';

const HERE = new URL('./', import.meta.url);
const SOURCES = readdirSync(HERE).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

/** Files that use a field, beside the table: its value or its end, and no copy of its shape. */
const USES: Readonly<Record<FieldName, readonly string[]>> = {
  deviceName: ['config.ts', 'schemas.ts', 'service.ts'],
  expiresAt: ['hold.ts', 'service.ts', 'update.ts'],
  dns: ['config.ts'],
  searchDomains: ['config.ts'],
  // `routes` also names the HTTP routes of this noun.
  routes: ['config.ts', 'routes.ts', 'wiring.ts'],
  mtu: ['config.ts'],
  persistentKeepalive: ['config.ts'],
};

test.each(FIELD_NAMES)(
  '%s stands in one table of devices/: requests, answers and SQL come from it',
  (name) => {
    const { column } = DEVICE_FIELDS[name];
    const word = new RegExp(`\\b${name}\\b(?!\\.ts)`);
    const users = SOURCES.filter((file) => word.test(readFileSync(new URL(file, HERE), 'utf8')));
    expect(users.filter((file) => file !== 'fields.ts')).toEqual(USES[name]);
    expect(PERSONAL_TABLES['devices']!.columns).toHaveProperty(column);
  },
);
