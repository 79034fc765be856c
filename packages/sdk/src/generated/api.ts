// Made by packages/sdk/generate.mjs from openapi.json. Do not edit.

export interface paths {
    "/api/v1/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who did what, newest first */
        get: operations["listAllAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/audit.jsonl": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The whole audit log, oldest first, as JSON Lines
         * @description Each line is an `AuditEntry`.
         */
        get: operations["exportAllAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/audit/verification": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the audit log is as it was written
         * @description Goes through every chain and names the first row of each that is not as it was sealed.
         */
        get: operations["verifyAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/doctor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Compare everything that must agree
         * @description Database, leases, quota counters, queued changes and registered keys; with `deep=true` every interface, too. Changes nothing. What merely waits to be applied is no finding.
         */
        get: operations["examine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events of VPN servers, newest first */
        get: operations["listServerEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the periodic work goes
         * @description Of the replica that answers. An item that fails is tried again after 5 s, then ever later, up to a minute; it delays no other item.
         */
        get: operations["listJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/master-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much is sealed with the current master key */
        get: operations["getMasterKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/master-key/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Seal everything with the current master key
         * @description Does some seconds of it, and answers how far that has come. Periodic work goes on with it either way.
         */
        post: operations["rotateMasterKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List VPN servers */
        get: operations["listServers"];
        put?: never;
        /**
         * Add a VPN server
         * @description Answers the script that makes a bare Debian machine one. It takes devices once it is activated.
         */
        post: operations["addServer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a VPN server */
        get: operations["getServer"];
        put?: never;
        post?: never;
        /**
         * Remove a VPN server
         * @description Refused while it has devices, unless `devices=remove`: then every peer is removed from it first. 202: it has not acknowledged all removals yet, and is gone when it has. `force=true` does not wait for them: only for a machine that serves nobody any more.
         */
        delete: operations["removeServer"];
        options?: never;
        head?: never;
        /**
         * Change a VPN server’s name, weight or endpoint
         * @description Devices get to know another endpoint with their next configuration.
         */
        patch: operations["updateServer"];
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Connect with what the installation printed, and pin it
         * @description A new VPN server takes devices from then on; one that was repaired keeps its state. Where it does not answer as it should, nothing changes.
         */
        post: operations["activateServer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take all peers off a VPN server and place no new devices on it */
        post: operations["disableServer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/drain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Place no new devices on a VPN server */
        post: operations["drainServer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put a drained or disabled VPN server back into service */
        post: operations["enableServer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/evacuate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Drain a VPN server and move its devices to others
         * @description They are moved by and by; a device needs its new configuration. Some cannot be moved where no address is left: then it ends and says so, and can be called again.
         */
        post: operations["evacuateServer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/evacuation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far the last evacuation of a VPN server is */
        get: operations["getEvacuation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a VPN server follows what is wanted of it */
        get: operations["getServerHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/installation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The script that repairs and upgrades a VPN server
         * @description The one that it was installed by, with the files of this version. What is as it should be is left alone, and tunnels live through it. Activate the VPN server with what it prints.
         */
        get: operations["getServerInstallation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/pools": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a VPN server’s pools */
        get: operations["listPools"];
        put?: never;
        /** Add a pool of tunnel addresses */
        post: operations["addPool"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/pools/{poolId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a pool that no device holds an address of */
        delete: operations["removePool"];
        options?: never;
        head?: never;
        /** Make a pool larger while it is in use */
        patch: operations["growPool"];
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Test the connection to a VPN server */
        post: operations["testServer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/servers/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Data of a VPN server by hour or day
         * @description Bytes inside the tunnel, as the VPN server counts them; at most one reading (30 s by default) behind. With `format=csv` the same numbers as text, one line per hour or day and device that has any.
         */
        get: operations["getServerUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List tenants, oldest first */
        get: operations["listTenants"];
        put?: never;
        /** Create a tenant */
        post: operations["createTenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a tenant */
        get: operations["getTenant"];
        put?: never;
        post?: never;
        /**
         * Delete a tenant with all that it has
         * @description 204: gone, and none of its devices is on a VPN server. 202: its keys and tokens open nothing any more; a VPN server that is away still has to remove devices, and the rest follows by itself when it is back.
         */
        delete: operations["deleteTenant"];
        options?: never;
        head?: never;
        /**
         * Change a tenant’s settings
         * @description Fields that are left out stay as they are. Limits act from the next request on; those that VPN servers enforce reach them within seconds.
         */
        patch: operations["updateTenant"];
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a tenant’s API keys, revoked ones too */
        get: operations["listApiKeys"];
        put?: never;
        /** Create an API key; the answer shows it once */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/api-keys/{keyId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke an API key; it opens nothing from then on
         * @description The users whom it signed in by minting tokens are signed out, and the keys that it has made are revoked too, unless you keep them. 200 tells of keys that came of it; 204: there are none.
         */
        delete: operations["revokeApiKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/api-keys/{keyId}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Replace an API key; the old one goes on for a while */
        post: operations["rotateApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume a suspended tenant
         * @description Brings back exactly the devices that the suspension took.
         */
        post: operations["resumeTenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A tenant’s sessions, newest first */
        get: operations["listTenantSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/signing-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a tenant a new key that signs its access tokens
         * @description They change by themselves every 30 days.
         */
        post: operations["rotateSigningKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Suspend a tenant
         * @description Its API answers 403 and its devices are taken off their VPN servers, until it is resumed.
         */
        post: operations["suspendTenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A tenant’s usage by hour or day
         * @description Bytes inside the tunnel, as the VPN server counts them; at most one reading (30 s by default) behind. With `format=csv` the same numbers as text, one line per hour or day and device that has any.
         */
        get: operations["getTenantUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a tenant’s users with their limits, oldest first */
        get: operations["listUserPlans"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/tenants/{id}/users/{userId}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Set limits for one user, in place of the tenant’s
         * @description Fields that are left out stay as they are; null gives the tenant’s limit back. A limit below what the user has takes nothing away.
         */
        patch: operations["limitUser"];
        trace?: never;
    };
    "/api/v1/auth/accept-invitation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Choose the first password with the link of an invitation */
        post: operations["acceptInvitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/forgot-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a link to choose a new password */
        post: operations["forgotPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign a user in
         * @description 202 where a second factor is wanted: finish with /auth/second-factor.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign out: this sign-in’s tokens end at once */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout-everywhere": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign out on every device: all tokens of the user end at once */
        post: operations["logoutEverywhere"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchange a refresh token for new tokens
         * @description A refresh token opens once. Used again, its sign-in ends with all of its tokens: somebody has a copy. Only within 10 seconds of its use it is just refused, because two honest tries at once look the same.
         */
        post: operations["refreshTokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign a user up
         * @description 202 where the tenant wants e-mails confirmed first: the user signs in after opening the link in the mail. Or where it wants a second factor.
         */
        post: operations["registerUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/reset-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Choose a new password with a link: all of the user’s sign-ins end at once */
        post: operations["resetPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finish a sign-in that wants a second factor */
        post: operations["signInWithCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/second-factor/enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set a second factor up where signing in needs one
         * @description Then finish the sign-in with the first code.
         */
        post: operations["enrolWithChallenge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/send-verification": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a link to confirm the e-mail address */
        post: operations["sendVerification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchange an ID token of your identity provider for tokens of the user (RFC 8693)
         * @description As JSON or as a form. The user is made at the first token of a new `sub`. An ID token is accepted once.
         */
        post: operations["exchangeToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/verify-email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirm the e-mail address with a link */
        post: operations["verifyEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List my devices */
        get: operations["listDevices"];
        put?: never;
        /**
         * Register a device
         * @description 201: packets flow as soon as the answer is there. 202: the VPN server cannot be reached just now; the device becomes active by itself when it is back.
         */
        post: operations["registerDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a device */
        get: operations["getDevice"];
        put?: never;
        post?: never;
        /**
         * Delete a device
         * @description 204: the VPN server has removed it, its next packet does not pass. 202: the VPN server cannot be reached just now; the device is removed as soon as it is back.
         */
        delete: operations["deleteDevice"];
        options?: never;
        head?: never;
        /**
         * Change a device
         * @description Fields that are left out stay as they are. New resolvers, search domains, routes, MTU and keepalive are in the configuration from now on; the device has to fetch it. A new expiry brings an expired device back: 202 where its VPN server has not acknowledged that yet.
         */
        patch: operations["updateDevice"];
        trace?: never;
    };
    "/api/v1/devices/{id}/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a device’s WireGuard configuration
         * @description As text, in a file whose name tells devices apart, or as a QR code that the WireGuard apps for phones read. 409 for a QR code of a device that made its own key: an app could do nothing with it.
         */
        get: operations["getDeviceConfig"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/move": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move a device to another VPN server
         * @description It keeps its id and its key and gets another address, so it needs the configuration that is answered. What is in its place already stays as it is. 200: packets flow with it at once. 202: the new VPN server cannot be reached just now, or the device is suspended. Either way the old one no longer carries it once it has heard of it. Brings back a device that has failed, to the same VPN server if that is named; it counts again then.
         */
        post: operations["moveDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change a device’s keys
         * @description Id and addresses stay; the answer has the new configuration. The old key stops when the new one is first used, at the latest after `overlapSeconds`. Brings back a device that is held because its key is too old. 202: the VPN server has not acknowledged it yet.
         */
        post: operations["rotateDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A device’s sessions, newest first */
        get: operations["listDeviceSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A device’s usage by hour or day
         * @description Bytes inside the tunnel, as the VPN server counts them; at most one reading (30 s by default) behind. With `format=csv` the same numbers as text, one line per hour or day and device that has any.
         */
        get: operations["getDeviceUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/locations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where a device can be
         * @description Regions and their VPN servers. A device may name either when it is registered or moved.
         */
        get: operations["listLocations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in */
        get: operations["getMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Change the password: all other sign-ins end at once */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the user has a second factor */
        get: operations["getSecondFactor"];
        put?: never;
        /**
         * Begin to set a second factor up
         * @description It counts when it is confirmed with a first code.
         */
        post: operations["beginSecondFactor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/second-factor/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirm the second factor with a first code */
        post: operations["confirmSecondFactor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/second-factor/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Remove the second factor, with a code of it */
        post: operations["removeSecondFactor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sign-ins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the user is signed in, newest first */
        get: operations["listSignIns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sign-ins/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one sign-in: its tokens end at once */
        delete: operations["endSignIn"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List my API keys, oldest first, revoked ones too */
        get: operations["listOwnApiKeys"];
        put?: never;
        /**
         * Create an API key; the answer shows it once
         * @description A key gives no more than it has itself: scopes, addresses, life; and a test key makes no live one. The new key ends with the one that made it.
         */
        post: operations["createOwnApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/api-keys/{keyId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get one of my API keys */
        get: operations["getOwnApiKey"];
        put?: never;
        post?: never;
        /**
         * Revoke an API key; it opens nothing from then on
         * @description The users whom it signed in by minting tokens are signed out, and the keys that it has made are revoked too, unless you keep them. 200 tells of keys that came of it; 204: there are none.
         */
        delete: operations["revokeOwnApiKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/api-keys/{keyId}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace an API key; the old one goes on for a while
         * @description The new key may do what the old one may, which has to be no more than the key of this request may, and lives no longer than that one. The keys that the old one has made belong to the new one from then on.
         */
        post: operations["rotateOwnApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who did what, newest first */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/audit.jsonl": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The whole audit log, oldest first, as JSON Lines
         * @description Each line is an `AuditEntry`.
         */
        get: operations["exportAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the devices of my users, oldest first */
        get: operations["listTenantDevices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a device */
        get: operations["getTenantDevice"];
        put?: never;
        post?: never;
        /**
         * Delete a device
         * @description 204: the VPN server has removed it, its next packet does not pass. 202: the VPN server cannot be reached just now; the device is removed as soon as it is back.
         */
        delete: operations["deleteTenantDevice"];
        options?: never;
        head?: never;
        /**
         * Change a device’s configuration and what you keep with it
         * @description Fields that are left out stay as they are. The new configuration holds once the device has fetched it.
         */
        patch: operations["updateTenantDevice"];
        trace?: never;
    };
    "/api/v1/tenant/devices/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the suspension of a device; whatever else holds it goes on */
        post: operations["resumeDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/devices/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take a device off its VPN server until it is resumed */
        post: operations["suspendDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/identity-providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your identity providers, oldest first */
        get: operations["listIdentityProviders"];
        put?: never;
        /**
         * Let users sign in with your OpenID Connect provider
         * @description Its ID tokens are exchanged at `/auth/token`. A user is who has its `sub`; e-mails in its tokens are not looked at.
         */
        post: operations["createIdentityProvider"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/identity-providers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove an identity provider: its users’ sign-ins end at once
         * @description The users stay, with their devices; who its subjects stand for is forgotten.
         */
        delete: operations["deleteIdentityProvider"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a user who chooses a password by a link in a mail
         * @description Sends it again to one who has not chosen yet.
         */
        post: operations["inviteUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The sessions of all my users, newest first */
        get: operations["listOwnSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get my settings and my plan */
        get: operations["getSettings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change my settings
         * @description Fields that are left out stay as they are. They apply to live devices too, so a test key cannot change them.
         */
        patch: operations["updateSettings"];
        trace?: never;
    };
    "/api/v1/tenant/sign-in-settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How your users sign in */
        get: operations["getSignInSettings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change how your users sign in
         * @description Fields that are left out stay as they are. They apply to live users too, so a test key cannot change it.
         */
        patch: operations["changeSignInSettings"];
        trace?: never;
    };
    "/api/v1/tenant/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The usage of all my users, or of one, by hour or day
         * @description Bytes inside the tunnel, as the VPN server counts them; at most one reading (30 s by default) behind. With `format=csv` the same numbers as text, one line per hour or day and device that has any.
         */
        get: operations["getOwnUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List my users, oldest first */
        get: operations["listUsers"];
        put?: never;
        /**
         * Create a user without a password
         * @description The user signs in by an invitation, by your own identity provider, or with tokens that you ask for.
         */
        post: operations["createUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a user */
        get: operations["getUser"];
        put?: never;
        post?: never;
        /**
         * Delete a user with all devices and sessions
         * @description From now on nothing of the user opens anything. The user is gone from the list when the VPN servers have acknowledged the removal of the devices, and until then `deleting`.
         */
        delete: operations["deleteUser"];
        options?: never;
        head?: never;
        /**
         * Change what you keep with a user, and the user’s limits
         * @description Fields that are left out stay as they are.
         */
        patch: operations["updateUser"];
        trace?: never;
    };
    "/api/v1/tenant/users/{id}/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase a user and all that is stored about them
         * @description 204: it is gone. 202: credentials, name and history are gone or will be in seconds; a VPN server that is away still has to remove a device, and the rest follows by itself. Asking again is safe.
         */
        post: operations["eraseUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/users/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything that is stored about a user
         * @description By table, except for credentials and what is made of other columns.
         */
        get: operations["exportUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/users/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume a suspended user
         * @description Brings back exactly what the suspension took.
         */
        post: operations["resumeUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/users/{id}/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove the second factor of a user who has lost it */
        delete: operations["resetSecondFactor"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/users/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Suspend a user
         * @description The user’s tokens open nothing and the devices have no tunnel, until the user is resumed.
         */
        post: operations["suspendUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/users/{id}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign a user in on your backend’s word */
        post: operations["mintTokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/webhook-endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List webhook endpoints, oldest first */
        get: operations["listWebhookEndpoints"];
        put?: never;
        /** Create a webhook endpoint */
        post: operations["createWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/webhook-endpoints/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a webhook endpoint */
        get: operations["getWebhookEndpoint"];
        put?: never;
        post?: never;
        /** Delete a webhook endpoint with its log */
        delete: operations["deleteWebhookEndpoint"];
        options?: never;
        head?: never;
        /**
         * Change, disable or enable a webhook endpoint
         * @description Fields that are left out stay as they are. A disabled endpoint gets no new messages; messages that waited go on when it is enabled.
         */
        patch: operations["updateWebhookEndpoint"];
        trace?: never;
    };
    "/api/v1/tenant/webhook-endpoints/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages sent and waiting, newest first */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/webhook-endpoints/{id}/deliveries/{messageId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a delivery with its attempts */
        get: operations["getWebhookDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/webhook-endpoints/{id}/deliveries/{messageId}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a message again
         * @description Under the same id, whatever became of it before.
         */
        post: operations["replayWebhookDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/webhook-endpoints/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send again all that failed since a time */
        post: operations["replayFailedWebhookDeliveries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/webhook-endpoints/{id}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a webhook endpoint another secret
         * @description While both are valid, messages carry a signature by each.
         */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant/webhook-endpoints/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a `webhook.test` message
         * @description The delivery’s log has the outcome.
         */
        post: operations["testWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenants/{id}/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The public keys that verify a tenant’s access tokens
         * @description Tokens are JWTs of `typ` `at+jwt`, signed with ES256: compare `aud` with the tenant’s id, `iss` with the address of this document without `/jwks.json`. A new key is here 10 minutes before it signs. A valid signature says that the user was signed in when the token was issued; whether that has ended since only the API knows.
         */
        get: operations["getTenantKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * My usage by hour or day, and by device
         * @description Bytes inside the tunnel, as the VPN server counts them; at most one reading (30 s by default) behind. With `format=csv` the same numbers as text, one line per hour or day and device that has any.
         */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vpn/connect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open a session of a device
         * @description 201: opened. 200: it was open already, and the answer is the same.
         */
        post: operations["connect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vpn/disconnect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close the open session of a device */
        post: operations["disconnect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vpn/server/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The VPN server that my newest device is on
         * @description For a user without devices: the VPN server that the next one would be placed on.
         */
        get: operations["getServerStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vpn/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** My sessions, newest first */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vpn/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** My open sessions */
        get: operations["getVpnStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The API runs */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process runs; nothing else is looked at */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description Prometheus text format. Prometheus sends the admin key by `authorization.credentials_file`.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The API can answer; 503 names what is missing */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ActivateServer: {
            /** @description The VPN server’s SSH host keys. From now on it is believed with no other. */
            hostKeys: string[];
            interfacePublicKey: string;
            /**
             * @description Where the interface’s own key is lost, take a new one: every device then needs its configuration anew.
             * @default false
             */
            replaceKey: boolean;
        };
        AddedServer: {
            /** @description A shell script. Run as root on the VPN server, it prints what activation needs. */
            installation: string;
            server: components["schemas"]["Server"];
        };
        AddPool: {
            cidr: string;
        };
        AddServer: {
            /** @description The address that devices connect to. */
            endpointHost: string;
            /**
             * Format: ipv6
             * @description A second, IPv6 address of the same port.
             */
            endpointHost6?: string;
            /** @default 51820 */
            endpointPort: number;
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            name: string;
            /** @description Absent: the next free /24 of 10.8.0.0/16. */
            poolCidr?: string;
            region: string;
            sshHost: string;
            /** @default 22 */
            sshPort: number;
            /** @description The /64 that devices have their IPv6 tunnel addresses from. Absent: a random unique local one (RFC 4193). Null: no IPv6 in the tunnel. */
            tunnelPrefix6?: string | null;
        };
        ApiKey: {
            /** @description Empty: everywhere */
            allowedSources: string[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            expiresAt: string | null;
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description To about a minute. Null: never */
            lastUsedAt: string | null;
            /**
             * @description `test`: simulated VPN servers, and users and devices of its own
             * @enum {string}
             */
            mode: "live" | "test";
            name: string;
            /** @description The key that made it. Null: the operator did */
            parentId: string | null;
            /** @description The first characters, to tell keys apart */
            prefix: string;
            /** @description The key that it came in the place of */
            replacesId: string | null;
            revokedAt: string | null;
            /** @description Null: all that there are, also those to come */
            scopes: components["schemas"]["Scope"][] | null;
        };
        ApiKeyList: {
            apiKeys: components["schemas"]["ApiKey"][];
        };
        ApiKeyPage: {
            apiKeys: components["schemas"]["ApiKey"][];
            /** @description Null on the last page */
            nextCursor: string | null;
        };
        AuditEntry: {
            /** @description Such as `device.register`. */
            act: string;
            actor: {
                id: string | null;
                /** @description `user`, `api_key`, `admin`, `job`, `nobody`, or `login`: by hand in the database. */
                kind: string;
            };
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            at: string;
            /** @description Names of what changed, never a value. */
            changed: string[];
            /** @description How often it was refused within some seconds; 1 for what was done. */
            count: number;
            id: number;
            /** @description Of a refusal: the error code. */
            reason: string | null;
            requestId: string | null;
            /** @enum {string} */
            result: "done" | "refused";
            /** @description Place and SHA-256 in the chain, in hexadecimal. Null for about a second. */
            seal: {
                hash: string;
                place: number;
            } | null;
            target: {
                id: string | null;
                kind: string;
            } | null;
            /** @description Null: an act of the platform. */
            tenantId: string | null;
        };
        AuditPage: {
            entries: components["schemas"]["AuditEntry"][];
            /** @description Null on the last page */
            nextCursor: string | null;
        };
        AuditVerification: {
            chains: {
                /** @description The first row that is not as it was sealed. */
                broken: {
                    entryId: number | null;
                    /** @enum {string} */
                    fault: "changed" | "missing" | "unknown";
                    place: number;
                } | null;
                /**
                 * Format: uuid
                 * @description The tenant; all zeros for the platform’s own.
                 */
                chain: string;
                /** @description Keep it elsewhere: it shows later that the chain was not written anew. */
                hash: string;
                rows: number;
            }[];
            intact: boolean;
        };
        ChallengeToken: {
            /** @description `challengeToken` of the sign-in */
            challengeToken: string;
        };
        ChangePassword: {
            /** @description At least as long as the tenant asks for: 12 characters by default */
            currentPassword: string;
            /** @description At least as long as the tenant asks for: 12 characters by default */
            newPassword: string;
        };
        ChangeSignInSettings: {
            /** @description Your app. Links in mails lead to its pages `/verify-email`, `/reset-password` and `/invitation`, with `#token=…`. Null: no mails with links go out. */
            appUrl?: string | null;
            /** @description Nobody signs in with a password alone. */
            secondFactorRequired?: boolean;
            /** @description Nobody signs in before the e-mail is confirmed; then signing up answers the same for an e-mail that is taken. */
            verifiedEmailRequired?: boolean;
        };
        ConditionReason: {
            /** @description Such as `no_route_out`. docs/operations/vpn-servers.md lists them. */
            code: string;
            detail: string;
            since: string | null;
        };
        Connected: {
            connectedAt: string;
            message: string;
            /** Format: uuid */
            sessionId: string;
            /** @constant */
            status: "connected";
        };
        CreateApiKey: {
            /** @description Addresses and ranges in CIDR notation that it may be used from. Empty: everywhere */
            allowedSources?: string[];
            /** @description It opens nothing from then on. Null: never. */
            expiresAt?: string | null;
            /**
             * @description `test`: simulated VPN servers, and users and devices of its own
             * @default live
             * @enum {string}
             */
            mode: "live" | "test";
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            name: string;
            /** @description Absent: all that there are now. */
            scopes?: components["schemas"]["Scope"][];
        };
        CreatedApiKey: {
            /** @description Empty: everywhere */
            allowedSources: string[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            expiresAt: string | null;
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description The key. It is shown here and never again. */
            key: string;
            /** @description To about a minute. Null: never */
            lastUsedAt: string | null;
            /**
             * @description `test`: simulated VPN servers, and users and devices of its own
             * @enum {string}
             */
            mode: "live" | "test";
            name: string;
            /** @description The key that made it. Null: the operator did */
            parentId: string | null;
            /** @description The first characters, to tell keys apart */
            prefix: string;
            /** @description The key that it came in the place of */
            replacesId: string | null;
            revokedAt: string | null;
            /** @description Null: all that there are, also those to come */
            scopes: components["schemas"]["Scope"][] | null;
        };
        CreateIdentityProvider: {
            /**
             * @default [
             *       "RS256"
             *     ]
             */
            algorithms: ("RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512" | "EdDSA")[];
            /** @description Client ids of your apps there: `aud` of a token has to be one of them */
            audiences: string[];
            /** @description `iss` of its tokens, to the letter */
            issuer: string;
            /**
             * @description Its public keys (RFC 7517), where it publishes none
             * @default null
             */
            jwks: {
                keys: ({
                    /** @enum {string} */
                    kty: "RSA" | "EC" | "OKP";
                } & {
                    [key: string]: unknown;
                })[];
            } | null;
            /**
             * @description Where its keys are. Without it and `jwks`: found from the issuer (OpenID Connect Discovery)
             * @default null
             */
            jwksUrl: string | null;
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            name: string;
        };
        CreateOwnApiKey: {
            /** @description Within those of the key of this request; absent: the same. Empty: everywhere. */
            allowedSources?: string[];
            /** @description No later than the key of this request; absent: at the same time. Null: never. */
            expiresAt?: string | null;
            /**
             * @description `test`: simulated VPN servers, and users and devices of its own
             * @default live
             * @enum {string}
             */
            mode: "live" | "test";
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            name: string;
            /** @description None that the key of this request has not got itself. */
            scopes: components["schemas"]["Scope"][];
        };
        CreateTenant: {
            /** @description Requests to the authentication routes per client and window */
            authRateLimit?: number;
            /** @description Seconds in which `authRateLimit` is counted */
            authRateWindowSeconds?: number;
            /** @description Requests in a minute of each client address of its users */
            clientRateLimit?: number;
            /** @description Most bytes in a period, up and down together, of all users together. Null: any amount */
            dataLimitBytes?: number | null;
            /** @description Day of the month on which a period begins, at 0:00 UTC */
            dataResetDay?: number;
            /** @description Shares of a data limit at which a warning goes out */
            dataWarnPercents?: number[];
            /** @description Days that webhook messages and their log are kept */
            deliveryLogDays?: number;
            /** @description Most devices, of all users together */
            deviceLimit?: number;
            /** @description Resolvers in the devices’ configurations */
            dns?: string[];
            /** @description Of each device, unless set for its user. Null: any speed */
            downloadBitsPerSecond?: number | null;
            /** @description A device with an older key is held until it has a new one: 180 days unless set otherwise. Null: any age */
            keyLifetimeDays?: number | null;
            /** @description Requests in a minute of each API key */
            keyRateLimit?: number;
            /** @description Keys that were made here are changed when they are older; the old one goes on for a day. Null: never */
            keyRotationDays?: number | null;
            /** @description Most bytes of a packet in the tunnel, unless a device has its own. Null: the client works it out */
            mtu?: number | null;
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            name: string;
            /** @description No-log mode: a session is forgotten when it is closed, and of usage only the totals of a period are kept. What was kept before goes within minutes. */
            noLog?: boolean;
            /** @description Fewest characters of a password. Below 12 only with a second factor of your own. */
            passwordLengthMin?: number;
            /** @description Seconds between packets that keep the way back open, unless a device has its own: 25 where nothing is said, below the 30 s after which home routers forget a flow. 0: off */
            persistentKeepalive?: number;
            /** @description Private keys that were made here are told once and then forgotten, so never changed by us. */
            privateKeysOnce?: boolean;
            /** @description Its devices on one VPN server reach each other. */
            privateNetwork?: boolean;
            /** @description Full tunnels take IPv6 into the tunnel even where the VPN server has none. It ends there, so nothing leaks past the tunnel. False: on such a VPN server IPv6 stays outside the tunnel. */
            routeIpv6?: boolean;
            /** @description Ranges that devices send into the tunnel, in CIDR notation; empty: everything (full tunnel). They are taken as they are: `0.0.0.0/0` without `::/0` leaves IPv6 outside the tunnel. */
            routes?: string[];
            /** @description DNS names that devices search short names in. Linux and Android use them only beside a resolver. */
            searchDomains?: string[];
            /** @description Days that closed sessions are kept. Null: as long as the platform keeps them */
            sessionDays?: number | null;
            /** @description Most sessions open at once, of all users together. Null: any number */
            sessionLimit?: number | null;
            /** @description Requests in a minute, of all its keys and users together */
            tenantRateLimit?: number;
            /** @description Of each device, unless set for its user. Null: any speed */
            uploadBitsPerSecond?: number | null;
            /** @description Days that usage by the day is kept. Null: as long as the platform keeps it */
            usageDays?: number | null;
            /** @description The same of one user, unless set for the user */
            userDataLimitBytes?: number | null;
            /** @description Most devices of one user, unless set for the user. Null: any number */
            userDeviceLimit?: number | null;
            /** @description Requests in a minute of each user */
            userRateLimit?: number;
            /** @description Most sessions of one user open at once, unless set for the user. Null: any number */
            userSessionLimit?: number | null;
        };
        CreateUser: {
            /**
             * Format: email
             * @description In any case, with its domain in letters and digits of any script; answers have it in lower case, the domain in ASCII
             */
            email: string;
            externalId?: string | null;
            /** @description Your own texts by name, at most 50. Replaced as a whole. */
            metadata?: {
                [key: string]: string;
            };
        };
        CreateWebhookEndpoint: {
            description?: string;
            /** @description Events that it receives; empty: all */
            events?: components["schemas"]["WebhookEventType"][];
            /** @description https, on port 443 or 8443, at a public address */
            url: string;
        };
        DeletingTenant: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @constant */
            status: "deleting";
        };
        DeletingUser: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @constant */
            status: "deleting";
        };
        Device: {
            /** @description The newest one that the VPN server has acknowledged; 0 for none. */
            appliedGeneration: number;
            assignedIp: string;
            /** @description Null where its VPN server has no IPv6 in the tunnel. */
            assignedIp6: string | null;
            createdAt: string;
            /** @description Raised by every change that the VPN server has to see. */
            desiredGeneration: number;
            deviceName: string;
            /** @description Null: the tenant’s. */
            dns: string[] | null;
            expiresAt: string | null;
            /** @description Why it failed; null in every other status. */
            failure: string | null;
            /** Format: uuid */
            id: string;
            keyChangedAt: string;
            /** @description From then on the device is held until its key is changed. Null: never. */
            keyExpiresAt: string | null;
            lastConnectedAt: string | null;
            /** @description Null: the tenant’s. */
            mtu: number | null;
            /** @description Seconds; 0: off. Null: the tenant’s. */
            persistentKeepalive: number | null;
            publicKey: string;
            /** @description Why it is not active: `conflict`, `invalid` or `full` where its VPN server refused it; its holds (`tenant`, `user`, `server`, `data`, `expired`, `key`, `device`), separated by commas; or `vpn_server_away`. Null where nothing is in the way. */
            reason: string | null;
            /** @description Null: the tenant’s. */
            routes: string[] | null;
            /** @description Null: the tenant’s. */
            searchDomains: string[] | null;
            server: {
                endpointPort: number;
                /** Format: uuid */
                id: string;
                name: string;
                publicIp: string;
                region: string;
            };
            /**
             * @description `active`: the VPN server has acknowledged the device, and a handshake succeeds at once.
             * @enum {string}
             */
            status: "pending" | "active" | "suspended" | "failed" | "removing";
        };
        DeviceList: {
            devices: components["schemas"]["Device"][];
            totalCount: number;
        };
        DeviceRef: {
            /**
             * Format: uuid
             * @description UUID
             */
            deviceId: string;
        };
        Disconnected: {
            disconnectedAt: string;
            message: string;
            /** Format: uuid */
            sessionId: string;
            /** @constant */
            status: "disconnected";
        };
        ErasingUser: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @constant */
            status: "erasing";
        };
        EvacuateServer: {
            /** @description Where its devices go. Absent: its own region. */
            region?: string;
        };
        Evacuation: {
            /** @description Devices that had to stay, once it is finished. */
            failed: number;
            finishedAt: string | null;
            moved: number;
            /** @description Why they had to: an error’s code, or `enabled` where the VPN server came back into service. */
            reason: string | null;
            region: string;
            /** @description Devices that are still on it. */
            remaining: number;
            startedAt: string;
            /** @description Devices that it had when this began. */
            total: number;
        };
        Examination: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            examinedAt: string;
            findings: components["schemas"]["Finding"][];
            /** @description Nothing was found, and everything that was asked for could be looked at. */
            healthy: boolean;
            /** @description Null unless `deep`. */
            interfacesExamined: number | null;
            /** @description Faults that agents repaired on their hosts in the last 24 hours, newest first. They are no findings. */
            repairs: {
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                at: string;
                code: string;
                detail: string;
                /** Format: uuid */
                serverId: string;
                serverName: string;
            }[];
            /** @description VPN servers of whose interfaces nothing is known. */
            unreachable: string[];
        };
        ExchangedToken: {
            access_token: string;
            /** @description Seconds that the access token lasts */
            expires_in: number;
            /** @constant */
            issued_token_type: "urn:ietf:params:oauth:token-type:access_token";
            /** @description For one use at /auth/refresh, within 30 days */
            refresh_token: string;
            /** @constant */
            token_type: "Bearer";
        };
        ExchangeToken: {
            /** @constant */
            grant_type: "urn:ietf:params:oauth:grant-type:token-exchange";
            /** @constant */
            requested_token_type?: "urn:ietf:params:oauth:token-type:access_token";
            /** @description The ID token, as the identity provider gave it */
            subject_token: string;
            /** @enum {string} */
            subject_token_type: "urn:ietf:params:oauth:token-type:id_token" | "urn:ietf:params:oauth:token-type:jwt";
        };
        Finding: {
            /** @enum {string} */
            breach: "duplicate_address" | "duplicate_key" | "leaked_lease" | "lost_lease" | "early_release" | "outside_pool" | "counter_off" | "generation_ahead" | "unqueued_change" | "acknowledged_queued" | "unregistered_key" | "retired_key_alive" | "stuck_pending" | "foreign_reference" | "orphan_peer" | "missing_peer" | "wrong_addresses" | "server_degraded" | "failing_work" | "stalled_job" | "peer_ahead";
            detail: string;
            meaning: string;
            serverId: string | null;
            /** @description The device, address, lease or tenant that it is about. */
            subject: string;
            tenantId: string | null;
        };
        GrowPool: {
            /** @description Holds the whole pool, and no part of another. */
            cidr: string;
        };
        Health: {
            /** @constant */
            status: "ok";
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            timestamp: string;
        };
        IdentityProvider: {
            algorithms: string[];
            audiences: string[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            issuer: string;
            jwksUrl: string | null;
            name: string;
        };
        IdentityProviderList: {
            identityProviders: components["schemas"]["IdentityProvider"][];
        };
        InvitedUser: {
            user: {
                email: string;
                /**
                 * Format: uuid
                 * @description UUID
                 */
                id: string;
            };
        };
        Job: {
            /** @description Counts of the work of all runs since the replica was started: `{ "devices": 12 }`. */
            done: {
                [key: string]: number;
            };
            /** @description How long the last run took. */
            durationMs: number | null;
            endedAt: string | null;
            /** @description Why the last run ended early. Null: it did not. */
            error: string | null;
            /** @description The pause between two runs. */
            everySeconds: number;
            /** @description Runs in a row that ended early. */
            failedRuns: number;
            /** @description At most 100, those that fail the longest first. Everything else goes on without them. */
            failing: {
                /** @description Failed attempts in a row. */
                attempts: number;
                error: string;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                failingSince: string;
                /** @description The id of the device, user, tenant or VPN server, or the part of the work. */
                item: string;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                nextAttemptAt: string;
            }[];
            failingCount: number;
            name: string;
            /** @description Failing items that wait for their next attempt. */
            restingCount: number;
            running: boolean;
            startedAt: string | null;
            /** @description When a run last came to its end. Items may have failed in it. */
            succeededAt: string | null;
        };
        JobList: {
            jobs: components["schemas"]["Job"][];
        };
        /** @description RFC 7517 */
        JsonWebKeys: {
            keys: {
                /** @constant */
                alg: "ES256";
                /** @constant */
                crv: "P-256";
                kid: string;
                /** @constant */
                kty: "EC";
                /** @constant */
                use: "sig";
                x: string;
                y: string;
            }[];
        };
        LinkToken: {
            /** @description The text after `#token=` in the link */
            token: string;
        };
        Location: {
            /** @description Devices on it have an IPv6 tunnel address too. */
            hasIpv6: boolean;
            /** Format: uuid */
            id: string;
            /**
             * @description How many of its addresses are in use.
             * @enum {string}
             */
            load: "low" | "medium" | "high";
            name: string;
            /** @description The address that devices connect to. */
            publicIp: string;
            region: string;
            /**
             * @description `full`: no address is left. `unavailable`: in maintenance, or not heard of late.
             * @enum {string}
             */
            status: "available" | "full" | "unavailable";
        };
        LocationList: {
            regions: {
                /** @description The value of a device’s `region`. */
                id: string;
                servers: components["schemas"]["Location"][];
            }[];
        };
        Login: {
            /**
             * Format: email
             * @description In any case, with its domain in letters and digits of any script; answers have it in lower case, the domain in ASCII
             */
            email: string;
            /** @description At least as long as the tenant asks for: 12 characters by default */
            password: string;
        };
        /** @description The same whether or not there is such a user */
        MailAccepted: {
            /** @constant */
            status: "accepted";
        };
        MailRequest: {
            /**
             * Format: email
             * @description In any case, with its domain in letters and digits of any script; answers have it in lower case, the domain in ASCII
             */
            email: string;
        };
        MasterKeyState: {
            columns: {
                column: string;
                /** @description Those that are sealed with the current master key */
                current: number;
                table: string;
                total: number;
            }[];
            /** @description Nothing needs a retired master key any more. */
            done: boolean;
            /** @description Of the current master key */
            version: number;
        };
        Me: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            email: string;
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            tenantId: string;
        };
        /** @description An empty object: to any other VPN server. */
        MoveDevice: {
            /** @description Where the VPN server is to be. Absent: anywhere. */
            region?: string;
            /**
             * Format: uuid
             * @description Instead of a region: the VPN server, from the list of locations.
             */
            serverId?: string;
        };
        NewPassword: {
            /** @description At least as long as the tenant asks for: 12 characters by default */
            password: string;
            /** @description The text after `#token=` in the link */
            token: string;
        };
        NotYetSignedIn: components["schemas"]["VerificationSent"] | components["schemas"]["SecondFactorChallenge"];
        Pool: {
            addresses: {
                draining: number;
                free: number;
                held: number;
                quarantine: number;
            };
            cidr: string;
            createdAt: string;
            gateway: string;
            /** Format: uuid */
            id: string;
        };
        PoolList: {
            pools: components["schemas"]["Pool"][];
            totalCount: number;
        };
        /** @description RFC 9457 problem; docs/errors.md lists the codes */
        Problem: {
            /** @enum {string} */
            code: "invalid_request" | "malformed_body" | "invalid_public_key" | "missing_api_key" | "invalid_api_key" | "missing_token" | "invalid_token" | "invalid_refresh_token" | "invalid_credentials" | "invalid_challenge" | "invalid_code" | "invalid_subject_token" | "invalid_link" | "email_not_verified" | "mail_not_set_up" | "invalid_admin_key" | "tenant_suspended" | "user_suspended" | "insufficient_scope" | "source_not_allowed" | "not_found" | "no_such_route" | "method_not_allowed" | "email_taken" | "external_id_taken" | "name_taken" | "public_key_taken" | "unknown_region" | "unknown_server" | "server_not_open" | "device_limit_reached" | "user_device_limit_reached" | "session_limit_reached" | "key_limit_reached" | "private_key_elsewhere" | "configuration_too_long" | "private_key_gone" | "idempotency_key_reused" | "request_in_flight" | "webhook_endpoint_limit_reached" | "churn_limit" | "pool_exhausted" | "server_full" | "peer_refused" | "state_conflict" | "pool_overlap" | "in_use" | "host_key_mismatch" | "server_unreachable" | "request_timeout" | "body_too_large" | "unsupported_media_type" | "rate_limited" | "internal" | "overloaded" | "unavailable";
            detail: string;
            errors?: {
                message: string;
                /** @description JSON pointer (RFC 6901) to the field */
                pointer: string;
            }[];
            /** @description Path of the request */
            instance: string;
            requestId: string;
            status: number;
            title: string;
            /** @description Where the code is described */
            type: string;
        };
        Readiness: {
            checks: {
                detail?: string;
                name: string;
                /** @enum {string} */
                status: "ok" | "degraded" | "failed";
            }[];
            /** @enum {string} */
            status: "ready" | "degraded";
        };
        RecoveryCodes: {
            /** @description Each signs in once. They are shown here and never again. */
            recoveryCodes: string[];
        };
        Refresh: {
            refreshToken: string;
        };
        RegisterDevice: {
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            deviceName: string;
            /** @description Resolvers in the configuration. Null: the tenant’s; empty: none, the device keeps its own. */
            dns?: string[] | null;
            /** @description The device is taken off its VPN server at this time. Null: never. */
            expiresAt?: string | null;
            /** @description Most bytes of a packet in the tunnel. Null: the tenant’s, or what the client works out. */
            mtu?: number | null;
            /** @description Seconds between packets that keep the way back open. Null: the tenant’s; 0: off. */
            persistentKeepalive?: number | null;
            /** @description The device’s own WireGuard public key, canonical base64. Preferred: the private key then never leaves the device. Absent: a key pair is made for it. */
            publicKey?: string;
            /** @description Where the VPN server is to be. Absent: anywhere. */
            region?: string;
            /** @description Ranges that go into the tunnel. Null: the tenant’s; empty: everything (full tunnel). */
            routes?: string[] | null;
            /** @description DNS names that short names are searched in. Null: the tenant’s; empty: none. */
            searchDomains?: string[] | null;
            /**
             * Format: uuid
             * @description Instead of a region: the VPN server, from the list of locations.
             */
            serverId?: string;
        };
        RegisteredDevice: {
            /** @description The newest one that the VPN server has acknowledged; 0 for none. */
            appliedGeneration: number;
            assignedIp: string;
            /** @description Null where its VPN server has no IPv6 in the tunnel. */
            assignedIp6: string | null;
            /** @description A complete WireGuard configuration, as `wg-quick` takes it. */
            config: string;
            createdAt: string;
            /** @description Raised by every change that the VPN server has to see. */
            desiredGeneration: number;
            deviceName: string;
            /** @description Null: the tenant’s. */
            dns: string[] | null;
            expiresAt: string | null;
            /** @description Why it failed; null in every other status. */
            failure: string | null;
            /** Format: uuid */
            id: string;
            keyChangedAt: string;
            /** @description From then on the device is held until its key is changed. Null: never. */
            keyExpiresAt: string | null;
            lastConnectedAt: string | null;
            /** @description Null: the tenant’s. */
            mtu: number | null;
            /** @description Seconds; 0: off. Null: the tenant’s. */
            persistentKeepalive: number | null;
            publicKey: string;
            /** @description Why it is not active: `conflict`, `invalid` or `full` where its VPN server refused it; its holds (`tenant`, `user`, `server`, `data`, `expired`, `key`, `device`), separated by commas; or `vpn_server_away`. Null where nothing is in the way. */
            reason: string | null;
            /** @description Null: the tenant’s. */
            routes: string[] | null;
            /** @description Null: the tenant’s. */
            searchDomains: string[] | null;
            server: {
                endpointPort: number;
                /** Format: uuid */
                id: string;
                ip: string;
                name: string;
                port: number;
                publicIp: string;
                region: string;
            };
            /**
             * @description `active`: the VPN server has acknowledged the device, and a handshake succeeds at once.
             * @enum {string}
             */
            status: "pending" | "active" | "suspended" | "failed" | "removing";
        };
        RegisteredUser: {
            /** @description For `Authorization: Bearer` */
            accessToken: string;
            /** @description Seconds that the access token lasts */
            expiresIn: number;
            /** @description For one use at /auth/refresh, within 30 days */
            refreshToken: string;
            user: {
                email: string;
                /** Format: uuid */
                id: string;
            };
        };
        RegisterUser: {
            /**
             * Format: email
             * @description In any case, with its domain in letters and digits of any script; answers have it in lower case, the domain in ASCII
             */
            email: string;
            /** @description At least as long as the tenant asks for: 12 characters by default */
            password: string;
        };
        RemovingDevice: {
            /** Format: uuid */
            id: string;
            /** @constant */
            status: "removing";
        };
        RemovingServer: {
            /** Format: uuid */
            id: string;
            /** @constant */
            state: "removing";
        };
        RemovingTenantDevice: {
            /** Format: uuid */
            id: string;
            /** @constant */
            status: "removing";
        };
        Replayed: {
            replayed: number;
        };
        ReplayFailed: {
            /** Format: date-time */
            since: string;
        };
        /** @description The key is revoked, and these have to do with it */
        RevokedApiKey: {
            /** @description Still open the API: those that you keep, and the one that came in its place */
            kept: components["schemas"]["ApiKey"][];
            /** @description Keys that it had made, and those that they had */
            revoked: components["schemas"]["ApiKey"][];
        };
        RotateApiKey: {
            /**
             * @description How long the old key goes on. 0: it ends at once.
             * @default 86400
             */
            overlapSeconds: number;
        };
        RotateDevice: {
            /**
             * @description How long the old key goes on working while the new one has not been used: an hour where nothing is said. 0: it stops at once, and with it a tunnel that this call came through.
             * @default 3600
             */
            overlapSeconds: number;
            /** @description The device’s own new public key. Absent: a key pair is made for it. */
            publicKey?: string;
        };
        RotateSigningKey: {
            /**
             * @description Somebody may have the old keys: what they signed is refused within 30 s, and users get new access tokens with their refresh tokens. Otherwise the new key signs in 10 minutes, and nobody notices.
             * @default false
             */
            revokeOthers: boolean;
        };
        RotateWebhookSecret: {
            /**
             * @description How long the secret before signs too
             * @default 86400
             */
            overlapSeconds: number;
        };
        /**
         * @description A permission of an API key
         * @enum {string}
         */
        Scope: "app" | "users:read" | "users:write" | "tokens:write" | "devices:read" | "devices:write" | "sessions:read" | "usage:read" | "settings:read" | "settings:write" | "keys:read" | "keys:write" | "webhooks:read" | "webhooks:write" | "audit:read" | "privacy:write";
        SecondFactorChallenge: {
            /** @description For /auth/second-factor, once */
            challengeToken: string;
            /** @description False: set a second factor up first, with /auth/second-factor/enrol */
            enrolled: boolean;
            /** @description Seconds that the challenge lasts */
            expiresIn: number;
            /** @constant */
            status: "second_factor_required";
        };
        SecondFactorCode: {
            /** @description Six digits of the authenticator app, or a recovery code */
            code: string;
        };
        SecondFactorEnrolment: {
            /** @description For typing into the app: base32 */
            secret: string;
            /** @description `otpauth://…`, for a QR code */
            uri: string;
        };
        SecondFactorSignIn: {
            /** @description `challengeToken` of the sign-in */
            challengeToken: string;
            /** @description Six digits of the authenticator app, or a recovery code */
            code: string;
        };
        SecondFactorState: {
            enrolled: boolean;
            recoveryCodesLeft: number;
        };
        SentMessage: {
            /**
             * Format: uuid
             * @description UUID
             */
            messageId: string;
        };
        Server: {
            /** @description Null until its agent was heard for the first time. */
            agentVersion: string | null;
            /** @description Its ability to serve; `state` is what the operator wants of it. `degraded`: its agent answers and names what is wrong with the machine; it gets no new devices while others are healthy. `unreachable`: its agent does not answer the replica that you asked. Null while it is provisioning. */
            condition: ("healthy" | "degraded" | "unreachable") | null;
            createdAt: string;
            deviceCount: number;
            endpointHost: string;
            /** @description A second, IPv6 address of the same port. */
            endpointHost6: string | null;
            endpointPort: number;
            /** Format: uuid */
            id: string;
            interfaceName: string;
            lastContactAt: string | null;
            /**
             * @description `test`: simulated, for the devices of test keys and no others.
             * @enum {string}
             */
            mode: "live" | "test";
            name: string;
            /** @description The interface’s; null until it was activated. */
            publicKey: string | null;
            /** @description Why it is not healthy; empty where it is. */
            reasons: components["schemas"]["ConditionReason"][];
            region: string;
            ssh: {
                host: string;
                hostKeys: string[];
                port: number;
                user: string;
            } | null;
            /** @enum {string} */
            state: "provisioning" | "active" | "draining" | "disabled" | "removing" | "removed";
            /** @enum {string} */
            transport: "ssh" | "local" | "memory";
            /** @description Null: no IPv6 in the tunnel. */
            tunnelPrefix6: string | null;
            /** @description How many devices it gets, beside the others of its region. */
            weight: number;
        };
        ServerEvent: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            at: string;
            /** @description The subject, such as `forwarding_off`. */
            code: string;
            detail: string;
            id: number;
            /** Format: uuid */
            serverId: string;
            serverName: string;
            /**
             * @description `degraded`: its agent found something that it cannot mend; `restored`: that is over; `mended`: somebody changed what the agent had set up, and the agent put it right.
             * @enum {string}
             */
            type: "server.unreachable" | "server.recovered" | "server.degraded" | "server.restored" | "server.mended";
        };
        ServerEventPage: {
            events: components["schemas"]["ServerEvent"][];
            /** @description Null on the last page */
            nextCursor: string | null;
        };
        ServerHealth: {
            /** @description Its ability to serve; `state` is what the operator wants of it. `degraded`: its agent answers and names what is wrong with the machine; it gets no new devices while others are healthy. `unreachable`: its agent does not answer the replica that you asked. Null while it is provisioning. */
            condition: ("healthy" | "degraded" | "unreachable") | null;
            /** @description Peers that somebody else had changed on it, ever found. */
            driftFound: number;
            driftFoundAt: string | null;
            /** @description The agent’s life that was last reconciled. */
            epoch: string | null;
            /** Format: uuid */
            id: string;
            /** @description Age of the oldest of them; 0 where there is none. */
            lagSeconds: number;
            /** @description Since a replica last heard it. */
            lastContactSeconds: number | null;
            /**
             * @description Of the replica that answers.
             * @enum {string}
             */
            link: "connecting" | "reconciling" | "ready" | "away" | "closed" | "absent";
            name: string;
            /** @description Changes that it has not acknowledged. */
            queuedChanges: number;
            /** @description Why it is not healthy; empty where it is. */
            reasons: components["schemas"]["ConditionReason"][];
            region: string;
        };
        ServerInstallation: {
            /** @description A shell script, to be run as root on the VPN server. */
            installation: string;
        };
        ServerList: {
            /** @description The agent that an upgrade brings. */
            latestAgentVersion: string;
            servers: components["schemas"]["Server"][];
            totalCount: number;
        };
        ServerStatus: {
            server: {
                name: string;
                /** @description Peers on the interface; where it cannot be asked, the devices that belong on it. */
                peerCount: number;
                region: string;
                /** @enum {string} */
                status: "active" | "degraded" | "disabled" | "unreachable";
            };
            timestamp: string;
        };
        ServerTest: {
            agentVersion: string;
            connectMs: number;
            interfaceName: string;
            peerCount: number;
            roundTripMs: number;
        };
        Session: {
            connectedAt: string;
            device: {
                assignedIp: string;
                deviceName: string;
                /** Format: uuid */
                id: string;
            };
            /** Format: uuid */
            id: string;
            server: {
                endpointPort: number;
                publicIp: string;
                region: string;
            };
            /** @constant */
            status: "ACTIVE";
        };
        SessionHistory: {
            /** @description Null on the last page */
            nextCursor: string | null;
            sessions: components["schemas"]["SessionRecord"][];
        };
        SessionRecord: {
            closedAt: string | null;
            /** @description `disconnect`: the call. `silence`: 180 s without a handshake. `moved`: the device moved to another VPN server. `revoked`: it was deleted or suspended */
            closedReason: ("disconnect" | "silence" | "moved" | "revoked") | null;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            connectedAt: string;
            device: {
                deviceName: string;
                /**
                 * Format: uuid
                 * @description UUID
                 */
                id: string;
            };
            downloadBytes: number;
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /**
             * @description `handshake`: the device connected without a call of `connect`
             * @enum {string}
             */
            openedBy: "connect" | "handshake";
            server: {
                /**
                 * Format: uuid
                 * @description UUID
                 */
                id: string;
                region: string;
            };
            /** @enum {string} */
            status: "ACTIVE" | "CLOSED";
            uploadBytes: number;
            /**
             * Format: uuid
             * @description UUID
             */
            userId: string;
        };
        SignedInUser: {
            /** @description For `Authorization: Bearer` */
            accessToken: string;
            /** @description Seconds that the access token lasts */
            expiresIn: number;
            /** @description For one use at /auth/refresh, within 30 days */
            refreshToken: string;
            user: {
                email: string;
                /** Format: uuid */
                id: string;
                /** Format: uuid */
                tenantId: string;
            };
        };
        SignedInWithCode: {
            /** @description For `Authorization: Bearer` */
            accessToken: string;
            /** @description Seconds that the access token lasts */
            expiresIn: number;
            /** @description Where the second factor was set up with this sign-in; never shown again */
            recoveryCodes?: string[];
            /** @description For one use at /auth/refresh, within 30 days */
            refreshToken: string;
            user: {
                email: string;
                /** Format: uuid */
                id: string;
                /** Format: uuid */
                tenantId: string;
            };
        };
        SignInList: {
            signIns: {
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                createdAt: string;
                /** @description Whether this request comes with it */
                current: boolean;
                /**
                 * Format: date-time
                 * @description Unless its refresh token is used before
                 */
                expiresAt: string;
                /**
                 * Format: uuid
                 * @description UUID
                 */
                id: string;
                /**
                 * Format: date-time
                 * @description When its refresh token was used last
                 */
                usedAt: string;
            }[];
        };
        SignInSettings: {
            appUrl: string | null;
            secondFactorRequired: boolean;
            verifiedEmailRequired: boolean;
        };
        Tenant: {
            authRateLimit: number;
            authRateWindowSeconds: number;
            clientRateLimit: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            dataLimitBytes: number | null;
            dataResetDay: number;
            dataWarnPercents: number[];
            deliveryLogDays: number;
            deviceCount: number;
            deviceLimit: number;
            dns: string[];
            downloadBitsPerSecond: number | null;
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            keyLifetimeDays: number | null;
            keyRateLimit: number;
            keyRotationDays: number | null;
            mtu: number | null;
            name: string;
            noLog: boolean;
            passwordLengthMin: number;
            persistentKeepalive: number;
            privateKeysOnce: boolean;
            privateNetwork: boolean;
            routeIpv6: boolean;
            routes: string[];
            searchDomains: string[];
            sessionDays: number | null;
            sessionLimit: number | null;
            /** @enum {string} */
            state: "active" | "suspended" | "deleting";
            tenantRateLimit: number;
            uploadBitsPerSecond: number | null;
            usageDays: number | null;
            userDataLimitBytes: number | null;
            userDeviceLimit: number | null;
            userRateLimit: number;
            userSessionLimit: number | null;
        };
        TenantDevice: {
            /** @description The newest one that the VPN server has acknowledged; 0 for none. */
            appliedGeneration: number;
            assignedIp: string;
            /** @description Null where its VPN server has no IPv6 in the tunnel. */
            assignedIp6: string | null;
            createdAt: string;
            /** @description Raised by every change that the VPN server has to see. */
            desiredGeneration: number;
            deviceName: string;
            /** @description Null: the tenant’s. */
            dns: string[] | null;
            expiresAt: string | null;
            externalId: string | null;
            /** @description Why it failed; null in every other status. */
            failure: string | null;
            /** Format: uuid */
            id: string;
            keyChangedAt: string;
            /** @description From then on the device is held until its key is changed. Null: never. */
            keyExpiresAt: string | null;
            lastConnectedAt: string | null;
            metadata: {
                [key: string]: string;
            };
            /** @description Null: the tenant’s. */
            mtu: number | null;
            /** @description Seconds; 0: off. Null: the tenant’s. */
            persistentKeepalive: number | null;
            publicKey: string;
            /** @description Why it is not active: `conflict`, `invalid` or `full` where its VPN server refused it; its holds (`tenant`, `user`, `server`, `data`, `expired`, `key`, `device`), separated by commas; or `vpn_server_away`. Null where nothing is in the way. */
            reason: string | null;
            /** @description Null: the tenant’s. */
            routes: string[] | null;
            /** @description Null: the tenant’s. */
            searchDomains: string[] | null;
            server: {
                endpointPort: number;
                /** Format: uuid */
                id: string;
                name: string;
                publicIp: string;
                region: string;
            };
            /**
             * @description `active`: the VPN server has acknowledged the device, and a handshake succeeds at once.
             * @enum {string}
             */
            status: "pending" | "active" | "suspended" | "failed" | "removing";
            /**
             * Format: uuid
             * @description UUID
             */
            userId: string;
        };
        TenantDeviceList: {
            devices: components["schemas"]["TenantDevice"][];
            /** @description Null on the last page */
            nextCursor: string | null;
        };
        TenantList: {
            /** @description Null on the last page */
            nextCursor: string | null;
            tenants: components["schemas"]["Tenant"][];
        };
        TenantUser: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            deviceCount: number;
            /** @description Limits in force. Null: no limit */
            effective: components["schemas"]["UserLimits"];
            email: string;
            externalId: string | null;
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description Limits set for this user. Null: your own limit */
            limits: components["schemas"]["UserLimits"];
            metadata: {
                [key: string]: string;
            };
            /** @enum {string} */
            state: "active" | "suspended" | "deleting";
        };
        TenantUserList: {
            /** @description Null on the last page */
            nextCursor: string | null;
            users: components["schemas"]["TenantUser"][];
        };
        Tokens: {
            /** @description For `Authorization: Bearer` */
            accessToken: string;
            /** @description Seconds that the access token lasts */
            expiresIn: number;
            /** @description For one use at /auth/refresh, within 30 days */
            refreshToken: string;
        };
        UpdateDevice: {
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            deviceName?: string;
            /** @description Resolvers in the configuration. Null: the tenant’s; empty: none, the device keeps its own. */
            dns?: string[] | null;
            /** @description The device is taken off its VPN server at this time. Null: never. */
            expiresAt?: string | null;
            /** @description Most bytes of a packet in the tunnel. Null: the tenant’s, or what the client works out. */
            mtu?: number | null;
            /** @description Seconds between packets that keep the way back open. Null: the tenant’s; 0: off. */
            persistentKeepalive?: number | null;
            /** @description Ranges that go into the tunnel. Null: the tenant’s; empty: everything (full tunnel). */
            routes?: string[] | null;
            /** @description DNS names that short names are searched in. Null: the tenant’s; empty: none. */
            searchDomains?: string[] | null;
        };
        UpdateServer: {
            endpointHost?: string;
            /** @description Null: none any more. */
            endpointHost6?: string | null;
            endpointPort?: number;
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            name?: string;
            /** @description How many devices it gets, beside the others of its region. 0: none. */
            weight?: number;
        };
        UpdateSettings: {
            /** @description Shares of a data limit at which a warning goes out */
            dataWarnPercents?: number[];
            /** @description Resolvers in the devices’ configurations */
            dns?: string[];
            /** @description A device with an older key is held until it has a new one: 180 days unless set otherwise. Null: any age */
            keyLifetimeDays?: number | null;
            /** @description Keys that were made here are changed when they are older; the old one goes on for a day. Null: never */
            keyRotationDays?: number | null;
            /** @description Most bytes of a packet in the tunnel, unless a device has its own. Null: the client works it out */
            mtu?: number | null;
            /** @description Fewest characters of a password. Below 12 only with a second factor of your own. */
            passwordLengthMin?: number;
            /** @description Seconds between packets that keep the way back open, unless a device has its own: 25 where nothing is said, below the 30 s after which home routers forget a flow. 0: off */
            persistentKeepalive?: number;
            /** @description Its devices on one VPN server reach each other. */
            privateNetwork?: boolean;
            /** @description Full tunnels take IPv6 into the tunnel even where the VPN server has none. It ends there, so nothing leaks past the tunnel. False: on such a VPN server IPv6 stays outside the tunnel. */
            routeIpv6?: boolean;
            /** @description Ranges that devices send into the tunnel, in CIDR notation; empty: everything (full tunnel). They are taken as they are: `0.0.0.0/0` without `::/0` leaves IPv6 outside the tunnel. */
            routes?: string[];
            /** @description DNS names that devices search short names in. Linux and Android use them only beside a resolver. */
            searchDomains?: string[];
        };
        UpdateTenant: {
            /** @description Requests to the authentication routes per client and window */
            authRateLimit?: number;
            /** @description Seconds in which `authRateLimit` is counted */
            authRateWindowSeconds?: number;
            /** @description Requests in a minute of each client address of its users */
            clientRateLimit?: number;
            /** @description Most bytes in a period, up and down together, of all users together. Null: any amount */
            dataLimitBytes?: number | null;
            /** @description Day of the month on which a period begins, at 0:00 UTC */
            dataResetDay?: number;
            /** @description Shares of a data limit at which a warning goes out */
            dataWarnPercents?: number[];
            /** @description Days that webhook messages and their log are kept */
            deliveryLogDays?: number;
            /** @description Most devices, of all users together */
            deviceLimit?: number;
            /** @description Resolvers in the devices’ configurations */
            dns?: string[];
            /** @description Of each device, unless set for its user. Null: any speed */
            downloadBitsPerSecond?: number | null;
            /** @description A device with an older key is held until it has a new one: 180 days unless set otherwise. Null: any age */
            keyLifetimeDays?: number | null;
            /** @description Requests in a minute of each API key */
            keyRateLimit?: number;
            /** @description Keys that were made here are changed when they are older; the old one goes on for a day. Null: never */
            keyRotationDays?: number | null;
            /** @description Most bytes of a packet in the tunnel, unless a device has its own. Null: the client works it out */
            mtu?: number | null;
            /** @description 1 to 100 characters, without control or invisible formatting characters */
            name?: string;
            /** @description No-log mode: a session is forgotten when it is closed, and of usage only the totals of a period are kept. What was kept before goes within minutes. */
            noLog?: boolean;
            /** @description Fewest characters of a password. Below 12 only with a second factor of your own. */
            passwordLengthMin?: number;
            /** @description Seconds between packets that keep the way back open, unless a device has its own: 25 where nothing is said, below the 30 s after which home routers forget a flow. 0: off */
            persistentKeepalive?: number;
            /** @description Private keys that were made here are told once and then forgotten, so never changed by us. */
            privateKeysOnce?: boolean;
            /** @description Its devices on one VPN server reach each other. */
            privateNetwork?: boolean;
            /** @description Full tunnels take IPv6 into the tunnel even where the VPN server has none. It ends there, so nothing leaks past the tunnel. False: on such a VPN server IPv6 stays outside the tunnel. */
            routeIpv6?: boolean;
            /** @description Ranges that devices send into the tunnel, in CIDR notation; empty: everything (full tunnel). They are taken as they are: `0.0.0.0/0` without `::/0` leaves IPv6 outside the tunnel. */
            routes?: string[];
            /** @description DNS names that devices search short names in. Linux and Android use them only beside a resolver. */
            searchDomains?: string[];
            /** @description Days that closed sessions are kept. Null: as long as the platform keeps them */
            sessionDays?: number | null;
            /** @description Most sessions open at once, of all users together. Null: any number */
            sessionLimit?: number | null;
            /** @description Requests in a minute, of all its keys and users together */
            tenantRateLimit?: number;
            /** @description Of each device, unless set for its user. Null: any speed */
            uploadBitsPerSecond?: number | null;
            /** @description Days that usage by the day is kept. Null: as long as the platform keeps it */
            usageDays?: number | null;
            /** @description The same of one user, unless set for the user */
            userDataLimitBytes?: number | null;
            /** @description Most devices of one user, unless set for the user. Null: any number */
            userDeviceLimit?: number | null;
            /** @description Requests in a minute of each user */
            userRateLimit?: number;
            /** @description Most sessions of one user open at once, unless set for the user. Null: any number */
            userSessionLimit?: number | null;
        };
        UpdateTenantDevice: {
            /** @description Resolvers in the configuration. Null: the tenant’s; empty: none, the device keeps its own. */
            dns?: string[] | null;
            externalId?: string | null;
            /** @description Your own texts by name, at most 50. Replaced as a whole. */
            metadata?: {
                [key: string]: string;
            };
            /** @description Most bytes of a packet in the tunnel. Null: the tenant’s, or what the client works out. */
            mtu?: number | null;
            /** @description Seconds between packets that keep the way back open. Null: the tenant’s; 0: off. */
            persistentKeepalive?: number | null;
            /** @description Ranges that go into the tunnel. Null: the tenant’s; empty: everything (full tunnel). */
            routes?: string[] | null;
            /** @description DNS names that short names are searched in. Null: the tenant’s; empty: none. */
            searchDomains?: string[] | null;
        };
        UpdateUser: {
            externalId?: string | null;
            /** @description Fields that are left out stay as they are; null gives your own limit back. If your plan has a limit, yours is at most that. */
            limits?: components["schemas"]["UpdateUserLimits"];
            /** @description Your own texts by name, at most 50. Replaced as a whole. */
            metadata?: {
                [key: string]: string;
            };
        };
        /** @description Null: the tenant’s limit */
        UpdateUserLimits: {
            /** @description Most bytes in a period, up and down together */
            dataLimitBytes?: number | null;
            /** @description Most devices */
            deviceLimit?: number | null;
            /** @description Of each device */
            downloadBitsPerSecond?: number | null;
            /** @description Most sessions open at once */
            sessionLimit?: number | null;
            /** @description Of each device */
            uploadBitsPerSecond?: number | null;
        };
        UpdateWebhookEndpoint: {
            description?: string;
            enabled?: boolean;
            /** @description Events that it receives; empty: all */
            events?: components["schemas"]["WebhookEventType"][];
            /** @description https, on port 443 or 8443, at a public address */
            url?: string;
        };
        Usage: {
            downloadBytes: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            from: string;
            /** @enum {string} */
            granularity: "hour" | "day";
            /** @description Every hour or day of the range */
            series: {
                downloadBytes: number;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                startsAt: string;
                uploadBytes: number;
            }[];
            /**
             * Format: date-time
             * @description Not included
             */
            to: string;
            uploadBytes: number;
        };
        UsageByDevice: {
            /** @description Devices with the most data first, deleted ones included */
            devices: {
                /**
                 * Format: uuid
                 * @description UUID
                 */
                deviceId: string;
                deviceName: string;
                downloadBytes: number;
                uploadBytes: number;
            }[];
            downloadBytes: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            from: string;
            /** @enum {string} */
            granularity: "hour" | "day";
            /** @description Every hour or day of the range */
            series: {
                downloadBytes: number;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                startsAt: string;
                uploadBytes: number;
            }[];
            /**
             * Format: date-time
             * @description Not included
             */
            to: string;
            uploadBytes: number;
        };
        UserExport: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            exportedAt: string;
            tables: {
                [key: string]: {
                    [key: string]: unknown;
                }[];
            };
            /**
             * Format: uuid
             * @description UUID
             */
            userId: string;
        };
        UserLimits: {
            dataLimitBytes: number | null;
            deviceLimit: number | null;
            downloadBitsPerSecond: number | null;
            sessionLimit: number | null;
            uploadBitsPerSecond: number | null;
        };
        UserPlan: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            deviceCount: number;
            /** @description Limits in force. Null: no limit */
            effective: components["schemas"]["UserLimits"];
            email: string;
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description Limits set for this user. Null: the tenant’s limit */
            limits: components["schemas"]["UserLimits"];
        };
        UserPlanList: {
            /** @description Null on the last page */
            nextCursor: string | null;
            users: components["schemas"]["UserPlan"][];
        };
        /** @description The same whether or not the e-mail is taken */
        VerificationSent: {
            /** @constant */
            status: "verification_sent";
        };
        VpnStatus: {
            connectedDevices: number;
            sessions: components["schemas"]["Session"][];
        };
        WebhookDelivery: {
            /** @description Attempts that failed, since it was written or replayed */
            attempts: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            /**
             * Format: uuid
             * @description The header `webhook-id`, the same over all attempts
             */
            messageId: string;
            nextAttemptAt: string | null;
            /** @enum {string} */
            state: "pending" | "delivered" | "failed";
            type: string;
        };
        WebhookDeliveryDetail: {
            /** @description Attempts that failed, since it was written or replayed */
            attempts: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            data: {
                [key: string]: unknown;
            };
            /** @description Newest first, at most 100 */
            log: {
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                at: string;
                durationMs: number;
                fault: string | null;
                /** @description Null where there was no answer; then `fault` says why */
                status: number | null;
            }[];
            /**
             * Format: uuid
             * @description The header `webhook-id`, the same over all attempts
             */
            messageId: string;
            nextAttemptAt: string | null;
            /** @enum {string} */
            state: "pending" | "delivered" | "failed";
            type: string;
        };
        WebhookDeliveryList: {
            deliveries: components["schemas"]["WebhookDelivery"][];
            /** @description Null on the last page */
            nextCursor: string | null;
        };
        WebhookEndpoint: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            description: string;
            disabledAt: string | null;
            /** @description `gone`: it answered 410. `failing`: every attempt of three days failed. */
            disabledReason: ("manual" | "gone" | "failing") | null;
            enabled: boolean;
            events: string[];
            /** @description Since when every attempt has failed */
            failingSince: string | null;
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description Until when the secret before this one signs too */
            previousSecretUntil: string | null;
            url: string;
        };
        WebhookEndpointList: {
            webhookEndpoints: components["schemas"]["WebhookEndpoint"][];
        };
        WebhookEndpointWithSecret: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            description: string;
            disabledAt: string | null;
            /** @description `gone`: it answered 410. `failing`: every attempt of three days failed. */
            disabledReason: ("manual" | "gone" | "failing") | null;
            enabled: boolean;
            events: string[];
            /** @description Since when every attempt has failed */
            failingSince: string | null;
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description Until when the secret before this one signs too */
            previousSecretUntil: string | null;
            /** @description The key that signatures are checked with. It is shown here and never again. */
            secret: string;
            url: string;
        };
        /** @enum {string} */
        WebhookEventType: "device.created" | "device.active" | "device.failed" | "device.suspended" | "device.resumed" | "device.moved" | "device.rotated" | "device.key_expiring" | "device.deleted" | "session.opened" | "session.closed" | "user.created" | "user.suspended" | "user.resumed" | "user.deleted" | "limit.data_warning" | "limit.data_reached" | "server.draining" | "server.disabled" | "server.enabled" | "server.unreachable" | "server.recovered" | "webhook_endpoint.disabled";
    };
    responses: {
        /** @description The request failed; `code` says why */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
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
    listAllAudit: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
                /** @description Absent: of every tenant, and the platform’s own. */
                tenantId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    exportAllAudit: {
        parameters: {
            query?: {
                /** @description Absent: of every tenant, and the platform’s own. */
                tenantId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    verifyAudit: {
        parameters: {
            query?: {
                /** @description Absent: of every tenant, and the platform’s own. */
                tenantId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditVerification"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    examine: {
        parameters: {
            query?: {
                deep?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Examination"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listServerEvents: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
                /** @description UUID */
                serverId?: string;
                type?: "server.unreachable" | "server.recovered" | "server.degraded" | "server.restored" | "server.mended";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerEventPage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listJobs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getMasterKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MasterKeyState"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rotateMasterKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MasterKeyState"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listServers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    addServer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddServer"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AddedServer"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getServer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Server"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    removeServer: {
        parameters: {
            query?: {
                devices?: "refuse" | "remove";
                force?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemovingServer"];
                };
            };
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    updateServer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateServer"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Server"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    activateServer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ActivateServer"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Server"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    disableServer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Server"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    drainServer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Server"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    enableServer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Server"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    evacuateServer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["EvacuateServer"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evacuation"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getEvacuation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evacuation"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getServerHealth: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerHealth"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getServerInstallation: {
        parameters: {
            query?: {
                /** @description Where the interface’s own key is lost, take a new one: every device then needs its configuration anew. */
                replaceKey?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerInstallation"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listPools: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PoolList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    addPool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddPool"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pool"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    removePool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
                /** @description UUID */
                poolId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    growPool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
                /** @description UUID */
                poolId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GrowPool"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pool"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    testServer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerTest"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getServerUsage: {
        parameters: {
            query?: {
                /** @description Absent: what `Accept` prefers; JSON where it does not say */
                format?: "json" | "csv";
                /** @description Rounded down to an hour or day, UTC. Absent: 24 hours or 30 days before `to` */
                from?: string;
                /** @description At most 744 hours or 400 days. Hours are kept for a week by default */
                granularity?: "hour" | "day";
                /** @description Rounded up. Absent: the end of the hour or day that is under way */
                to?: string;
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Usage"];
                    "text/csv": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listTenants: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createTenant: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateTenant"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getTenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteTenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletingTenant"];
                };
            };
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    updateTenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateTenant"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listApiKeys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateApiKey"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    revokeApiKey: {
        parameters: {
            query?: {
                /** @description The fate of the keys that it has made, and of theirs */
                children?: "revoke" | "keep";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
                /** @description UUID */
                keyId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokedApiKey"];
                };
            };
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    rotateApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
                /** @description UUID */
                keyId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateApiKey"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resumeTenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listTenantSessions: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionHistory"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rotateSigningKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateSigningKey"];
            };
        };
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    suspendTenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getTenantUsage: {
        parameters: {
            query?: {
                /** @description Absent: what `Accept` prefers; JSON where it does not say */
                format?: "json" | "csv";
                /** @description Rounded down to an hour or day, UTC. Absent: 24 hours or 30 days before `to` */
                from?: string;
                /** @description At most 744 hours or 400 days. Hours are kept for a week by default */
                granularity?: "hour" | "day";
                /** @description Rounded up. Absent: the end of the hour or day that is under way */
                to?: string;
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Usage"];
                    "text/csv": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listUserPlans: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPlanList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    limitUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
                /** @description UUID */
                userId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateUserLimits"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPlan"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    acceptInvitation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPassword"];
            };
        };
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    forgotPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MailRequest"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MailAccepted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedInUser"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecondFactorChallenge"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    logoutEverywhere: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    refreshTokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Refresh"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    registerUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterUser"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredUser"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotYetSignedIn"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resetPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPassword"];
            };
        };
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    signInWithCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SecondFactorSignIn"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedInWithCode"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    enrolWithChallenge: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChallengeToken"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecondFactorEnrolment"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    sendVerification: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MailRequest"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MailAccepted"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    exchangeToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExchangeToken"];
                "application/x-www-form-urlencoded": components["schemas"]["ExchangeToken"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExchangedToken"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    verifyEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkToken"];
            };
        };
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listDevices: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    registerDevice: {
        parameters: {
            query?: {
                /** @description Answer when the VPN server has acknowledged the change, or after 30 s. Absent: after 2 s at most. */
                wait?: "active";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterDevice"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredDevice"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredDevice"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemovingDevice"];
                };
            };
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    updateDevice: {
        parameters: {
            query?: {
                /** @description Answer when the VPN server has acknowledged the change, or after 30 s. Absent: after 2 s at most. */
                wait?: "active";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateDevice"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getDeviceConfig: {
        parameters: {
            query?: {
                /** @description How the VPN server is to be reached. Absent: over IPv4 where it has both. */
                endpoint?: "ipv4" | "ipv6";
                /** @description The only family of addresses, resolvers and routes in the file, for a client without the other. Absent: both. */
                family?: "ipv4" | "ipv6";
                format?: "text" | "qr";
                /** @description The kind of image with `format=qr`. */
                image?: "png" | "svg";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    moveDevice: {
        parameters: {
            query?: {
                /** @description Answer when the VPN server has acknowledged the change, or after 30 s. Absent: after 2 s at most. */
                wait?: "active";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["MoveDevice"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredDevice"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredDevice"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rotateDevice: {
        parameters: {
            query?: {
                /** @description Answer when the VPN server has acknowledged the change, or after 30 s. Absent: after 2 s at most. */
                wait?: "active";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateDevice"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredDevice"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredDevice"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listDeviceSessions: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionHistory"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getDeviceUsage: {
        parameters: {
            query?: {
                /** @description Absent: what `Accept` prefers; JSON where it does not say */
                format?: "json" | "csv";
                /** @description Rounded down to an hour or day, UTC. Absent: 24 hours or 30 days before `to` */
                from?: string;
                /** @description At most 744 hours or 400 days. Hours are kept for a week by default */
                granularity?: "hour" | "day";
                /** @description Rounded up. Absent: the end of the hour or day that is under way */
                to?: string;
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageByDevice"];
                    "text/csv": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listLocations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LocationList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePassword"];
            };
        };
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    getSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecondFactorState"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    beginSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecondFactorEnrolment"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    confirmSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SecondFactorCode"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    removeSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SecondFactorCode"];
            };
        };
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listSignIns: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    endSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listOwnApiKeys: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyPage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createOwnApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateOwnApiKey"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getOwnApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                keyId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    revokeOwnApiKey: {
        parameters: {
            query?: {
                /** @description The fate of the keys that it has made, and of theirs */
                children?: "revoke" | "keep";
            };
            header?: never;
            path: {
                /** @description UUID */
                keyId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokedApiKey"];
                };
            };
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    rotateOwnApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                keyId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateApiKey"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    exportAudit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listTenantDevices: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Your own id for it, unique among those that you have */
                externalId?: string;
                limit?: number;
                region?: string;
                /** @description UUID */
                serverId?: string;
                status?: "pending" | "active" | "suspended" | "failed";
                /** @description UUID */
                userId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantDeviceList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getTenantDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantDevice"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteTenantDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemovingTenantDevice"];
                };
            };
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    updateTenantDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateTenantDevice"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantDevice"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resumeDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantDevice"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    suspendDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantDevice"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listIdentityProviders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IdentityProviderList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createIdentityProvider: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateIdentityProvider"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IdentityProvider"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteIdentityProvider: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    inviteUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MailRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitedUser"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listOwnSessions: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description UUID */
                deviceId?: string;
                limit?: number;
                /** @description UUID */
                userId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionHistory"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    updateSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateSettings"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getSignInSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInSettings"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    changeSignInSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeSignInSettings"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInSettings"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getOwnUsage: {
        parameters: {
            query?: {
                /** @description Absent: what `Accept` prefers; JSON where it does not say */
                format?: "json" | "csv";
                /** @description Rounded down to an hour or day, UTC. Absent: 24 hours or 30 days before `to` */
                from?: string;
                /** @description At most 744 hours or 400 days. Hours are kept for a week by default */
                granularity?: "hour" | "day";
                /** @description Rounded up. Absent: the end of the hour or day that is under way */
                to?: string;
                /** @description UUID */
                userId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Usage"];
                    "text/csv": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description In any case, with its domain in letters and digits of any script; answers have it in lower case, the domain in ASCII */
                email?: string;
                /** @description Your own id for it, unique among those that you have */
                externalId?: string;
                limit?: number;
                state?: "active" | "suspended" | "deleting";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantUserList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUser"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantUser"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantUser"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletingUser"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    updateUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateUser"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantUser"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    eraseUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasingUser"];
                };
            };
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    exportUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserExport"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resumeUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantUser"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resetSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    suspendUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantUser"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    mintTokens: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listWebhookEndpoints: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWebhookEndpoint"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointWithSecret"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deleteWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    updateWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateWebhookEndpoint"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
                state?: "pending" | "delivered" | "failed";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeliveryList"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
                /** @description UUID */
                messageId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeliveryDetail"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    replayWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
                /** @description UUID */
                messageId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SentMessage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    replayFailedWebhookDeliveries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayFailed"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replayed"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateWebhookSecret"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointWithSecret"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    testWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SentMessage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getTenantKeys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JsonWebKeys"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getUsage: {
        parameters: {
            query?: {
                /** @description Absent: what `Accept` prefers; JSON where it does not say */
                format?: "json" | "csv";
                /** @description Rounded down to an hour or day, UTC. Absent: 24 hours or 30 days before `to` */
                from?: string;
                /** @description At most 744 hours or 400 days. Hours are kept for a week by default */
                granularity?: "hour" | "day";
                /** @description Rounded up. Absent: the end of the hour or day that is under way */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageByDevice"];
                    "text/csv": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    connect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceRef"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connected"];
                };
            };
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connected"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    disconnect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceRef"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Disconnected"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getServerStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerStatus"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionHistory"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getVpnStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VpnStatus"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
}
