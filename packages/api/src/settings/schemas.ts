import type { z } from 'zod';
import { answered } from '../platform/http/schemas/answers.ts';
import {
  type OwnSettingName,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  settingNamesWith,
  type TenantSettings,
} from './settings.ts';

type Schemas<K extends SettingName> = { [N in K]: (typeof SETTINGS)[N]['schema'] };

const schemasOf = <K extends SettingName>(names: readonly K[]) =>
  Object.fromEntries(names.map((name) => [name, SETTINGS[name].schema])) as Schemas<K>;

/** The settings of the operator's requests. */
export const settingSchemas = schemasOf(SETTING_NAMES);

/** The settings of a tenant's own requests. */
export const ownSettingSchemas: Schemas<OwnSettingName> = schemasOf(settingNamesWith('setBy', 'tenant'));

/** The settings in answers. */
export const settingAnswers = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, answered(SETTINGS[name].schema)]),
) as { [K in SettingName]: z.ZodType<TenantSettings[K]> };
