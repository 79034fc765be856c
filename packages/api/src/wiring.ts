/** Everything that a CVault process is made of, from the outside in. Reads from top to bottom; the only place that sees all. */
import { createApiKeyService, createApiKeyStore, createKeyUses } from './api-keys/index.ts';
import {
  createAuditSealer,
  createAuditService,
  createAuditStore,
  createRefusalStore,
  createRefusals,
} from './audit/index.ts';
import {
  createDeviceDirectory,
  createDeviceDirectoryStore,
  createDeviceService,
  createDeviceStore,
  createDeviceUpkeep,
  createDeviceUpkeepStore,
  finishDepartures,
} from './devices/index.ts';
import { createDoctor, createDoctorStore } from './doctor/index.ts';
import { createMasterKeyRotation, createSealedStore } from './master-key/index.ts';
import { createAuthenticator } from './platform/access/authenticator.ts';
import { systemClock } from './platform/clock.ts';
import type { Secret } from './platform/crypto/secret.ts';
import { createVault } from './platform/crypto/vault.ts';
import { createItems, type Items } from './platform/jobs/items.ts';
import type { JobStatus } from './platform/jobs/status.ts';
import type { RateLimiter } from './platform/limits/rate-limiter.ts';
import type { OutboundHttp } from './platform/outbound/ports.ts';
import { createErasureStore, createPrivacyService, createPrivacyStore } from './privacy/index.ts';
import {
  type ServerStore,
  createEvacuationStore,
  createEvacuator,
  createReachability,
  createServerEventStore,
  createServerHealthService,
  createServerLagStore,
  createServerService,
  createServerStatusService,
  createServerStatusStore,
  createServerStore,
  finishRemovals,
  forgetServerEvents,
  prepareTestMode,
} from './servers/index.ts';
import { createSessionService, createSessionStore } from './sessions/index.ts';
import { type ApiKeyStore, createTenantService, createTenantStore } from './tenants/index.ts';
import {
  type UsageStore,
  createDataLimitStore,
  createMeterStore,
  createMetering,
  createRetentionStore,
  createUsageService,
  createUsageStore,
} from './usage/index.ts';
import { createPlanService, createPlanStore } from './user-limits/index.ts';
import { createUserDirectory, createUserDirectoryStore, finishUserDeletions } from './users/index.ts';
import {
  createWebhookEndpointStore,
  createWebhookQueue,
  createWebhookSender,
  createWebhookService,
} from './webhooks/index.ts';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from './platform/config/config.ts';
import type { Probe } from './health/index.ts';
import { buildApp } from './platform/http/app.ts';
import { type Identity, buildIdentity } from './sign-in/index.ts';
import { createJobs } from './platform/jobs/periodic.ts';
import {
  type Fleet,
  createInstaller,
  createPeerStore,
  createVpnServers,
  generateControlKey,
  publicKeyOf,
} from './fleet/index.ts';
import { createMailer } from './mail/index.ts';
import { createMetrics } from './metrics/index.ts';
import { createOutboundHttp } from './platform/outbound/http.ts';
import { createResolver } from './platform/outbound/resolver.ts';
import { type Database, openDatabase } from './platform/db/database.ts';
import type { DatabaseRole } from './platform/db/roles.ts';
import { isAway, translatePostgresError } from './platform/db/errors.ts';
import { createIdempotencyStore, forgetAnswers } from './platform/idempotency/store.ts';
import { createIdentityStore } from './platform/access/identities.ts';
import { countAddresses, createLocationStore } from './locations/index.ts';
import { createFreeAddresses } from './pools/index.ts';
import { registerRoutes } from './routes.ts';
import { VERSION } from './platform/version.ts';

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
/** Finding out who sends a request is one short read, which needs few. */
const AUTHENTICATION_CONNECTIONS = 4;
/** The operator is few, and periodic work goes one after the other. */
const OPERATOR_CONNECTIONS = 4;
const JOB_CONNECTIONS = 3;
/** How late the audit log is chained, and how late refusals are written down. */
const SEAL_EVERY_MS = 1_000;
const REFUSALS_EVERY_MS = 5_000;
/** How late old rows of the audit log go, which is counted in days. */
const FORGET_AUDIT_EVERY_MS = 3_600_000;
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
/** How late a mail may go out. */
const DELIVER_EVERY_MS = 1_000;
/** How often is looked for what a retired master key sealed, and how long one time may take. */
const RESEAL_EVERY_MS = 60_000;
const RESEAL_MS = 20_000;
/** How late a webhook may be sent. */
const SEND_EVERY_MS = 500;
/** How often the free addresses are counted that placing devices weighs. */
const COUNT_EVERY_MS = 30_000;
const REACHABILITY_EVERY_MS = 20_000;

