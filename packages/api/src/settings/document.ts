import { z } from 'zod';
import { markdownTable } from '../platform/text/markdown.ts';
import { type Setting, SETTING_NAMES, SETTINGS } from './settings.ts';

interface JsonSchema {
  readonly anyOf?: readonly JsonSchema[];
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
}

/** The allowed values in text. */
function valuesOf({ anyOf, type, minimum, maximum, maxItems, items }: JsonSchema): string {
  if (anyOf !== undefined) return anyOf.map(valuesOf).join('; ');
  if (type === 'integer') return `${minimum} to ${maximum}`;
  if (type === 'boolean') return 'true, false';
  if (type === 'array')
    return `up to ${maxItems}${items?.type === 'integer' ? `, each ${valuesOf(items)}` : ''}`;
  return type!;
}

/** The default of a column of `tenants` in schema.prisma; null if there is none. */
function defaultOf(column: string, model: string): string {
  const field = model
    .split('\n')
    .find((line) => line.includes(`@map("${column}")`) || line.match(/\w+/)?.[0] === column);
  if (field === undefined) throw new Error(`schema.prisma has no column tenants.${column}`);
  return /@default\((.*?)\)(?= |$)/.exec(field)?.[1] ?? 'null';
}

const HEARS: Readonly<Record<Setting['acts'], string>> = {
  configuration: 'each configuration that is fetched from then on',
  'vpn-server': 'VPN servers, within seconds',
  api: 'the next request',
};

/** docs/settings.md. @param schema the text of schema.prisma, for the defaults */
export function renderSettingsMarkdown(schema: string): string {
  const model = /^model Tenant \{\n(.*?)^\}/ms.exec(schema)?.[1] ?? '';
  const rows = SETTING_NAMES.map((name) => {
    const setting: Setting = SETTINGS[name];
    return [
      `\`${name}\``,
      `\`${defaultOf(setting.column, model)}\``,
      valuesOf(z.toJSONSchema(setting.schema, { io: 'input' }) as JsonSchema),
      setting.setBy === 'tenant' ? 'tenant, operator' : 'operator',
      HEARS[setting.acts],
      setting.schema.description ?? '',
    ];
  });
  return `<!-- Generated from packages/api/src/settings/settings.ts by \`npm run generate\`. Do not edit. -->

# A tenant’s settings

The operator sets all of them (\`PATCH /api/v1/admin/tenants/{id}\`), a tenant its own (\`PATCH /api/v1/tenant/settings\`). A setting that is left out stays as it is.

${markdownTable([['setting', 'default', 'values', 'who sets it', 'where a change acts', 'what it is'], ...rows])}`;
}
