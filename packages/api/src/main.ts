/** The process: reads its environment, starts its parts, and serves until a signal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RateLimiter } from './platform/limits/rate-limiter.ts';
import type { Logger } from 'pino';
import {
  type Config,
  ConfigError,
  type Environment,
  loadConfig,
  misspeltVariables,
} from './platform/config/config.ts';
import { holdDataDirectory } from './demo/data-directory.ts';
import { type DemoFile, demoFileIn, removeDemoFile, writeDemoFile } from './demo/demo-file.ts';
import { demoEnvironment } from './demo/environment.ts';
import { startEcho } from './demo/echo.ts';
import { clearLeftovers } from './demo/leftovers.ts';
import { startReaper } from './demo/reaper.ts';
import { loadDemoSecrets } from './demo/secrets.ts';
import { seedDemo } from './demo/seed.ts';
import { aloud, banner, say, silently, type Step } from './demo/terminal.ts';
import { DEMO_PORT, startDemoVpnServer } from './demo/vpn-server.ts';
import { prepareClose } from './platform/http/closing.ts';
import { checkListening, explainListening } from './platform/process/listening.ts';
import { createInProcessRateLimiter } from './platform/limits/in-process.ts';
import { createLogger } from './platform/observability/logger.ts';
import { startEmbeddedPostgres } from './platform/db/embedded.ts';
import { migrate } from './platform/db/migrate.ts';
import { checkRoles } from './platform/db/roles.ts';
import { live, StartError, Started } from './platform/process/process.ts';
import { createRedisRateLimiter } from './platform/limits/redis.ts';
import { type CVault, createCVault } from './cvault.ts';

/**
 * How long a shutdown waits for running requests, in addition to the acknowledgement that they may wait for. The
 * whole shutdown stays below Kubernetes' 30 s.
 */
const REQUEST_GRACE_MS = 13_000;
const LINKS_STOP_MS = 12_000;
/** PostgreSQL flushes its memory to disk. */
const POSTGRES_STOP_MS = 65_000;
const REAPER_STOP_MS = 70_000;

const readFile = (path: string) => readFileSync(path, 'utf8');

/** The configured database or an embedded one, migrated. */
async function startDatabase(config: Config, started: Started, log: Logger, step: Step) {
  let { url } = config.database;
  if (url === null) {
    const folder = join(config.dataDir, 'postgres');
    const embedded = await step('starting PostgreSQL', () =>
      startEmbeddedPostgres(folder, {}, started.interrupted),
    );
    started.add('PostgreSQL', () => embedded.stop(), POSTGRES_STOP_MS);
    url = embedded.url;
  }
  const owner = (config.database.ownerUrl ?? url).reveal();
  const { migrations: applied, functions } = await step('migrating the database', () => migrate(owner));
  if (applied.length > 0 || functions) log.info({ applied, functions }, 'database migrated');
  await checkRoles(url.reveal());
  return url;
}

/** Counts in Redis if configured, otherwise in this process. */
function startRateLimiter(config: Config, started: Started, log: Logger): RateLimiter {
  const local = createInProcessRateLimiter();
  if (config.redisUrl === null) return local;
  const limiter = createRedisRateLimiter({
    url: config.redisUrl,
    local,
    onChange: (state, error) => log.warn({ err: error }, `Redis is ${state}`),
  });
  started.add('Redis', async () => limiter.close());
  return limiter;
}

async function startCVault(config: Config, started: Started, log: Logger, step: Step): Promise<CVault> {
  const databaseUrl = await startDatabase(config, started, log, step);
  const limiter = startRateLimiter(config, started, log);
  const cvault = await createCVault({ config, databaseUrl, limiter, log });
  started.add('links and database', () => cvault.close(), LINKS_STOP_MS);
  return cvault;
}

async function serve(cvault: CVault, config: Config, started: Started): Promise<string> {
  const { host, port } = config.http;
  const graceMs = REQUEST_GRACE_MS + config.peers.ackDeadlineMs;
  const close = prepareClose(cvault.app);
  const address = await cvault.app.listen({ host, port }).catch((error: unknown) => {
    throw explainListening(error, config.http);
  });
  started.add(
    'HTTP',
    () => {
      cvault.drain();
      return close(graceMs);
    },
    graceMs + 2_000,
  );
  return address;
}

