import type { TenantScope } from '../platform/access/tenant-scope.ts';
import { notFound } from '../platform/errors.ts';
import type { PrivacyStore, UserExport } from './ports.ts';

/** How long an erasure is waited for before the caller is told that it goes on by itself. */
const WAIT_MS = 3_000;
const LOOK_MS = 50;

/** What a tenant answers its users' rights with: a copy of all that is stored about one, and the end of it. */
export function createPrivacyService({ store }: { readonly store: PrivacyStore }) {
  return {
    /** @throws CVaultError `not_found` */
    async export(scope: TenantScope, userId: string): Promise<UserExport> {
      const found = await store.export(scope, userId);
      if (found === null) throw notFound('user');
      return found;
    },

    /**
     * Asking again while it is under way changes nothing. `erasing`: a VPN server that is away still has to remove a device;
     * name, e-mail, history and credentials are gone even so within seconds.
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