export interface CVault {
  readonly app: FastifyInstance;
  readonly fleet: Fleet;
  /** With the operator's rights. */
  readonly database: Database;
  readonly services: ReturnType<typeof buildServices>;
  readonly servers: ServerStore;
  /** Begins to link to VPN servers and to do periodic work. */
  start(): Promise<void>;
  /** From now on the readiness probe says no, and long waits end early; what else is under way goes on. */
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

/** One pool for each role, so that no connection ever changes whose rights it has. */
function openDatabases({ config, databaseUrl, log }: WiringOptions) {
  /** @param actor where it is no request and no job that the work is done for */
  const open = (role: DatabaseRole, connections: number, actor?: string) =>
    openDatabase(databaseUrl, {
      role,
      connections,
      connectionWaitMs: config.database.waitMs,
      ...(actor === undefined ? {} : { actor }),
      onConnectionLost: (error) => log.warn({ err: error }, 'a connection to PostgreSQL was lost'),
    });
  const databases = {
    requests: open('cvault_api', config.database.connections),
    authentication: open('cvault_authenticator', AUTHENTICATION_CONNECTIONS),
    operator: open('cvault_operator', OPERATOR_CONNECTIONS),
    links: open('cvault_links', LINK_CONNECTIONS, 'links'),
    metering: open('cvault_metering', METERING_CONNECTIONS, 'metering'),
    jobs: open('cvault_jobs', JOB_CONNECTIONS),
    sealing: open('cvault_sealer', 1, 'sealing'),
  };
  return {
    ...databases,
    async close() {
      for (const database of Object.values(databases)) await database.close();
    },
  };
}

type Databases = ReturnType<typeof openDatabases>;

function buildStores(databases: Databases, config: Config) {
  const { requests, operator, links, jobs } = databases;
  const pushAfterMs = config.peers.ackDeadlineMs + PUSH_MARGIN_MS;
  return {
    identities: createIdentityStore(databases.authentication),
    tenants: createTenantStore(operator),
    ownTenants: createTenantStore(requests),
    apiKeys: createApiKeyStore(requests),
    operatorApiKeys: createApiKeyStore(operator),
    keyUses: createKeyUses(jobs),
    idempotency: createIdempotencyStore(requests, operator),
    userDirectory: createUserDirectoryStore(requests),
    deviceDirectory: createDeviceDirectoryStore(requests),
    devices: createDeviceStore(requests, pushAfterMs, config.peers.quarantineSeconds),
    sessions: createSessionStore(requests),
    operatorSessions: createSessionStore(operator),
    audit: createAuditStore(requests),
    operatorAudit: createAuditStore(operator),
    usage: createUsageStore(requests),
    operatorUsage: createUsageStore(operator),
    servers: createServerStore(operator),
    serverStatus: createServerStatusStore(requests, links),
    locations: createLocationStore(requests),
    peers: createPeerStore(links, config.peers.quarantineSeconds),
    upkeep: createDeviceUpkeepStore(jobs),
    plans: createPlanStore(operator),
    doctor: createDoctorStore(operator),
    // Asked on the way of every push, so not on metering's connections.
    dataBudget: createDataLimitStore(links),
    serverLags: createServerLagStore(links),
    serverEvents: createServerEventStore(operator),
    freeAddresses: createFreeAddresses(links),
    webhookEndpoints: createWebhookEndpointStore(requests),
    privacy: createPrivacyStore(requests),
  };
}

function buildServices(
  stores: ReturnType<typeof buildStores>,
  config: Config,
  vault: ReturnType<typeof createVault>,
  outbound: OutboundHttp,
  identity: Identity,
  { fleet, control }: ReturnType<typeof createVpnServers>,
  stopping: AbortSignal,
  failingWork: () => JobStatus[],
) {
  const usageOf = (usage: UsageStore) =>
    createUsageService({ usage, clock: systemClock, hourlyDays: config.metering.keep.hourlyDays });
  const apiKeysOf = (apiKeys: ApiKeyStore) =>
    createApiKeyService({
      apiKeys,
      prepareTestMode: () => prepareTestMode({ servers: stores.servers, fleet: control }),
    });
  return {
    authenticator: createAuthenticator({
      identities: stores.identities,
      accessTokens: identity.accessTokens,
      adminKey: config.adminKey,
      keyUses: stores.keyUses,
    }),
    ...identity.services,
    tenants: createTenantService({ tenants: stores.tenants, peers: fleet }),
    ownTenants: createTenantService({ tenants: stores.ownTenants, peers: fleet }),
    apiKeys: apiKeysOf(stores.apiKeys),
    operatorApiKeys: apiKeysOf(stores.operatorApiKeys),
    devices: createDeviceService({ devices: stores.devices, peers: fleet, vault, stopping }),
    userDirectory: createUserDirectory({ users: stores.userDirectory, peers: fleet }),
    deviceDirectory: createDeviceDirectory({
      directory: stores.deviceDirectory,
      devices: stores.devices,
      peers: fleet,
    }),
    upkeep: createDeviceUpkeep({ upkeep: stores.upkeep, devices: stores.devices, peers: fleet, vault }),
    plans: createPlanService({ plans: stores.plans, peers: fleet }),
    sessions: createSessionService({ devices: stores.devices, sessions: stores.sessions }),
    operatorSessions: createSessionService({ devices: stores.devices, sessions: stores.operatorSessions }),
    serverHealth: createServerHealthService({ store: stores.serverLags, fleet }),
    doctor: createDoctor({
      store: stores.doctor,
      peers: stores.peers,
      fleet,
      secondLookMs: SECOND_LOOK_MS,
      failingWork,
    }),
    audit: createAuditService({ audit: stores.audit }),
    operatorAudit: createAuditService({ audit: stores.operatorAudit }),
    usage: usageOf(stores.usage),
    operatorUsage: usageOf(stores.operatorUsage),
    privacy: createPrivacyService({ store: stores.privacy }),
    webhooks: createWebhookService({ endpoints: stores.webhookEndpoints, outbound, vault }),
    serverStatus: createServerStatusService({ store: stores.serverStatus, fleet: control }),
    servers: createServerService({
      servers: stores.servers,
      fleet: control,
      installer: createInstaller(VERSION),
      newControlKey: generateControlKey,
      publicKeyOf,
      vault,
      sshUser: SSH_USER,
      interfaceName: INTERFACE,
    }),
  };
}

/** What requests of the operator begin and periodic work completes, with the rights of the latter. */
function buildPeriodic(database: Database, { fleet, control }: ReturnType<typeof createVpnServers>) {
  return {
    tenants: createTenantService({ tenants: createTenantStore(database), peers: fleet }),
    finishRemovals: (items: Items) => finishRemovals(createServerStore(database), control, items),
    plans: createPlanService({ plans: createPlanStore(database), peers: fleet }),
  };
}

function buildProbes(database: Database, fleet: Fleet, jobs: () => readonly JobStatus[]): Probe[] {
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
    {
      name: 'periodic-work',
      check() {
        const status = jobs();
        const runs = status.filter(({ failedRuns }) => failedRuns > 1).length;
        const items = status.reduce((sum, { failing }) => sum + failing.length, 0);
        return Promise.resolve({
          ok: true,
          degraded: runs + items > 0,
          detail: `${items} items fail, ${runs} of ${status.length} jobs`,
        });
      },
    },
  ];
}

