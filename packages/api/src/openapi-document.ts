import { randomBytes } from 'node:crypto';
import { createCVault } from './cvault.ts';
import { loadConfig } from './platform/config/config.ts';
import { Secret } from './platform/crypto/secret.ts';
import { createInProcessRateLimiter } from './platform/limits/in-process.ts';
import { createLogger } from './platform/observability/logger.ts';

/** Never connected to: routes are described before anything is started. */
const NO_DATABASE = 'postgresql://nobody@localhost/nothing';

/** The OpenAPI document of the whole API. Deterministic; needs no database. */
export async function buildOpenApi(): Promise<string> {
  const environment = {
    CVAULT_MASTER_KEY: randomBytes(32).toString('base64'),
    CVAULT_ADMIN_KEY: `cv_admin_${randomBytes(32).toString('base64url')}`,
    DATABASE_URL: NO_DATABASE,
  };
  const { app, close } = await createCVault({
    config: loadConfig(environment, () => ''),
    databaseUrl: new Secret(NO_DATABASE),
    limiter: createInProcessRateLimiter(),
    log: createLogger('silent'),
  });
  try {
    await app.ready();
    return `${JSON.stringify(app.swagger(), null, 2)}\n`;
  } finally {
    await app.close();
    await close();
  }
}
