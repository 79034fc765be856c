import type { KeyBounds } from '../platform/access/grant.ts';

/**
 * `suspended`: its API answers 403 and none of its devices is on a VPN server; resumed, all of that comes back.
 * `deleting`: as good as gone; what is left waits for VPN servers to acknowledge the removal of its devices.
 */
export type TenantState = 'active' | 'suspended' | 'deleting';

/** What the operator sets of a tenant. */
export interface TenantSettings {
  readonly name: string;
  readonly deviceLimit: number;
  readonly passwordLengthMin: number;
  /** Requests that one client may send to the authentication routes in one window. */
  readonly authRateLimit: number;
  readonly authRateWindowSeconds: number;
  /** Requests in a minute: of the whole tenant, of each API key, of each user, of each client address of its users. */
  readonly tenantRateLimit: number;
  readonly keyRateLimit: number;
  readonly userRateLimit: number;
  readonly clientRateLimit: number;
  /** Resolvers in the configurations of its devices, as addresses; empty for none. */
  readonly dns: readonly string[];
  /** DNS search domains in the configurations of its devices. */
  readonly searchDomains: readonly string[];
  /** Bytes, in the configurations of its devices; null: the client works it out. */
  readonly mtu: number | null;
  /** Seconds, in the configurations of its devices; 0: off. */
  readonly persistentKeepalive: number;
  /** What its devices send into the tunnel, as canonical ranges; empty for everything. */
  readonly routes: readonly string[];
  /** Full tunnels take IPv6 in even where the VPN server has none: there it ends, so that it cannot leak past the tunnel. */
  readonly routeIpv6: boolean;
  /** Its devices on one VPN server reach each other. */
  readonly privateNetwork: boolean;
  /** Sessions that may be open at once, of all its users; null for any number. */
  readonly sessionLimit: number | null;
  /** Of each user, unless the user has limits of their own; null for any number. */
  readonly userDeviceLimit: number | null;
  readonly userSessionLimit: number | null;
  /** Bytes in one period, up and down together, of all its users; null for any amount. */
  readonly dataLimitBytes: number | null;
  /** The same of each user, unless the user has limits of their own. */
  readonly userDataLimitBytes: number | null;
  /** Day of the month, 1 to 28, on which a period begins at 0:00 UTC. */
  readonly dataResetDay: number;
  /** Shares of a data limit at which a warning goes out, in percent. */
  readonly dataWarnPercents: readonly number[];
  /** Of each device, unless its user has limits of their own; null for any speed. */
  readonly uploadBitsPerSecond: number | null;
  readonly downloadBitsPerSecond: number | null;
  /** A device with an older key is held until it has a new one; null for any age. */
  readonly keyLifetimeDays: number | null;
  /** Keys that were made here are changed when they are older; null for never. */
  readonly keyRotationDays: number | null;
  /** Private keys that were made here are told once and then forgotten. */
  readonly privateKeysOnce: boolean;
  /** Keeps no history of sessions, and of usage only the totals of a period. */
  readonly noLog: boolean;
  /** Days that closed sessions and daily usage are kept; null: as long as the platform keeps them. */
  readonly sessionDays: number | null;
  readonly usageDays: number | null;
  /** Days that webhook messages and what came of them are kept. */
  readonly deliveryLogDays: number;
}

/** A business that puts the VPN into its own product. */
export interface Tenant extends TenantSettings {
  readonly id: string;
  readonly state: TenantState;
  /** Devices that count against the limit: live and suspended ones. */
  readonly deviceCount: number;
  readonly createdAt: Date;
}

/** What is known of an API key: everything but the key. */
export interface ApiKey extends KeyBounds {
  readonly id: string;
  readonly name: string;
  /** The first characters, to tell keys apart. */
  readonly prefix: string;
  readonly createdAt: Date;
  /** The key that made it; null: the operator did. */
  readonly parentId: string | null;
  /** The key that it came in the place of; null for none. */
  readonly replacesId: string | null;
  /** To about a minute; null where it never was. */
  readonly lastUsedAt: Date | null;
  /** Null while it opens the API. */
  readonly revokedAt: Date | null;
}
