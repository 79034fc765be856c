// Made by packages/sdk/generate.mjs from openapi.json. Do not edit.

export interface paths {
    readonly "/api/v1/admin/servers": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List VPN servers */
        readonly get: operations["listServers"];
        readonly put?: never;
        /**
         * Add a VPN server
         * @description Answers the script that makes a bare Debian machine one. It takes devices once it is activated.
         */
        readonly post: operations["addServer"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/servers/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get a VPN server */
        readonly get: operations["getServer"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Remove a VPN server
         * @description Refused while it has devices, unless `devices=remove`: then every peer is removed from it first. 202: it has not acknowledged all removals yet, and is gone when it has. `force=true` does not wait for them: only for a machine that serves nobody any more.
         */
        readonly delete: operations["removeServer"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/servers/{id}/activate": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Pin what the installation printed, connect, and let devices come */
        readonly post: operations["activateServer"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/servers/{id}/disable": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Place no new devices on a VPN server */
        readonly post: operations["disableServer"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/servers/{id}/enable": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Place devices on a disabled VPN server again */
        readonly post: operations["enableServer"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/servers/{id}/pools": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List a VPN server’s pools */
        readonly get: operations["listPools"];
        readonly put?: never;
        /** Add a pool of tunnel addresses */
        readonly post: operations["addPool"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/servers/{id}/pools/{poolId}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /** Remove a pool that no device holds an address of */
        readonly delete: operations["removePool"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/servers/{id}/test": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Test the connection to a VPN server */
        readonly post: operations["testServer"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/tenants": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List tenants, oldest first */
        readonly get: operations["listTenants"];
        readonly put?: never;
        /** Create a tenant */
        readonly post: operations["createTenant"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/tenants/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get a tenant */
        readonly get: operations["getTenant"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Delete a tenant with all that it has
         * @description 204: gone, and none of its devices is on a VPN server. 202: its keys and tokens open nothing any more; a VPN server that is away still has to remove devices, and the rest follows by itself when it is back.
         */
        readonly delete: operations["deleteTenant"];
        readonly options?: never;
        readonly head?: never;
        /**
         * Change a tenant’s settings
         * @description What is left out stays. Limits act from the next request on.
         */
        readonly patch: operations["updateTenant"];
        readonly trace?: never;
    };
    readonly "/api/v1/admin/tenants/{id}/api-keys": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List a tenant’s API keys, revoked ones too */
        readonly get: operations["listApiKeys"];
        readonly put?: never;
        /** Create an API key; the answer shows it once */
        readonly post: operations["createApiKey"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/tenants/{id}/api-keys/{keyId}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /** Revoke an API key; it opens nothing from then on */
        readonly delete: operations["revokeApiKey"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/tenants/{id}/resume": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Resume a suspended tenant
         * @description Brings back exactly the devices that the suspension took.
         */
        readonly post: operations["resumeTenant"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/admin/tenants/{id}/suspend": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Suspend a tenant
         * @description Its API answers 403 and its devices are taken off their VPN servers, until it is resumed.
         */
        readonly post: operations["suspendTenant"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/auth/login": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Sign a user in */
        readonly post: operations["login"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/auth/logout": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Sign out: this sign-in’s tokens end at once */
        readonly post: operations["logout"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/auth/refresh": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Exchange a refresh token for new tokens
         * @description A refresh token opens once. Used again, its sign-in ends with all of its tokens: somebody has a copy. Only within 10 seconds of its use it is just refused, because two honest tries at once look the same.
         */
        readonly post: operations["refreshTokens"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/auth/register": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Sign a user up */
        readonly post: operations["registerUser"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/devices": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List my devices */
        readonly get: operations["listDevices"];
        readonly put?: never;
        /**
         * Register a device
         * @description 201: packets flow as soon as the answer is there. 202: the VPN server cannot be reached just now; the device becomes active by itself when it is back.
         */
        readonly post: operations["registerDevice"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/devices/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Get a device */
        readonly get: operations["getDevice"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Delete a device
         * @description 204: the VPN server has removed it, its next packet does not pass. 202: the VPN server cannot be reached just now; the device is removed as soon as it is back.
         */
        readonly delete: operations["deleteDevice"];
        readonly options?: never;
        readonly head?: never;
        /** Rename a device */
        readonly patch: operations["renameDevice"];
        readonly trace?: never;
    };
    readonly "/api/v1/devices/{id}/config": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get a device’s WireGuard configuration
         * @description As text, or as a QR code that the WireGuard apps for phones read.
         */
        readonly get: operations["getDeviceConfig"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/me": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Who is signed in */
        readonly get: operations["getMe"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/vpn/connect": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Open a session of a device
         * @description 201: opened. 200: it was open already, and the answer is the same.
         */
        readonly post: operations["connect"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/vpn/disconnect": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Close the open session of a device */
        readonly post: operations["disconnect"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/vpn/server/status": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The VPN server that my newest device is on
         * @description For a user without devices: the VPN server that the next one would be placed on.
         */
        readonly get: operations["getServerStatus"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/vpn/status": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** My open sessions */
        readonly get: operations["getVpnStatus"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/health": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The API runs */
        readonly get: operations["getHealth"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/livez": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The process runs; nothing else is looked at */
        readonly get: operations["getLiveness"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/readyz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The API can answer; 503 names what is missing */
        readonly get: operations["getReadiness"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        readonly ActivateServer: {
            /** @description The VPN server’s SSH host keys. From now on it is believed with no other. */
            readonly hostKeys: readonly string[];
            readonly interfacePublicKey: string;
        };
        readonly AddedServer: {
            /** @description A shell script. Run as root on the VPN server, it prints what activation needs. */
            readonly installation: string;
            readonly server: components["schemas"]["Server"];
        };
        readonly AddPool: {
            readonly cidr: string;
        };
        readonly AddServer: {
            /** @description The address that devices connect to. */
            readonly endpointHost: string;
            /** @default 51820 */
            readonly endpointPort: number;
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            readonly name: string;
            /** @description Absent: the next free /24 of 10.8.0.0/16. */
            readonly poolCidr?: string;
            readonly region: string;
            readonly sshHost: string;
            /** @default 22 */
            readonly sshPort: number;
        };
        readonly ApiKey: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            readonly createdAt: string;
            /**
             * Format: uuid
             * @description UUID
             */
            readonly id: string;
            /** @enum {string} */
            readonly mode: "live" | "test";
            readonly name: string;
            /** @description The first characters, to tell keys apart */
            readonly prefix: string;
            readonly revokedAt: string | null;
        };
        readonly ApiKeyList: {
            readonly apiKeys: readonly components["schemas"]["ApiKey"][];
        };
        readonly Connected: {
            readonly connectedAt: string;
            readonly message: string;
            /** Format: uuid */
            readonly sessionId: string;
            /** @constant */
            readonly status: "connected";
        };
        readonly CreateApiKey: {
            /**
             * @default live
             * @enum {string}
             */
            readonly mode: "live" | "test";
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            readonly name: string;
        };
        readonly CreatedApiKey: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            readonly createdAt: string;
            /**
             * Format: uuid
             * @description UUID
             */
            readonly id: string;
            /** @description The key. It is shown here and never again. */
            readonly key: string;
            /** @enum {string} */
            readonly mode: "live" | "test";
            readonly name: string;
            /** @description The first characters, to tell keys apart */
            readonly prefix: string;
            readonly revokedAt: string | null;
        };
        readonly CreateTenant: {
            /** @description Requests to the authentication routes per client and window */
            readonly authRateLimit?: number;
            readonly authRateWindowSeconds?: number;
            /** @description Most devices, of all users together */
            readonly deviceLimit?: number;
            /** @description Resolvers in the devices’ configurations */
            readonly dns?: readonly (string)[];
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            readonly name: string;
            /** @description Fewest characters of a password. Below 12 only with a second factor of your own. */
            readonly passwordLengthMin?: number;
        };
        readonly DeletingTenant: {
            /**
             * Format: uuid
             * @description UUID
             */
            readonly id: string;
            /** @constant */
            readonly status: "deleting";
        };
        readonly Device: {
            readonly assignedIp: string;
            readonly createdAt: string;
            readonly deviceName: string;
            /** @description Why it failed; null in every other status. */
            readonly failure: string | null;
            /** Format: uuid */
            readonly id: string;
            readonly lastConnectedAt: string | null;
            readonly publicKey: string;
            readonly server: {
                readonly endpointPort: number;
                /** Format: uuid */
                readonly id: string;
                readonly name: string;
                readonly publicIp: string;
                readonly region: string;
            };
            /**
             * @description `active`: the VPN server has acknowledged the device, and a handshake succeeds at once.
             * @enum {string}
             */
            readonly status: "pending" | "active" | "suspended" | "failed" | "removing";
        };
        readonly DeviceList: {
            readonly devices: readonly components["schemas"]["Device"][];
            readonly totalCount: number;
        };
        readonly DeviceRef: {
            /** Format: uuid */
            readonly deviceId: string;
        };
        readonly Disconnected: {
            readonly disconnectedAt: string;
            readonly message: string;
            /** Format: uuid */
            readonly sessionId: string;
            /** @constant */
            readonly status: "disconnected";
        };
        readonly Health: {
            /** @constant */
            readonly status: "ok";
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            readonly timestamp: string;
        };
        readonly Login: {
            /** Format: email */
            readonly email: string;
            /** @description At least as long as the tenant asks for: 12 characters by default */
            readonly password: string;
        };
        readonly Me: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            readonly createdAt: string;
            readonly email: string;
            /** Format: uuid */
            readonly id: string;
            /** Format: uuid */
            readonly tenantId: string;
        };
        readonly Pool: {
            readonly addresses: {
                readonly draining: number;
                readonly free: number;
                readonly held: number;
                readonly quarantine: number;
            };
            readonly cidr: string;
            readonly createdAt: string;
            readonly gateway: string;
            /** Format: uuid */
            readonly id: string;
        };
        readonly PoolList: {
            readonly pools: readonly components["schemas"]["Pool"][];
            readonly totalCount: number;
        };
        /** @description RFC 9457 problem; docs/errors.md lists the codes */
        readonly Problem: {
            /** @enum {string} */
            readonly code: "invalid_request" | "malformed_body" | "invalid_public_key" | "missing_api_key" | "invalid_api_key" | "missing_token" | "invalid_token" | "invalid_refresh_token" | "invalid_credentials" | "invalid_admin_key" | "tenant_suspended" | "not_found" | "no_such_route" | "method_not_allowed" | "email_taken" | "name_taken" | "public_key_taken" | "unknown_region" | "device_limit_reached" | "pool_exhausted" | "server_full" | "peer_refused" | "state_conflict" | "pool_overlap" | "in_use" | "host_key_mismatch" | "server_unreachable" | "body_too_large" | "unsupported_media_type" | "rate_limited" | "internal" | "unavailable";
            readonly detail: string;
            readonly errors?: readonly {
                readonly message: string;
                /** @description JSON pointer (RFC 6901) to the field */
                readonly pointer: string;
            }[];
            /** @description Path of the request */
            readonly instance: string;
            readonly requestId: string;
            readonly status: number;
            readonly title: string;
            /** @description Where the code is described */
            readonly type: string;
        };
        readonly Readiness: {
            readonly checks: readonly {
                readonly detail?: string;
                readonly name: string;
                /** @enum {string} */
                readonly status: "ok" | "degraded" | "failed";
            }[];
            /** @enum {string} */
            readonly status: "ready" | "degraded";
        };
        readonly Refresh: {
            readonly refreshToken: string;
        };
        readonly RegisterDevice: {
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            readonly deviceName: string;
            /** @description The device’s own WireGuard public key, canonical base64. Preferred: the private key then never leaves the device. Absent: a key pair is made for it. */
            readonly publicKey?: string;
            /** @description Where the VPN server is to be. Absent: anywhere. */
            readonly region?: string;
        };
        readonly RegisteredDevice: {
            readonly assignedIp: string;
            /** @description A complete WireGuard configuration, as `wg-quick` takes it. */
            readonly config: string;
            readonly createdAt: string;
            readonly deviceName: string;
            /** @description Why it failed; null in every other status. */
            readonly failure: string | null;
            /** Format: uuid */
            readonly id: string;
            readonly lastConnectedAt: string | null;
            readonly publicKey: string;
            readonly server: {
                readonly endpointPort: number;
                /** Format: uuid */
                readonly id: string;
                readonly ip: string;
                readonly name: string;
                readonly port: number;
                readonly publicIp: string;
                readonly region: string;
            };
            /**
             * @description `active`: the VPN server has acknowledged the device, and a handshake succeeds at once.
             * @enum {string}
             */
            readonly status: "pending" | "active" | "suspended" | "failed" | "removing";
        };
        readonly RegisteredUser: {
            /** @description For `Authorization: Bearer` */
            readonly accessToken: string;
            /** @description Seconds that the access token lasts */
            readonly expiresIn: number;
            /** @description For one use at /auth/refresh, within 30 days */
            readonly refreshToken: string;
            readonly user: {
                readonly email: string;
                /** Format: uuid */
                readonly id: string;
            };
        };
        readonly RegisterUser: {
            /** Format: email */
            readonly email: string;
            /** @description At least as long as the tenant asks for: 12 characters by default */
            readonly password: string;
        };
        readonly RemovingDevice: {
            /** Format: uuid */
            readonly id: string;
            /** @constant */
            readonly status: "removing";
        };
        readonly RemovingServer: {
            /** Format: uuid */
            readonly id: string;
            /** @constant */
            readonly state: "removing";
        };
        readonly RenameDevice: {
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            readonly deviceName: string;
        };
        readonly Server: {
            readonly createdAt: string;
            readonly deviceCount: number;
            readonly endpointHost: string;
            readonly endpointPort: number;
            /** Format: uuid */
            readonly id: string;
            readonly interfaceName: string;
            readonly lastContactAt: string | null;
            readonly name: string;
            /** @description The interface’s; null until it was activated. */
            readonly publicKey: string | null;
            readonly region: string;
            readonly ssh: {
                readonly host: string;
                readonly hostKeys: readonly string[];
                readonly port: number;
                readonly user: string;
            } | null;
            /** @enum {string} */
            readonly state: "provisioning" | "active" | "disabled" | "removing" | "removed";
            /** @enum {string} */
            readonly transport: "ssh" | "local" | "memory";
        };
        readonly ServerList: {
            readonly servers: readonly components["schemas"]["Server"][];
            readonly totalCount: number;
        };
        readonly ServerStatus: {
            readonly server: {
                readonly name: string;
                /** @description Peers on the interface; where it cannot be asked, the devices that belong on it. */
                readonly peerCount: number;
                readonly region: string;
                /** @enum {string} */
                readonly status: "active" | "disabled" | "unreachable";
            };
            readonly timestamp: string;
        };
        readonly ServerTest: {
            readonly agentVersion: string;
            readonly connectMs: number;
            readonly interfaceName: string;
            readonly peerCount: number;
            readonly roundTripMs: number;
        };
        readonly Session: {
            readonly connectedAt: string;
            readonly device: {
                readonly assignedIp: string;
                readonly deviceName: string;
                /** Format: uuid */
                readonly id: string;
            };
            /** Format: uuid */
            readonly id: string;
            readonly server: {
                readonly endpointPort: number;
                readonly publicIp: string;
                readonly region: string;
            };
            /** @constant */
            readonly status: "ACTIVE";
        };
        readonly SignedInUser: {
            /** @description For `Authorization: Bearer` */
            readonly accessToken: string;
            /** @description Seconds that the access token lasts */
            readonly expiresIn: number;
            /** @description For one use at /auth/refresh, within 30 days */
            readonly refreshToken: string;
            readonly user: {
                readonly email: string;
                /** Format: uuid */
                readonly id: string;
                /** Format: uuid */
                readonly tenantId: string;
            };
        };
        readonly Tenant: {
            readonly authRateLimit: number;
            readonly authRateWindowSeconds: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            readonly createdAt: string;
            readonly deviceCount: number;
            readonly deviceLimit: number;
            readonly dns: readonly string[];
            /**
             * Format: uuid
             * @description UUID
             */
            readonly id: string;
            readonly name: string;
            readonly passwordLengthMin: number;
            /** @enum {string} */
            readonly state: "active" | "suspended" | "deleting";
        };
        readonly TenantList: {
            /** @description Null on the last page */
            readonly nextCursor: string | null;
            readonly tenants: readonly components["schemas"]["Tenant"][];
        };
        readonly Tokens: {
            /** @description For `Authorization: Bearer` */
            readonly accessToken: string;
            /** @description Seconds that the access token lasts */
            readonly expiresIn: number;
            /** @description For one use at /auth/refresh, within 30 days */
            readonly refreshToken: string;
        };
        readonly UpdateTenant: {
            /** @description Requests to the authentication routes per client and window */
            readonly authRateLimit?: number;
            readonly authRateWindowSeconds?: number;
            /** @description Most devices, of all users together */
            readonly deviceLimit?: number;
            /** @description Resolvers in the devices’ configurations */
            readonly dns?: readonly (string)[];
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            readonly name?: string;
            /** @description Fewest characters of a password. Below 12 only with a second factor of your own. */
            readonly passwordLengthMin?: number;
        };
        readonly VpnStatus: {
            readonly connectedDevices: number;
            readonly sessions: readonly components["schemas"]["Session"][];
        };
    };
    responses: {
        /** @description What went wrong: see `code` */
        readonly Problem: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly listServers: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ServerList"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly addServer: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["AddServer"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AddedServer"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getServer: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Server"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly removeServer: {
        readonly parameters: {
            readonly query?: {
                readonly devices?: "refuse" | "remove";
                readonly force?: "true" | "false";
            };
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RemovingServer"];
                };
            };
            /** @description No Content */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly activateServer: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["ActivateServer"];
            };
        };
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Server"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly disableServer: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Server"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly enableServer: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Server"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly listPools: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PoolList"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly addPool: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["AddPool"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Pool"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly removePool: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
                readonly poolId: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description No Content */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly testServer: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ServerTest"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly listTenants: {
        readonly parameters: {
            readonly query?: {
                /** @description `nextCursor` of the page before */
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["TenantList"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly createTenant: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CreateTenant"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Tenant"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getTenant: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Tenant"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly deleteTenant: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["DeletingTenant"];
                };
            };
            /** @description Done */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly updateTenant: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["UpdateTenant"];
            };
        };
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Tenant"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly listApiKeys: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ApiKeyList"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly createApiKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CreateApiKey"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly revokeApiKey: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
                /** @description UUID */
                readonly keyId: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly resumeTenant: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Tenant"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly suspendTenant: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Tenant"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly login: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Login"];
            };
        };
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SignedInUser"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly logout: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly refreshTokens: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Refresh"];
            };
        };
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Tokens"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly registerUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["RegisterUser"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RegisteredUser"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly listDevices: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["DeviceList"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly registerDevice: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["RegisterDevice"];
            };
        };
        readonly responses: {
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RegisteredDevice"];
                };
            };
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RegisteredDevice"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getDevice: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Device"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly deleteDevice: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RemovingDevice"];
                };
            };
            /** @description No Content */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly renameDevice: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["RenameDevice"];
            };
        };
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Device"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getDeviceConfig: {
        readonly parameters: {
            readonly query?: {
                readonly format?: "text" | "qr";
                /** @description The kind of image with `format=qr`. */
                readonly image?: "png" | "svg";
            };
            readonly header?: never;
            readonly path: {
                /** @description UUID */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getMe: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Me"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly connect: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["DeviceRef"];
            };
        };
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Connected"];
                };
            };
            /** @description Created */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Connected"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly disconnect: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["DeviceRef"];
            };
        };
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Disconnected"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getServerStatus: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ServerStatus"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getVpnStatus: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["VpnStatus"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getHealth: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getLiveness: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
    readonly getReadiness: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OK */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Readiness"];
                };
            };
            readonly default: components["responses"]["Problem"];
        };
    };
}
