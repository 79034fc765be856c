import type { TenantScope } from '../platform/access/tenant-scope.ts';
import type { PeerPush } from '../devices/index.ts';
import { CVaultError, notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { SomeUserLimits, UserLimits, UserPlan } from '../user-limits/index.ts';

/** Texts by name that tenants keep with users and devices. */
export type Metadata = Readonly<Record<string, string>>;

/** `suspended`: cannot sign in and has no tunnels until resumed. `deleting`: treated as gone. */
export type UserState = 'active' | 'suspended' | 'deleting';

/** A user as the tenant's backend sees them. */
export interface TenantUser extends UserPlan {
  readonly state: UserState;
  /** The tenant's own id for the user; null for none. */
  readonly externalId: string | null;
  readonly metadata: Metadata;
}

export interface UserFilter {
  readonly email?: string | undefined;
  readonly externalId?: string | undefined;
  readonly state?: UserState | undefined;
}

export interface UserChanges {
  /** Null removes it. */
  readonly externalId?: string | null | undefined;
  /** Replaces all previous metadata. */
  readonly metadata?: Metadata | undefined;
}

export interface NewTenantUser extends UserChanges {
  readonly id: string;
  readonly email: string;
}

/** A user after a change of state, and the VPN servers to notify. */
export interface ChangedUser {
  readonly user: TenantUser;
  readonly serverIds: readonly string[];
}

/** A tenant's users. Other tenants' users, and those of the other mode, do not exist here. */
export interface UserDirectoryStore {
  /** Oldest first, after `afterId`. */
  list(
    scope: TenantScope,
    filter: UserFilter,
    page: { readonly limit: number; readonly afterId?: string | undefined },
  ): Promise<TenantUser[]>;
  find(scope: TenantScope, id: string): Promise<TenantUser | null>;
  /** Without a password. @throws CVaultError `email_taken`, `external_id_taken` */
  create(scope: TenantScope, user: NewTenantUser): Promise<TenantUser>;
  /** Atomic. @throws CVaultError `external_id_taken` */
  update(
    scope: TenantScope,
    id: string,
    changes: UserChanges & { readonly limits?: SomeUserLimits | undefined },
  ): Promise<TenantUser | null>;
  /**
   * Sets the state and removes all of the user's devices from their VPN servers, or puts back those that the
   * suspension removed, in one transaction. Null for an unknown user or one being deleted.
   */
  setState(scope: TenantScope, id: string, state: 'active' | 'suspended'): Promise<ChangedUser | null>;
  /** Ends all sign-ins and sessions and marks all devices as deleted; null for an unknown user. */
  beginDeletion(scope: TenantScope, id: string): Promise<readonly string[] | null>;
}

export interface UserPage {
  readonly users: readonly TenantUser[];
  /** The last user of the page; null on the last page. */
  readonly lastId: string | null;
}

export interface UserDirectoryDeps {
  readonly users: UserDirectoryStore;
  readonly peers: Pick<PeerPush, 'wake'>;
}

/**
 * A tenant can only divide its own plan; only the operator can give a user more.
 * @throws CVaultError `invalid_request`
 */
function checkLimits({ most }: TenantUser, limits: SomeUserLimits): void {
  const faults = (Object.keys(most) as (keyof UserLimits)[]).flatMap((name) => {
    const [wanted, ceiling] = [limits[name], most[name]];
    if (wanted === undefined || wanted === null || ceiling === null || wanted <= ceiling) return [];
    return [{ pointer: `/limits/${name}`, message: `must be at most ${ceiling}, as your plan says` }];
  });
  if (faults.length > 0) throw new CVaultError('invalid_request', 'A limit is above the plan’s.', { faults });
}

/** A tenant's backend managing its users. */
export function createUserDirectory({ users, peers }: UserDirectoryDeps) {
  async function get(scope: TenantScope, id: string): Promise<TenantUser> {
    const user = await users.find(scope, id);
    if (user === null) throw notFound('user');
    return user;
  }

  async function setState(
    scope: TenantScope,
    id: string,
    state: 'active' | 'suspended',
  ): Promise<TenantUser> {
    const changed = await users.setState(scope, id, state);
    if (changed === null) throw notFound('user');
    peers.wake(changed.serverIds);
    return changed.user;
  }

  return {
    async list(scope: TenantScope, filter: UserFilter, limit: number, afterId?: string): Promise<UserPage> {
      // One extra row shows whether there is another page.
      const found = await users.list(scope, filter, { limit: limit + 1, afterId });
      const page = found.slice(0, limit);
      return { users: page, lastId: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },

    /** @throws CVaultError `not_found` */
    get,

    /**
     * Creates a user without a password, who signs in by an invitation, by the tenant's identity provider, or with
     * tokens that the backend requests.
     * @param id of the new user; if an earlier attempt created it, that user is returned
     * @throws CVaultError `email_taken`, `external_id_taken`
     */
    async create(scope: TenantScope, input: Omit<NewTenantUser, 'id'>, id = newId()): Promise<TenantUser> {
      const earlier = await users.find(scope, id);
      return earlier ?? users.create(scope, { ...input, id });
    },

    /** @throws CVaultError `not_found`, `external_id_taken`; `invalid_request` for limits above the plan */
    async update(
      scope: TenantScope,
      id: string,
      { limits, ...changes }: UserChanges & { readonly limits?: SomeUserLimits | undefined },
    ): Promise<TenantUser> {
      if (limits !== undefined) checkLimits(await get(scope, id), limits);
      const user = await users.update(scope, id, { ...changes, limits });
      if (user === null) throw notFound('user');
      return user;
    },

    /**
     * Invalidates tokens from the next request on, and removes the devices from their VPN servers.
     * @throws CVaultError `not_found`
     */
    suspend: (scope: TenantScope, id: string): Promise<TenantUser> => setState(scope, id, 'suspended'),

    /** Restores exactly what the suspension removed. @throws CVaultError `not_found` */
    resume: (scope: TenantScope, id: string): Promise<TenantUser> => setState(scope, id, 'active'),

    /**
     * Ends all credentials at once. The rest is deleted automatically after the VPN servers have acknowledged the
     * removal of the devices.
     * @throws CVaultError `not_found`
     */
    async remove(scope: TenantScope, id: string): Promise<void> {
      const serverIds = await users.beginDeletion(scope, id);
      if (serverIds === null) throw notFound('user');
      peers.wake(serverIds);
    },
  };
}

export type UserDirectory = ReturnType<typeof createUserDirectory>;
