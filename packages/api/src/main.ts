/** The process: reads its environment, starts what it needs, serves until a signal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RateLimiter } from '@cvault/core';
import type { Logger } from 'pino';
import { type Config, ConfigError, type Environment, loadConfig } from './config.ts';
import { holdDataDirectory } from './demo/data-directory.ts';
import { removeDemoFile, writeDemoFile } from './demo/demo-file.ts';
import { startEcho } from './demo/echo.ts';
import { loadDemoSecrets } from './demo/secrets.ts';
import { seedDemo } from './demo/seed.ts';
import { startDemoVpnServer } from './demo/vpn-server.ts';
import { createInProcessRateLimiter } from './limits/in-process.ts';
import { createLogger } from './logger.ts';
import { startEmbeddedPostgres } from './postgres/embedded.ts';
import { migrate } from './postgres/migrate.ts';
import { checkRoles } from './postgres/roles.ts';
import { Started, stopOnSignals } from './process.ts';
import { createRedisRateLimiter } from './redis/rate-limiter.ts';
import { type CVault, wire } from './wiring.ts';

const readFile = (path: string) => readFileSync(path, 'utf8');

/** The database that is configured, or an embedded one; migrated. */
async function startDatabase(config: Config, started: Started, log: Logger) {
  let { url } = config.database;
  if (url === null) {
    const embedded = await startEmbeddedPostgres(join(config.dataDir, 'postgres'));
    started.add('PostgreSQL', () => embedded.stop());
    url = embedded.url;
  }
  const applied = await migrate((config.database.ownerUrl ?? url).reveal());
  if (applied.length > 0) log.info({ applied }, 'database migrated');
  await checkRoles(url.reveal());
  return url;
}

/** Counted in Redis where there is one, else in this process. */
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

async function startCVault(config: Config, started: Started, log: Logger): Promise<CVault> {
  const databaseUrl = await startDatabase(config, started, log);
  const limiter = startRateLimiter(config, started, log);
  const cvault = await wire({ config, databaseUrl, limiter, log });
  started.add('links and database', () => cvault.close());
  return cvault;
}

async function serve(cvault: CVault, config: Config, started: Started): Promise<string> {
  const { host, port } = config.http;
  const address = await cvault.app.listen({ host, port });
  started.add('HTTP', () => {
    cvault.drain();
    return cvault.app.close();
  });
  return address;
}

async function startProduction(config: Config, started: Started, log: Logger): Promise<void> {
  const cvault = await startCVault(config, started, log);
  await cvault.start();
  const address = await serve(cvault, config, started);
  log.info({ address }, 'ready');
}

async function startDemo(config: Config, started: Started, log: Logger): Promise<void> {
  const { dataDir } = config;
  const secrets = await loadDemoSecrets(dataDir);
  const vpnServer = await startDemoVpnServer(dataDir);
  started.add('VPN server', () => vpnServer.stop());
  const cvault = await startCVault(config, started, log);
  if (vpnServer.whySimulated !== null) {
    log.warn(`THE VPN SERVER IS SIMULATED, no packet will flow: ${vpnServer.whySimulated}`);
  }
  const echo = vpnServer.internetAddress === null ? null : await startEcho(vpnServer.internetAddress);
  if (echo !== null) started.add('echo', () => echo.stop());
  const { apiKeys, authenticator, tenants, users } = cvault.services;
  const { database, servers } = cvault;
  const tenant = await seedDemo(
    { database, authenticator, tenants, apiKeys, users, servers },
    dataDir,
    secrets,
    vpnServer,
  );
  await cvault.start();
  const baseUrl = await serve(cvault, config, started);
  await cvault.fleet.untilSettled();
  await writeDemoFile(dataDir, {
    baseUrl,
    adminKey: config.adminKey.reveal(),
    tenant: { id: tenant.id, name: tenant.name, apiKey: tenant.apiKey },
    user: { email: tenant.userEmail, password: secrets.userPassword },
    vpnServer: {
      interface: vpnServer.interfaceName,
      netns: vpnServer.netns,
      kind: vpnServer.kind,
      echoUrl: echo?.url ?? null,
    },
  });
  started.add('demo.json', () => removeDemoFile(dataDir));
  log.info(
    { baseUrl, docs: `${baseUrl}/docs`, vpnServer: vpnServer.kind, credentials: join(dataDir, 'demo.json') },
    'ready',
  );
}

/** The demo's secrets come from its data directory, unless the environment has them. */
async function demoEnvironment(env: Environment, started: Started): Promise<Environment> {
  const { path, release } = await holdDataDirectory(env['CVAULT_DATA_DIR'] || '.cvault');
  started.add('data directory', release);
  await removeDemoFile(path);
  const given = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== ''));
  return {
    // Whoever tries the demo has the receiver of its webhooks on the same machine.
    CVAULT_OUTBOUND_ALLOW: '127.0.0.0/8,::1',
    ...(await loadDemoSecrets(path)).environment,
    ...given,
    CVAULT_DATA_DIR: path,
  };
}

async function main(environment: Environment): Promise<void> {
  const started = new Started();
  const isDemo = environment['CVAULT_MODE'] === 'demo';
  let log = createLogger('info');
  try {
    const config = loadConfig(isDemo ? await demoEnvironment(environment, started) : environment, readFile);
    log = createLogger(config.logLevel);
    stopOnSignals(started, log);
    await (isDemo ? startDemo : startProduction)(config, started, log);
  } catch (error) {
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else log.fatal({ err: error }, 'CVault could not start');
    await started.stopAll(log);
    process.exit(1);
  }
}

await main(process.env);
