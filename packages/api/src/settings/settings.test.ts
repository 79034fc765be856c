import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { settingAnswers } from './schemas.ts';
import { type Setting, SETTING_NAMES, SETTINGS } from './settings.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const columnsOf = (holds: (setting: Setting) => boolean) =>
  Object.values<Setting>(SETTINGS)
    .filter(holds)
    .map(({ column }) => column)
    .sort();

/** Columns of `tenants` that are no settings. */
const NO_SETTINGS = ['created_at', 'device_count', 'id', 'name', 'state'];

describe('the table of settings', () => {
  test('has every column of tenants: one that is not in it could be set by nobody', () => {
    const model = /^model Tenant \{\n(.*?)^\}/ms.exec(read('../prisma/schema.prisma'))![1]!;
    const columns = model
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => /^\w+ +(Int|BigInt|Boolean|String|DateTime|TenantState)\b/.test(line))
      .map((line) => /@map\("(\w+)"\)/.exec(line)?.[1] ?? /^\w+/.exec(line)![0]);
    expect(columnsOf(() => true)).toEqual(columns.filter((column) => !NO_SETTINGS.includes(column)).sort());
  });

  test('says of each who sets it as the database does: the API’s role may write what tenants set, and no more', () => {
    const granted = /^cvault_api: tenants .*UPDATE\((.*?)\)/m.exec(read('platform/db/grants.txt'))![1]!;
    expect(columnsOf(({ setBy }) => setBy === 'tenant')).toEqual(
      granted.split(' ').filter((column) => column !== 'device_count'),
    );
  });

  test.each(SETTING_NAMES)('%s is documented, and kept where the table says', (name) => {
    const { schema, column, keptIn }: Setting = SETTINGS[name];
    expect(schema.description).toMatch(/\w/);
    const text = read(keptIn);
    expect(text.includes(name) || text.includes(column), keptIn).toBe(true);
  });

  test('answers the type of each setting without its bounds', () => {
    expect(settingAnswers.mtu.safeParse(1).success).toBe(true);
    expect(settingAnswers.mtu.safeParse(null).success).toBe(true);
    expect(settingAnswers.mtu.safeParse('1280').success).toBe(false);
    expect(settingAnswers.routes.safeParse(['anything']).success).toBe(true);
  });
});

test('a tenant’s settings stand in one table: nothing else of tenants/ names one', () => {
  for (const file of [
    'ports',
    'routes',
    'rows',
    'schemas',
    'service',
    'settings-routes',
    'store',
    'tenant',
  ]) {
    const text = read(`tenants/${file}.ts`);
    for (const name of SETTING_NAMES) {
      expect(new RegExp(`\\b(${name}|${SETTINGS[name].column})\\b(?!')`).test(text), `${file}: ${name}`).toBe(
        false,
      );
    }
  }
});
