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

/** What the operator sets. */
export const settingSchemas = schemasOf(SETTING_NAMES);

/** What a tenant sets itself. */
export const ownSettingSchemas: Schemas<OwnSettingName> = schemasOf(settingNamesWith('setBy', 'tenant'));

/** What is answered. */
export const settingAnswers = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, answered(SETTINGS[name].schema)]),
) as { [K in SettingName]: z.ZodType<TenantSettings[K]> };
