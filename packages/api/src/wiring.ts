/** Everything that a CVault process is made of, from the outside in. Reads from top to bottom; the only place that sees all. */
import {
  createApiKeyService,
  createAuthenticator,
  createDeviceDirectory,
  createDeviceService,
  createDeviceUpkeep,
  createDoctor,
  createMetering,
  createEvacuator,
  createPlanService,
  createServerHealthService,
  createServerService,
  createServerStatusService,
  createSessionService,
  createTenantService,
  createUsageService,
  createUserDirectory,
  createUserService,
  createVault,
  prepareTestMode,
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
import { createJobs } from './jobs/periodic.ts';
import type { Fleet } from './links/fleet.ts';
import { createMetrics } from './metrics/metrics.ts';
import { type Database, openDatabase } from './postgres/database.ts';
import { finishDepartures } from './postgres/devices/departures.ts';
import { createDeviceDirectoryStore } from './postgres/devices/directory.ts';
import { createDeviceStore } from './postgres/devices/store.ts';
import { createDeviceUpkeepStore } from './postgres/devices/upkeep.ts';
import { createDoctorStore } from './postgres/doctor/store.ts';
import { translatePostgresError } from './postgres/errors.ts';
import { createIdempotencyStore } from './postgres/idempotency/store.ts';
import { createIdentityStore } from './postgres/identity/identities.ts';
import { createUserDirectoryStore } from './postgres/identity/user-directory.ts';
import { createUserStore } from './postgres/identity/users.ts';
import { createPeerStore } from './postgres/peers.ts';
import { createPlanStore } from './postgres/plans/store.ts';
import { countAddresses, createLocationStore } from './postgres/servers/capacity.ts';
import { createEvacuationStore } from './postgres/servers/evacuation.ts';
import { createFreeAddresses } from './postgres/servers/free-addresses.ts';
import { createServerLagStore } from './postgres/servers/lag.ts';
import { createServerStatusStore } from './postgres/servers/status.ts';
import { createServerStore } from './postgres/servers/store.ts';
import { createSessionStore } from './postgres/sessions.ts';
import { createApiKeyStore } from './postgres/tenants/api-keys.ts';
import { createKeyUses } from './postgres/tenants/key-uses.ts';
import { createTenantStore } from './postgres/tenants/store.ts';
import { createDataLimitStore } from './postgres/usage/limits.ts';
import { createMeterStore } from './postgres/usage/meter.ts';
import { createRetentionStore } from './postgres/usage/retention.ts';
import { createUsageStore } from './postgres/usage/series.ts';
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
/** Connections of metering: its pages are long statements, which nobody who waits for an answer must queue behind. */
const METERING_CONNECTIONS = 3;
/** How often a look is taken at which VPN servers are to be read, at data limits, and at what is to be rolled up. */
const METER_LOOK_EVERY_MS = 1_000;
const REVIEW_EVERY_MS = 5_000;
const CLEAN_EVERY_MS = 60_000;
/** How often deletions that waited for VPN servers are completed. */
const FINISH_EVERY_MS = 1_000;
/** How often evacuations are gone on with. */
const EVACUATE_EVERY_MS = 1_000;
/** How late VPN servers may hear of a changed plan. */
const SPREAD_EVERY_MS = 1_000;
/** How late an expiry or the end of an old key may be. */
const END_EVERY_MS = 2_000;
/** How late keys are changed, which is counted in days. */
const RENEW_EVERY_MS = 60_000;
/** How late a key's last use is written down. */
const KEY_USES_EVERY_MS = 10_000;
/** How often the free addresses are counted that placing devices weighs. */
const COUNT_EVERY_MS = 30_000;

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
    keyUses: createKeyUses(database),
    idempotency: createIdempotencyStore(database),
    userDirectory: createUserDirectoryStore(database),
    deviceDirectory: createDeviceDirectoryStore(database),
    devices: createDeviceStore(database, pushAfterMs, config.peers.quarantineSeconds),
    sessions: createSessionStore(database),
    usage: createUsageStore(database),
    servers: createServerStore(database),
    serverStatus: createServerStatusStore(database),
    peers: createPeerStore(linkDatabase, config.peers.quarantineSeconds),
    upkeep: createDeviceUpkeepStore(database),
    plans: createPlanStore(database),
    doctor: createDoctorStore(linkDatabase),
    // Asked on the way of every push, so not on metering's connections.
    dataBudget: createDataLimitStore(linkDatabase),
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
      keyUses: stores.keyUses,
    }),
    users: createUserService({ users: stores.users, passwords, accessTokens }),
    tenants: createTenantService({ tenants: stores.tenants, peers: fleet }),
    apiKeys: createApiKeyService({
      apiKeys: stores.apiKeys,
      prepareTestMode: () => prepareTestMode({ servers: stores.servers, fleet: control }),
    }),
    devices: createDeviceService({ devices: stores.devices, peers: fleet, vault }),
    userDirectory: createUserDirectory({
      users: stores.userDirectory,
      plans: stores.plans,
      tenants: stores.tenants,
      peers: fleet,
    }),
    deviceDirectory: createDeviceDirectory({
      directory: stores.deviceDirectory,
      devices: stores.devices,
      peers: fleet,
    }),
    upkeep: createDeviceUpkeep({ upkeep: stores.upkeep, devices: stores.devices, peers: fleet, vault }),
    plans: createPlanService({ plans: stores.plans, peers: fleet }),
    sessions: createSessionService({ devices: stores.devices, sessions: stores.sessions }),
    serverHealth: createServerHealthService({ store: stores.serverLags, fleet }),
    doctor: createDoctor({
      store: stores.doctor,
      peers: stores.peers,
      fleet,
      secondLookMs: SECOND_LOOK_MS,
    }),
    usage: createUsageService({
      usage: stores.usage,
      clock: systemClock,
      hourlyDays: config.metering.keep.hourlyDays,
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
    data: stores.dataBudget,
    log,
    ackDeadlineMs: config.peers.ackDeadlineMs,
    reconcileEveryMs: config.peers.reconcileSeconds * 1_000,
    onPushed: metrics.pushed,
    onLook: metrics.looked,
  });
  const meterDatabase = openDatabase(databaseUrl, { connections: METERING_CONNECTIONS, onConnectionLost });
  const metering = createMetering({
    counters: vpnServers.fleet,
    meters: createMeterStore(meterDatabase),
    limits: createDataLimitStore(meterDatabase),
    retention: createRetentionStore(meterDatabase),
    peers: vpnServers.fleet,
    everySeconds: config.metering.everySeconds,
    keep: config.metering.keep,
    onError: (serverId, error) => log.error({ serverId, err: error }, 'counters could not be read'),
  });
  const services = buildServices(stores, config, vault, vpnServers);
  let draining = false;
  const app = await buildApp({
    logger: log,
    authenticator: services.authenticator,
    translateError: translatePostgresError,
    limiter,
    requestsAtOnce: config.http.requestsAtOnce,
    idempotency: { store: stores.idempotency, vault },
    corsOrigins: config.http.corsOrigins,
    trustProxy: config.http.trustProxy,
    publicUrl: config.http.publicUrl,
    version: VERSION,
    onAnswer: metrics.request,
    routes: (routes) =>
      registerRoutes(routes, {
        ...services,
        locations: createLocationStore(database),
        clock: systemClock,
        metrics,
        health: {
          clock: systemClock,
          probes: buildProbes(database, vpnServers.fleet),
          draining: () => draining,
        },
      }),
  });
  const jobs = createJobs(
    [
      {
        what: 'finish deletions',
        everyMs: FINISH_EVERY_MS,
        async work() {
          await services.tenants.finishDeletions();
          await services.userDirectory.finishDeletions();
          await services.servers.finishRemovals();
          await finishDepartures(database.pool);
        },
      },
      {
        what: 'evacuate',
        everyMs: EVACUATE_EVERY_MS,
        work: createEvacuator(createEvacuationStore(database), vpnServers.control),
      },
      { what: 'spread plans', everyMs: SPREAD_EVERY_MS, work: () => services.plans.spread() },
      { what: 'end what is due', everyMs: END_EVERY_MS, work: () => services.upkeep.endWhatIsDue() },
      { what: 'renew keys', everyMs: RENEW_EVERY_MS, work: () => services.upkeep.renewKeys() },
      { what: 'count addresses', everyMs: COUNT_EVERY_MS, work: () => countAddresses(database) },
      { what: 'read counters', everyMs: METER_LOOK_EVERY_MS, work: () => metering.sample() },
      { what: 'review data limits', everyMs: REVIEW_EVERY_MS, work: () => metering.reviewDataLimits() },
      { what: 'write key uses', everyMs: KEY_USES_EVERY_MS, work: () => stores.keyUses.write() },
      { what: 'forget old answers', everyMs: CLEAN_EVERY_MS, work: () => stores.idempotency.forget() },
      { what: 'roll up usage', everyMs: CLEAN_EVERY_MS, work: () => metering.clean() },
    ],
    (what, error) => log.error({ err: error, what }, 'periodic work failed'),
  );
  return {
    app,
    fleet: vpnServers.fleet,
    database,
    services,
    servers: stores.servers,
    async start() {
      await services.apiKeys.prepare();
      await vpnServers.fleet.start();
      jobs.start();
    },
    drain() {
      draining = true;
    },
    async close() {
      // The links first: a reading that is under way ends with its channel.
      await vpnServers.fleet.close();
      await jobs.stop();
      await meterDatabase.close();
      await linkDatabase.close();
      await database.close();
    },
  };
}
