import type { Environment } from '../platform/config/config.ts';
import type { DemoSecrets } from './secrets.ts';

/**
 * The demo's configuration. The given environment has precedence; an empty variable counts as not set. A secret from a file
 * replaces the demo's own.
 */
export function demoEnvironment(
  given: Environment,
  own: DemoSecrets['environment'],
  dataDir: string,
): Environment {
  const isSet = (name: string) => (given[name]?.trim() ?? '') !== '';
  return {
    // People who try the demo receive its webhooks on the same machine.
    CVAULT_OUTBOUND_ALLOW: '127.0.0.0/8,::1',
    // The terminal belongs to the person who typed `npm start`.
    LOG_LEVEL: 'warn',
    ...Object.fromEntries(Object.entries(own).filter(([name]) => !isSet(`${name}_FILE`))),
    ...Object.fromEntries(Object.entries(given).filter(([name]) => isSet(name))),
    CVAULT_DATA_DIR: dataDir,
  };
}
