/** Everything that a CVault process is made of, from the outside in. Reads from top to bottom; the only place that sees all. */
import {
  createAuthenticator,
  createDeviceService,
  createDoctor,
  createServerHealthService,
  createServerService,
  createServerStatusService,
  createSessionService,
  createTenantService,
  createUserService,
  createVault,
  type RateLimiter,
  type Secret,
  type ServerStore,
  systemClock,
} from '@cvault/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { createAccessTokens } from './credentials/access-tokens.ts';
import { createPasswordHasher } from './credentials/passwords.ts';
import type { Probe } from './features/health/routes.ts';
import { buildApp } from './http/app.ts';
import type { Fleet } from './links/fleet.ts';
import { createMetrics } from './metrics/metrics.ts';
import { type Database, openDatabase } from './postgres/database.ts';
import { createDeviceStore } from './postgres/devices/store.ts';
import { createDoctorStore } from './postgres/doctor/store.ts';
import { translatePostgresError } from './postgres/errors.ts';
import { createIdentityStore } from './postgres/identity/identities.ts';
import { createUserStore } from './postgres/identity/users.ts';
import { createPeerStore } from './postgres/peers.ts';
import { createFreeAddresses } from './postgres/servers/free-addresses.ts';
import { createServerLagStore } from './postgres/servers/lag.ts';
import { createServerStatusStore } from './postgres/servers/status.ts';
import { createServerStore } from './postgres/servers/store.ts';
import { createSessionStore } from './postgres/sessions.ts';
import { createApiKeyStore } from './postgres/tenants/api-keys.ts';
import { createTenantStore } from './postgres/tenants/store.ts';
import { registerRoutes } from './routes.ts';
import { VERSION } from './version.ts';
import { createInstaller, createVpnServers } from './vpn-servers.ts';
import { generateControlKey } from './ssh/keys.ts';

/** The account that the installation makes on a VPN server, and the interface. */
const SSH_USER = 'cvault';
const INTERFACE = 'wg0';
/** The request that writes an outbox entry has this long for itself, beyond its deadline, before the sweeper comes. */
const PUSH_MARGIN_MS = 1_000;
/**
 * Connections that the links have for themselves: an acknowledgement must not queue behind the requests that wait for it.
 * Measured with 500 registrations at once: in one queue, acknowledgements came after the requests' deadline.
 */
const LINK_CONNECTIONS = 4;
/** What the doctor finds wrong on an interface, it looks at again after this: a push is over by then. */
const SECOND_LOOK_MS = 3_000;
/** How often deletions that waited for VPN servers are completed. */
const FINISH_EVERY_MS = 1_000;

export interface CVault {
  readonly app: FastifyInstance;
  readonly fleet: Fleet;
  readonly database: Database;
  readonly services: ReturnType<typeof buildServices>;
  readonly servers: ServerStore;
  /** Begins to link to VPN servers and to do periodic work. */
  start(): Promise<void>;
  /** From now on the readiness probe says no; what is under way goes on. */
  drain(): void;
  /** Ends what `start` began and closes the database. The app is closed by its owner, before. */
  close(): Promise<void>;
}

export interface WiringOptions {
  readonly config: Config;
  readonly databaseUrl: Secret<string>;
  readonly limiter: RateLimiter;
  readonly log: Logger;
}

function buildStores(database: Database, linkDatabase: Database, config: Config) {
  const pushAfterMs = config.peers.ackDeadlineMs + PUSH_MARGIN_MS;
  return {
    identities: createIdentityStore(database),
    users: createUserStore(database),
    tenants: createTenantStore(database),
    apiKeys: createApiKeyStore(database),
    devices: createDeviceStore(database, pushAfterMs),
    sessions: createSessionStore(database),
    servers: createServerStore(database),
    serverStatus: createServerStatusStore(database),
    peers: createPeerStore(linkDatabase, config.peers.quarantineSeconds),
    doctor: createDoctorStore(linkDatabase),
    serverLags: createServerLagStore(linkDatabase),
    freeAddresses: createFreeAddresses(linkDatabase),
  };
}

