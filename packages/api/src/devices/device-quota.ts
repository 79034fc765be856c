import { CVaultError } from '../platform/errors.ts';
import { brokenConstraint } from '../platform/db/database.ts';

/** The reason that a device may not be counted; null if `cause` has another subject. */
export function refusedGrowth(cause: unknown): CVaultError | null {
  switch (brokenConstraint(cause)) {
    case 'tenants_growth':
      // The tenant was suspended or its deletion began since the request was authenticated.
      return new CVaultError('tenant_suspended', 'The tenant is suspended.', { cause });
    case 'tenant_users_growth':
      return new CVaultError('user_suspended', 'The user is suspended.', { cause });
    case 'tenants_device_limit':
      return new CVaultError('device_limit_reached', 'The tenant has as many devices as it may have.', {
        cause,
      });
    case 'tenant_users_device_limit':
      return new CVaultError('user_device_limit_reached', 'The user has as many devices as they may have.', {
        cause,
      });
    case null:
    default:
      return null;
  }
}
