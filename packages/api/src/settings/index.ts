export {
  CONFIGURATION_COLUMNS,
  type ConfigurationRow,
  SETTING_COLUMNS,
  concernsVpnServers,
  configurationFromRow,
} from './columns.ts';
export { ownSettingSchemas, settingAnswers, settingSchemas } from './schemas.ts';
export {
  type ConfigurationSettings,
  SETTING_NAMES,
  SETTINGS,
  type SomeSettings,
  type TenantSettings,
} from './settings.ts';
