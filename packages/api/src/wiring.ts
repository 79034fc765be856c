/** Everything that a CVault process is made of, from the outside in. Reads from top to bottom; the only place that sees all. */
import { createApiKeyService, createApiKeyStore, createKeyUses, writeKeyUses } from './api-keys/index.ts';
import {
  createAuditSealer,
  createAuditService,
  createAuditStore,
  createRefusalStore,
  createRefusals,
  forgetOldAudit,
  sealAuditLog,
  writeRefusals,
} from './audit/index.ts';
import {
  createDeviceDirectory,
  createDeviceDirectoryStore,
  createDeviceService,
  createDeviceStore,
  createDeviceUpkeepStore,
  endDue,
  finishDepartures,
  renewKeys,
} from './devices/index.ts';
import { createDoctor, createDoctorStore } from './doctor/index.ts';
import { RESEAL, createMasterKeyRotation, createSealedStore, reseal } from './master-key/index.ts';
import { createAuthenticator } from './platform/access/authenticator.ts';
import { systemClock } from './platform/clock.ts';
import type { Secret } from './platform/crypto/secret.ts';
import { createVault } from './platform/crypto/vault.ts';
import { createItems } from './platform/jobs/items.ts';
import type { JobStatus } from './platform/jobs/status.ts';
import type { RateLimiter } from './platform/limits/rate-limiter.ts';
import type { OutboundHttp } from './platform/outbound/ports.ts';
import { createPrivacyService, createPrivacyStore, eraseUsers } from './privacy/index.ts';
import {
  type ServerStore,
  createEvacuationStore,
  createServerEventStore,
  createServerHealthService,
  createServerLagStore,
  createServerService,
  createServerStatusService,
  createServerStatusStore,
  createServerStore,
  evacuate,
  finishRemovals,
  forgetServerEvents,
  judgeReachability,
  prepareTestMode,
} from './servers/index.ts';
import { createSessionService, createSessionStore } from './sessions/index.ts';
import {
  type ApiKeyStore,
  createTenantService,
  createTenantStore,
  finishTenantDeletions,
} from './tenants/index.ts';
import {
  type UsageStore,
  createDataLimitStore,
  createMeterStore,
  createUsageService,
  createUsageStore,
  readCounters,
  reviewDataLimits,
  rollUpUsage,
} from './usage/index.ts';
import { createPlanService, createPlanStore, spreadPlans } from './user-limits/index.ts';
import { createUserDirectory, createUserDirectoryStore, finishUserDeletions } from './users/index.ts';
import {
  createWebhookEndpointStore,
  createWebhookQueue,
  createWebhookSender,
  createWebhookService,
  SEND_WEBHOOKS,
  sendWebhooks,
} from './webhooks/index.ts';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from './platform/config/config.ts';
import type { Probe } from './health/index.ts';
import { buildApp } from './platform/http/app.ts';
import { type Identity, buildIdentity } from './sign-in/index.ts';
import type { Job } from './platform/jobs/job.ts';
import { createJobRunner } from './platform/jobs/runner.ts';
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
import { createIdempotencyStore } from './platform/idempotency/store.ts';
import { forgetAnswers } from './platform/idempotency/forget-answers.job.ts';
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
/** What the doctor finds wrong on an interface, it looks at again after this: a push is over by then. */
const SECOND_LOOK_MS = 3_000;
/** Connections of metering: its pages are long statements, which nobody who waits for an answer must queue behind. */
const METERING_CONNECTIONS = 3;
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
  jobStatus: () => JobStatus[],
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
    plans: createPlanService({ plans: stores.plans }),
    sessions: createSessionService({ devices: stores.devices, sessions: stores.sessions }),
    operatorSessions: createSessionService({ devices: stores.devices, sessions: stores.operatorSessions }),
    serverHealth: createServerHealthService({ store: stores.serverLags, fleet }),
    doctor: createDoctor({
      store: stores.doctor,
      peers: stores.peers,
      fleet,
      secondLookMs: SECOND_LOOK_MS,
      jobs: jobStatus,
      clock: systemClock,
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
  const itemsOf = ({ name, endsRun = isAway }: Pick<Job, 'name' | 'endsRun'>) =>
    createItems({
      endsRun,
      onFailure(item, error) {
        metrics.itemFailed(name);
        log.error({ what: name, item, err: error }, 'an item of periodic work failed');
      },
    });
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
  const outbound = createOutboundHttp({ allow: config.outboundAllow, resolve: createResolver() });
  const webhookItems = itemsOf({ name: SEND_WEBHOOKS });
  const webhookSender = createWebhookSender({
    queue: createWebhookQueue(databases.jobs),
    outbound,
    vault,
    clock: systemClock,
    userAgent: `CVault/${VERSION}`,
    items: webhookItems,
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
  const resealItems = itemsOf({ name: RESEAL });
  const masterKey = createMasterKeyRotation({
    store: createSealedStore(databases.jobs),
    vault,
    items: resealItems,
  });
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
  const { fleet: peers, control } = vpnServers;
  const jobTenants = createTenantStore(databases.jobs);
  const meteredLimits = createDataLimitStore(databases.metering);
  const jobs = createJobRunner(
    [
      finishTenantDeletions(jobTenants),
      finishUserDeletions(databases.jobs),
      finishRemovals({ servers: createServerStore(databases.jobs), fleet: control }),
      finishDepartures(databases.jobs),
      eraseUsers({ database: databases.jobs, peers }),
      evacuate({ evacuations: createEvacuationStore(databases.jobs), fleet: control }),
      spreadPlans({ plans: createPlanStore(databases.jobs), peers }),
      endDue({ upkeep: stores.upkeep, peers }),
      renewKeys({ upkeep: stores.upkeep, devices: stores.devices, peers, vault }),
      ...Object.values(identity.jobs),
      countAddresses(databases.jobs),
      judgeReachability(databases.jobs),
      sendWebhooks({ sender: webhookSender, items: webhookItems }),
      readCounters({
        counters: vpnServers.fleet,
        meters: createMeterStore(databases.metering),
        limits: meteredLimits,
        peers,
        everySeconds: config.metering.everySeconds,
      }),
      reviewDataLimits({ limits: meteredLimits, peers }),
      reseal({ masterKey, items: resealItems }),
      writeKeyUses(stores.keyUses),
      writeRefusals(refusals),
      sealAuditLog(sealer),
      forgetOldAudit({ sealer, days: config.auditDays }),
      forgetServerEvents(databases.jobs),
      forgetAnswers(databases.jobs),
      rollUpUsage({ database: databases.metering, keep: config.metering.keep }),
    ],
    {
      onError: (what, error) => log.error({ err: error, what }, 'periodic work failed'),
      itemsOf,
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
