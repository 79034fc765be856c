import {
  type ConfigurationSettings,
  type Setting,
  SETTING_NAMES,
  SETTINGS,
  settingNamesWith,
} from './settings.ts';

function reading({ column, read = (text) => text }: Setting, alias = ''): string {
  return read(`${alias}${column}`);
}

/** All settings of a row of `tenants`, each by its name. */
export const SETTING_COLUMNS = SETTING_NAMES.map((name) => `${reading(SETTINGS[name])} AS "${name}"`).join(
  ', ',
);

/** A tenant's settings (`t`) for the configurations of its devices. */
export const CONFIGURATION_COLUMNS = settingNamesWith('acts', 'configuration')
  .map((name) => `${reading(SETTINGS[name], 't.')} AS "tenant.${name}"`)
  .join(', ');

export type ConfigurationRow = {
  [K in keyof ConfigurationSettings as `tenant.${K}`]: ConfigurationSettings[K];
};

export function configurationFromRow(row: ConfigurationRow): ConfigurationSettings {
  return Object.fromEntries(
    settingNamesWith('acts', 'configuration').map((name) => [name, row[`tenant.${name}`]]),
  ) as unknown as ConfigurationSettings;
}

/** SQL for whether VPN servers must be notified of a change from `before` to `after`, two rows of `tenants`. */
export function concernsVpnServers(before: string, after: string): string {
  const row = (alias: string) =>
    settingNamesWith('acts', 'vpn-server').map((name) => `${alias}.${SETTINGS[name].column}`);
  return `(${row(after).join(', ')}) IS DISTINCT FROM (${row(before).join(', ')})`;
}
