import type { TenantScope } from '../platform/access/tenant-scope.ts';
import type { PeerPush } from '../devices/index.ts';
import { CVaultError, notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { SomeUserLimits, UserLimits, UserPlan } from '../user-limits/index.ts';

/** What tenants keep with their users and devices: texts by name. */
export type Metadata = Readonly<Record<string, string>>;

/** `suspended`: signs in nowhere and has no tunnel; resumed, all of that comes back. `deleting`: as good as gone. */
export type UserState = 'active' | 'suspended' | 'deleting';

/** A user as the tenant's backend sees them. */
export interface TenantUser extends UserPlan {
  readonly state: UserState;
  /** The tenant's own name for the user; null for none. */
  readonly externalId: string | null;
  readonly metadata: Metadata;
}

export interface UserFilter {
  readonly email?: string | undefined;
  readonly externalId?: string | undefined;
  readonly state?: UserState | undefined;
}

export interface UserChanges {
  /** Null: none any more. */
  readonly externalId?: string | null | undefined;
  /** In place of all that there was. */
  readonly metadata?: Metadata | undefined;
}

export interface NewTenantUser extends UserChanges {
  readonly id: string;
  readonly email: string;
}

/** A user after a change of state, and the VPN servers that have to hear of it. */
export interface ChangedUser {
  readonly user: TenantUser;
  readonly serverIds: readonly string[];
}

/** A tenant's users. What belongs to another tenant, or to keys of the other mode, is not there. */
export interface UserDirectoryStore {
  /** Oldest first, those after `afterId`. */
  list(
    scope: TenantScope,
    filter: UserFilter,
    page: { readonly limit: number; readonly afterId?: string | undefined },
  ): Promise<TenantUser[]>;
  find(scope: TenantScope, id: string): Promise<TenantUser | null>;
  /** Without a password. @throws CVaultError `email_taken`, `external_id_taken` */
  create(scope: TenantScope, user: NewTenantUser): Promise<TenantUser>;
  /** All of it or, where it throws, nothing. @throws CVaultError `external_id_taken` */
  update(
    scope: TenantScope,
    id: string,
    changes: UserChanges & { readonly limits?: SomeUserLimits | undefined },
  ): Promise<TenantUser | null>;
  /**
   * Sets the state and takes every device of the user off its VPN server, or puts back those that the suspension took, in
   * one transaction. Null where there is no such user, or where it is being deleted.
   */
  setState(scope: TenantScope, id: string, state: 'active' | 'suspended'): Promise<ChangedUser | null>;
  /** Ends all sign-ins and sessions and marks all devices deleted; null where there is no such user. */
  beginDeletion(scope: TenantScope, id: string): Promise<readonly string[] | null>;
}

export interface UserPage {
  readonly users: readonly TenantUser[];
  /** The last user of the page; null where none comes after it. */
  readonly lastId: string | null;
}

export interface UserDirectoryDeps {
  readonly users: UserDirectoryStore;
  readonly peers: Pick<PeerPush, 'wake'>;
}

/**
 * A tenant divides what it has; more than that to a user only the operator can give.
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

/** What a tenant's backend does with its users. */
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
      // One more than asked for tells whether another page comes.
      const found = await users.list(scope, filter, { limit: limit + 1, afterId });
      const page = found.slice(0, limit);
      return { users: page, lastId: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },

    /** @throws CVaultError `not_found` */
    get,

    /**
     * A user without a password: who signs in by an invitation, with the tenant's own identity provider, or with tokens
     * that the tenant's backend asks for.
     * @param id of the new user; where a try before this one made it, that one is answered
     * @throws CVaultError `email_taken`, `external_id_taken`
     */
    async create(scope: TenantScope, input: Omit<NewTenantUser, 'id'>, id = newId()): Promise<TenantUser> {
      const earlier = await users.find(scope, id);
      return earlier ?? users.create(scope, { ...input, id });
    },

    /** @throws CVaultError `not_found`, `external_id_taken`, `invalid_request` for limits above the plan's */
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
     * Tokens open nothing from the next request on, and the devices are taken off their VPN servers.
     * @throws CVaultError `not_found`
     */
    suspend: (scope: TenantScope, id: string): Promise<TenantUser> => setState(scope, id, 'suspended'),

    /** Brings back exactly what the suspension took. @throws CVaultError `not_found` */
    resume: (scope: TenantScope, id: string): Promise<TenantUser> => setState(scope, id, 'active'),

    /**
     * Nothing of the user opens anything from now on. The rest goes once the VPN servers have acknowledged the removal of
     * the devices, by itself.
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