function buildServices(
  stores: ReturnType<typeof buildStores>,
  config: Config,
  vault: ReturnType<typeof createVault>,
  { fleet, control }: ReturnType<typeof createVpnServers>,
) {
  const accessTokens = createAccessTokens({ secret: config.tokenSecret, clock: systemClock });
  const passwords = createPasswordHasher(config.bcryptCost);
  return {
    authenticator: createAuthenticator({
      identities: stores.identities,
      accessTokens,
      adminKey: config.adminKey,
    }),
    users: createUserService({ users: stores.users, passwords, accessTokens }),
    tenants: createTenantService({ tenants: stores.tenants, apiKeys: stores.apiKeys, peers: fleet }),
    devices: createDeviceService({ devices: stores.devices, peers: fleet, vault }),
    sessions: createSessionService({ devices: stores.devices, sessions: stores.sessions }),
    serverHealth: createServerHealthService({ store: stores.serverLags, fleet }),
    doctor: createDoctor({
      store: stores.doctor,
      peers: stores.peers,
      fleet,
      secondLookMs: SECOND_LOOK_MS,
    }),
    serverStatus: createServerStatusService({ store: stores.serverStatus, fleet: control }),
    servers: createServerService({
      servers: stores.servers,
      fleet: control,
      installer: createInstaller(VERSION),
      newControlKey: generateControlKey,
      vault,
      sshUser: SSH_USER,
      interfaceName: INTERFACE,
    }),
  };
}

function buildProbes(database: Database, fleet: Fleet): Probe[] {
  return [
    {
      name: 'database',
      async check() {
        await database.pool.query('SELECT 1');
        return { ok: true };
      },
    },
    {
      name: 'vpn-servers',
      check() {
        const states = fleet.states();
        const ready = states.filter((state) => state === 'ready').length;
        return Promise.resolve({
          ok: true,
          degraded: ready < states.length,
          detail: `${ready} of ${states.length} linked`,
        });
      },
    },
  ];
}

export async function wire({ config, databaseUrl, limiter, log }: WiringOptions): Promise<CVault> {
  const onConnectionLost = (error: Error) => log.warn({ err: error }, 'a connection to PostgreSQL was lost');
  const database = openDatabase(databaseUrl, { connections: config.database.connections, onConnectionLost });
  const linkDatabase = openDatabase(databaseUrl, { connections: LINK_CONNECTIONS, onConnectionLost });
  const stores = buildStores(database, linkDatabase, config);
  const vault = createVault(config.masterKeys.current, config.masterKeys.retired);
  const metrics = createMetrics({
    servers: () => services.serverHealth.all(),
    freeShares: stores.freeAddresses,
    connections: new Map([
      ['requests', database.pool],
      ['links', linkDatabase.pool],
    ]),
  });
  const vpnServers = createVpnServers({
    database: linkDatabase,
    peers: stores.peers,
    vault,
    log,
    ackDeadlineMs: config.peers.ackDeadlineMs,
    reconcileEveryMs: config.peers.reconcileSeconds * 1_000,
    onPushed: metrics.pushed,
    onLook: metrics.looked,
  });
  const services = buildServices(stores, config, vault, vpnServers);
  let draining = false;
  const app = await buildApp({
    logger: log,
    authenticator: services.authenticator,
    translateError: translatePostgresError,
    corsOrigins: config.http.corsOrigins,
    trustProxy: config.http.trustProxy,
    publicUrl: config.http.publicUrl,
    version: VERSION,
    onAnswer: metrics.request,
    routes: (routes) =>
      registerRoutes(routes, {
        ...services,
        limiter,
        clock: systemClock,
        metrics,
        health: {
          clock: systemClock,
          probes: buildProbes(database, vpnServers.fleet),
          draining: () => draining,
        },
      }),
  });
  const finishing = repeat(FINISH_EVERY_MS, async () => {
    await services.tenants.finishDeletions();
    await services.servers.finishRemovals();
  });
  return {
    app,
    fleet: vpnServers.fleet,
    database,
    services,
    servers: stores.servers,
    async start() {
      await vpnServers.fleet.start();
      finishing.start((error) => log.error({ err: error, what: 'finish deletions' }, 'periodic work failed'));
    },
    drain() {
      draining = true;
    },
    async close() {
      await finishing.stop();
      await vpnServers.fleet.close();
      await linkDatabase.close();
      await database.close();
    },
  };
}

/** Work that is done again and again, with a pause after each time; never twice at once. */
function repeat(everyMs: number, work: () => Promise<void>) {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  return {
    start(onError: (error: unknown) => void): void {
      const next = () => {
        running = work().catch(onError);
        void running.then(() => {
          if (timer !== undefined) timer = setTimeout(next, everyMs);
        });
      };
      timer = setTimeout(next, everyMs);
    },
    async stop(): Promise<void> {
      clearTimeout(timer);
      timer = undefined;
      await running;
    },
  };
}