export async function wire(options: WiringOptions): Promise<CVault> {
  const { config, limiter, log } = options;
  const stopping = new AbortController();
  const databases = openDatabases(options);
  const stores = buildStores(databases, config);
  const vault = createVault(config.masterKeys.current, config.masterKeys.retired);
  /** @param endsRun see `createItems` */
  const itemsOf = (what: string, endsRun?: (error: unknown) => boolean) =>
    createItems({
      ...(endsRun === undefined ? {} : { endsRun }),
      onFailure(item, error) {
        metrics.itemFailed(what);
        log.error({ what, item, err: error }, 'an item of periodic work failed');
      },
    });
  const items = {
    webhooks: itemsOf('send webhooks', isAway),
    masterKey: itemsOf('seal with the current master key', isAway),
    // A VPN server whose connection breaks says nothing about the others, nor about the database.
    counters: itemsOf('read counters'),
  };
  const metrics = createMetrics({
    servers: () => services.serverHealth.all(),
    freeShares: stores.freeAddresses,
    connections: new Map([
      ['requests', databases.requests.pool],
      ['links', databases.links.pool],
    ]),
    jobs: () => jobs.status(),
  });
  const vpnServers = createVpnServers({
    database: databases.links,
    peers: stores.peers,
    vault,
    data: stores.dataBudget,
    log,
    ackDeadlineMs: config.peers.ackDeadlineMs,
    reconcileEveryMs: config.peers.reconcileSeconds * 1_000,
    onPushed: metrics.pushed,
    onLook: metrics.looked,
  });
  const metering = createMetering({
    counters: vpnServers.fleet,
    meters: createMeterStore(databases.metering),
    limits: createDataLimitStore(databases.metering),
    retention: createRetentionStore(databases.metering),
    peers: vpnServers.fleet,
    everySeconds: config.metering.everySeconds,
    keep: config.metering.keep,
  });
  const outbound = createOutboundHttp({ allow: config.outboundAllow, resolve: createResolver() });
  const reachability = createReachability(databases.jobs);
  const webhookSender = createWebhookSender({
    queue: createWebhookQueue(databases.jobs),
    outbound,
    vault,
    clock: systemClock,
    userAgent: `CVault/${VERSION}`,
    items: items.webhooks,
  });
  const mailer = createMailer(config, log);
  const identity = buildIdentity({
    requests: databases.requests,
    jobs: databases.jobs,
    vault,
    masterKey: config.masterKeys.current.key,
    bcryptCost: config.bcryptCost,
    publicUrl: config.http.publicUrl,
    mailer,
    outbound,
    log,
  });
  const services = buildServices(stores, config, vault, outbound, identity, vpnServers, stopping.signal, () =>
    jobs.status(),
  );
  const masterKey = createMasterKeyRotation({
    store: createSealedStore(databases.jobs),
    vault,
    items: items.masterKey,
  });
  const erasures = createErasureStore(databases.jobs);
  const periodic = buildPeriodic(databases.jobs, vpnServers);
  const refusals = createRefusals(createRefusalStore(databases.jobs));
  const sealer = createAuditSealer(databases.sealing);
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
    refusals,
    routes: (routes) =>
      registerRoutes(routes, {
        ...services,
        masterKey,
        locations: stores.locations,
        serverEvents: stores.serverEvents,
        clock: systemClock,
        metrics,
        jobs: () => jobs.status(),
        health: {
          clock: systemClock,
          probes: buildProbes(databases.requests, vpnServers.fleet, () => jobs.status()),
          draining: () => stopping.signal.aborted,
        },
      }),
  });
  const jobs = createJobs(
    [
      {
        what: 'finish deletions of tenants',
        everyMs: FINISH_EVERY_MS,
        work: (each) => periodic.tenants.finishDeletions(each),
      },
      {
        what: 'finish deletions of users',
        everyMs: FINISH_EVERY_MS,
        work: (each) => finishUserDeletions(databases.jobs, each),
      },
      { what: 'finish removals', everyMs: FINISH_EVERY_MS, work: (each) => periodic.finishRemovals(each) },
      {
        what: 'finish departures',
        everyMs: FINISH_EVERY_MS,
        work: (each) => finishDepartures(databases.jobs.pool, each),
      },
      {
        what: 'erase users',
        everyMs: FINISH_EVERY_MS,
        work: async (each) => vpnServers.fleet.wake(await erasures.eraseRequested(each)),
      },
      {
        what: 'evacuate',
        everyMs: EVACUATE_EVERY_MS,
        work: createEvacuator(createEvacuationStore(databases.jobs), vpnServers.control),
      },
      { what: 'spread plans', everyMs: SPREAD_EVERY_MS, work: (each) => periodic.plans.spread(each) },
      { what: 'end what is due', everyMs: END_EVERY_MS, work: (each) => services.upkeep.endWhatIsDue(each) },
      { what: 'renew keys', everyMs: RENEW_EVERY_MS, work: (each) => services.upkeep.renewKeys(each) },
      {
        what: 'renew signing keys',
        everyMs: CLEAN_EVERY_MS,
        work: (each) => identity.periodic.renewSigningKeys(each),
      },
      {
        what: 'deliver mails',
        everyMs: DELIVER_EVERY_MS,
        work: (each) => identity.periodic.deliverMails(each),
      },
      { what: 'forget sign-ins', everyMs: CLEAN_EVERY_MS, work: (each) => identity.periodic.forget(each) },
      {
        what: 'count addresses',
        everyMs: COUNT_EVERY_MS,
        work: (each) => countAddresses(databases.jobs, each),
      },
      {
        what: 'judge VPN servers',
        everyMs: REACHABILITY_EVERY_MS,
        work: (each) => reachability.update(each),
      },
      {
        what: 'send webhooks',
        everyMs: SEND_EVERY_MS,
        items: items.webhooks,
        work: () => webhookSender.sendDue(),
      },
      {
        what: 'read counters',
        everyMs: METER_LOOK_EVERY_MS,
        items: items.counters,
        work: (each) => metering.sample(each),
      },
      {
        what: 'review data limits',
        everyMs: REVIEW_EVERY_MS,
        work: (each) => metering.reviewDataLimits(each),
      },
      {
        what: 'seal with the current master key',
        everyMs: RESEAL_EVERY_MS,
        items: items.masterKey,
        work: (_each, stop) => masterKey.run(RESEAL_MS, stop),
      },
      { what: 'write key uses', everyMs: KEY_USES_EVERY_MS, work: () => stores.keyUses.write() },
      { what: 'write refusals', everyMs: REFUSALS_EVERY_MS, work: () => refusals.write() },
      { what: 'seal the audit log', everyMs: SEAL_EVERY_MS, work: (each) => sealer.seal(each) },
      {
        what: 'forget old audit',
        everyMs: FORGET_AUDIT_EVERY_MS,
        work: (each) => sealer.forget(config.auditDays, each),
      },
      {
        what: 'forget old events of VPN servers',
        everyMs: CLEAN_EVERY_MS,
        work: (each) => forgetServerEvents(databases.jobs, each),
      },
      {
        what: 'forget old answers',
        everyMs: CLEAN_EVERY_MS,
        work: (each) => forgetAnswers(databases.jobs, each),
      },
      { what: 'roll up usage', everyMs: CLEAN_EVERY_MS, work: (each) => metering.clean(each) },
    ],
    {
      onError: (what, error) => log.error({ err: error, what }, 'periodic work failed'),
      itemsOf: (what) => itemsOf(what, isAway),
    },
  );
  return {
    app,
    fleet: vpnServers.fleet,
    database: databases.operator,
    services,
    servers: stores.servers,
    async start() {
      await services.operatorApiKeys.prepare();
      await vpnServers.fleet.start();
      jobs.start();
    },
    drain() {
      stopping.abort();
    },
    async close() {
      // The links first: a reading that is under way ends with its channel.
      await vpnServers.fleet.close();
      await jobs.stop();
      await webhookSender.stop();
      mailer?.close();
      await databases.close();
    },
  };
}
