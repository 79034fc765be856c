import type { PeerPush } from '../devices/index.ts';
import { notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { TenantChanges, TenantStore } from './ports.ts';
import type { Tenant } from './tenant.ts';

/** How long a request waits for a deletion before it answers that the deletion continues in the background. */
const DELETION_WAIT_MS = 3_000;
const DELETION_LOOK_MS = 50;

export interface TenantPage {
  readonly tenants: readonly Tenant[];
  /** The last tenant of the page; null on the last page. */
  readonly lastId: string | null;
}

export interface TenantServiceDeps {
  readonly tenants: TenantStore;
  readonly peers: Pick<PeerPush, 'wake'>;
}

/** The operator's operations on tenants. */
export function createTenantService({ tenants, peers }: TenantServiceDeps) {
  async function setState(id: string, state: 'active' | 'suspended'): Promise<Tenant> {
    const { tenant, serverIds } = await tenants.setState(id, state);
    peers.wake(serverIds);
    return tenant;
  }

  async function waitForDeletion(id: string): Promise<boolean> {
    const deadline = Date.now() + DELETION_WAIT_MS;
    for (;;) {
      if (await tenants.finishDeletion(id)) return true;
      if (Date.now() >= deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, DELETION_LOOK_MS));
    }
  }

  return {
    /** @throws CVaultError `name_taken` */
    create: (tenant: TenantChanges & { readonly name: string }): Promise<Tenant> =>
      tenants.create(newId(), tenant),

    async list(limit: number, afterId?: string): Promise<TenantPage> {
      // One more than requested shows whether there is another page.
      const found = await tenants.list({ limit: limit + 1, afterId });
      const page = found.slice(0, limit);
      return { tenants: page, lastId: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },

    /** @throws CVaultError `not_found` */
    async get(id: string): Promise<Tenant> {
      const tenant = await tenants.find(id);
      if (tenant === null) throw notFound('tenant');
      return tenant;
    },

    /** @throws CVaultError `not_found`, `name_taken`, `state_conflict` */
    async update(id: string, changes: TenantChanges): Promise<Tenant> {
      const tenant = await tenants.update(id, changes);
      if (tenant === null) throw notFound('tenant');
      return tenant;
    },

    /**
     * Its API answers 403 from the next request on, and its devices are taken off their VPN servers.
     * @throws CVaultError `not_found`
     */
    suspend: (id: string): Promise<Tenant> => setState(id, 'suspended'),

    /** @throws CVaultError `not_found` */
    resume: (id: string): Promise<Tenant> => setState(id, 'active'),

    /**
     * Answers `deleting` where VPN servers do not acknowledge the removal of its devices in time: then `finishTenantDeletions`
     * completes it.
     * @throws CVaultError `not_found`
     */
    async remove(id: string): Promise<'deleted' | 'deleting'> {
      const serverIds = await tenants.beginDeletion(id);
      if (serverIds === null) throw notFound('tenant');
      peers.wake(serverIds);
      return (await waitForDeletion(id)) ? 'deleted' : 'deleting';
    },
  };
}

export type TenantService = ReturnType<typeof createTenantService>;
