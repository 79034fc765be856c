import { CVaultError } from '../platform/errors.ts';
import { brokenConstraint } from '../platform/db/database.ts';

/** What refused that a device is counted; null where `cause` is about something else. */
export function refusedGrowth(cause: unknown): CVaultError | null {
  switch (brokenConstraint(cause)) {
    case 'tenants_growth':
      // Suspended, or being deleted, since the request was authenticated.
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
