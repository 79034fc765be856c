import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Id } from '../platform/http/schemas/ids.ts';
import { Name } from '../platform/http/schemas/name.ts';
import { NextCursor } from '../platform/http/schemas/pages.ts';
import { ownSettingSchemas, settingAnswers, settingSchemas } from '../settings/index.ts';

export const CreateTenant = z
  .strictObject({ name: Name, ...z.object(settingSchemas).partial().shape })
  .meta({ id: 'CreateTenant' });

export const UpdateTenant = z
  .strictObject({ name: Name, ...settingSchemas })
  .partial()
  .meta({ id: 'UpdateTenant' });

/** The settings that a tenant may set itself. */
export const UpdateOwnSettings = z.strictObject(ownSettingSchemas).partial().meta({ id: 'UpdateSettings' });

export const TenantResource = z
  .object({
    id: Id,
    name: z.string(),
    state: z.enum(['active', 'suspended', 'deleting']),
    deviceCount: z.int(),
    ...settingAnswers,
    createdAt: Instant,
  })
  .meta({ id: 'Tenant' });

export const TenantList = z
  .object({ tenants: z.array(TenantResource), nextCursor: NextCursor })
  .meta({ id: 'TenantList' });

export const DeletingTenant = z
  .object({ id: Id, status: z.literal('deleting') })
  .meta({ id: 'DeletingTenant' });
