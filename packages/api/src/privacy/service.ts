import type { TenantScope } from '../platform/access/tenant-scope.ts';
import { notFound } from '../platform/errors.ts';
import type { PrivacyStore, UserExport } from './ports.ts';

/** How long a request waits for an erasure before it reports that the erasure continues. */
const WAIT_MS = 3_000;
const LOOK_MS = 50;

/** Fulfils users' rights on behalf of a tenant: a copy of all data, and its erasure. */
export function createPrivacyService({ store }: { readonly store: PrivacyStore }) {
  return {
    /** @throws CVaultError `not_found` */
    async export(scope: TenantScope, userId: string): Promise<UserExport> {
      const found = await store.export(scope, userId);
      if (found === null) throw notFound('user');
      return found;
    },

    /**
     * Can be repeated safely. `erasing`: an unreachable VPN server still has to remove a device; name, e-mail,
     * history and credentials are gone within seconds all the same.
     * @throws CVaultError `not_found`
     */
    async erase(scope: TenantScope, userId: string): Promise<'erased' | 'erasing'> {
      if (!(await store.requestErasure(scope, userId))) throw notFound('user');
      const deadline = Date.now() + WAIT_MS;
      while (await store.exists(scope, userId)) {
        if (Date.now() >= deadline) return 'erasing';
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      return 'erased';
    },
  };
}

export type PrivacyService = ReturnType<typeof createPrivacyService>;