async function startProduction(config: Config, started: Started, log: Logger): Promise<void> {
  const cvault = await startCVault(config, started, log, silently);
  await cvault.start();
  const address = await serve(cvault, config, started);
  log.info({ address }, 'ready');
}

async function startDemo(config: Config, started: Started, log: Logger): Promise<void> {
  const { dataDir } = config;
  await checkListening(config.http);
  const secrets = await loadDemoSecrets(dataDir);
  const vpnServer = await aloud('making a VPN server', () =>
    startDemoVpnServer(dataDir, started.interrupted),
  );
  started.add('VPN server', () => vpnServer.stop());
  const cvault = await startCVault(config, started, log, aloud);
  const startPage = async (address: string | null | undefined) => {
    if (address === null || address === undefined) return null;
    const echo = await startEcho(address);
    started.add('echo', () => echo.stop());
    return echo.url;
  };
  const echoUrl = await startPage(vpnServer.internet?.address);
  const echoUrl6 = await startPage(vpnServer.internet?.address6);
  const { apiKeys, authenticator, tenants, users } = cvault.services;
  const { database, servers } = cvault;
  const tenant = await aloud('making a tenant and a user', () =>
    seedDemo({ database, authenticator, tenants, apiKeys, users, servers }, dataDir, secrets, vpnServer),
  );
  const baseUrl = await aloud('linking to the VPN server', async () => {
    await cvault.start();
    const address = await serve(cvault, config, started);
    await cvault.fleet.untilSettled();
    return address;
  });
  const demo: DemoFile = {
    baseUrl,
    adminKey: config.adminKey.reveal(),
    tenant: { id: tenant.id, name: tenant.name, apiKey: tenant.apiKey },
    user: { email: tenant.userEmail, password: secrets.userPassword },
    vpnServer: {
      interface: vpnServer.interfaceName,
      netns: vpnServer.netns,
      kind: vpnServer.kind,
      echoUrl,
      echoUrl6,
    },
  };
  await writeDemoFile(dataDir, demo);
  started.add('demo.json', () => removeDemoFile(dataDir));
  const { whySimulated, endpointHost } = vpnServer;
  const endpoint = `${endpointHost}:${DEMO_PORT}`;
  process.stdout.write(banner({ demo, credentials: demoFileIn(dataDir), endpoint, whySimulated }));
}

/** The demo's secrets come from its data directory unless the environment sets them. */
async function prepareDemo(env: Environment, started: Started): Promise<Environment> {
  const { path, release } = await holdDataDirectory(env['CVAULT_DATA_DIR'] || '.cvault');
  started.add('data directory', release);
  started.add('reaper', startReaper(path), REAPER_STOP_MS);
  await clearLeftovers(path);
  return demoEnvironment(env, (await loadDemoSecrets(path)).environment, path);
}

async function main(environment: Environment): Promise<void> {
  const started = new Started();
  const isDemo = environment['CVAULT_MODE'] === 'demo';
  let log = createLogger(isDemo ? 'warn' : 'info');
  const start = async () => {
    const config = loadConfig(isDemo ? await prepareDemo(environment, started) : environment, readFile);
    log = createLogger(config.logLevel);
    for (const { variable, meant } of misspeltVariables(environment)) {
      log.warn({ variable }, `${variable} is not known and changes nothing; did you mean ${meant}?`);
    }
    await (isDemo ? startDemo : startProduction)(config, started, log);
  };
  const code = await live(
    start,
    started,
    () => log,
    (error) => {
      if (error instanceof ConfigError || error instanceof StartError) {
        process.stderr.write(`${error.message}\n`);
      } else log.fatal({ err: error }, 'CVault could not start');
    },
  );
  if (isDemo) say(code === 0 ? 'ended, with everything that was started here.' : 'ended.');
  process.exit(code);
}

await main(process.env);
