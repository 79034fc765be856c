import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PERSONAL_TABLES } from '../privacy/inventory.ts';
import { DEVICE_FIELDS, FIELD_NAMES } from './fields.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

test.each(FIELD_NAMES)(
  '%s stands in one table of devices/: requests, answers and SQL come from it',
  (name) => {
    const { column } = DEVICE_FIELDS[name];
    // Uses of a field are no copies of it: its name in a file, its end, the schemas that put the name first.
    const uses: Record<string, readonly string[]> = {
      deviceName: ['config', 'schemas', 'service'],
      expiresAt: ['service', 'update', 'upkeep-store'],
      ...Object.fromEntries(
        ['dns', 'searchDomains', 'routes', 'mtu', 'persistentKeepalive'].map((own) => [own, ['config']]),
      ),
    };
    for (const file of [
      'device',
      'ports',
      'register',
      'rows',
      'schemas',
      'service',
      'store',
      'tenant-devices',
      'update',
    ]) {
      if (uses[name]?.includes(file) === true) continue;
      expect(read(`./${file}.ts`), file).not.toMatch(
        new RegExp(`\\b${name}\\b`.replace('routes', 'routes(?!\\.ts)')),
      );
    }
    expect(PERSONAL_TABLES['devices']!.columns).toHaveProperty(column);
  },
);
