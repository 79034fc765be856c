/**
 * The platform as in production: replicas of the API on one PostgreSQL, and a VPN server behind SSH. The fault
 * tests break it and examine it afterwards.
 */
import type { TestDatabase } from '../../packages/api/src/testing/database.ts';
import { callAsAdmin, must } from './api-client.ts';
import { type ControlPlane, type ControlPlaneSecrets, startControlPlane } from './control-plane.ts';
import { createInternet, type Internet, type VpnServerNetwork } from './internet.ts';
import { startTestHost, type NamespaceHost } from './test-host.ts';
import { until } from './until.ts';
import { runScriptOverSsh } from './vpn-server.ts';

interface Examination {
  readonly healthy: boolean;
  readonly findings: readonly {
    readonly breach: string;
    readonly subject: string;
    readonly detail: string;
  }[];
  readonly unreachable: readonly string[];
}

/** Shortened, so that tests take seconds instead of minutes. */
export const FAULT_SETTINGS = {
  CVAULT_RECONCILE_SECONDS: '2',
  CVAULT_QUARANTINE_SECONDS: '1',
  LOG_LEVEL: 'info',
};

/** The time limit for the checker to find no breach after a fault, in milliseconds. */
const HEALTHY_WITHIN_MS = 60_000;

const examine = (baseUrl: string, secrets: ControlPlaneSecrets): Promise<Examination> =>
  must(callAsAdmin(baseUrl, secrets.CVAULT_ADMIN_KEY)<Examination>('GET', '/api/v1/admin/doctor?deep=true'));

/**
 * Waits until nothing is queued and the checker finds nothing; fails with its findings, by default after a minute.
 */
export async function untilHealthy(
  database: Pick<TestDatabase, 'pool'>,
  baseUrl: string,
  secrets: ControlPlaneSecrets,
  giveUpMs = HEALTHY_WITHIN_MS,
): Promise<void> {
  let last: Examination | undefined;
  let queued: number | undefined;
  const healthy = async () => {
    const { rows } = await database.pool.query<{ queued: number }>('SELECT count(*) AS queued FROM outbox');
    queued = Number(rows[0]?.queued);
    last = await examine(baseUrl, secrets);
    return queued === 0 && last.healthy;
  };
  await until('the checker finds nothing', healthy, giveUpMs).catch((cause: unknown) => {
    throw new Error(`not healthy: ${queued ?? '?'} queued, ${JSON.stringify(last)}`, { cause });
  });
}

/** The sum of a metric's samples whose labels contain `label`, as Prometheus would see it. */
export async function readMetric(
  baseUrl: string,
  secrets: ControlPlaneSecrets,
  name: string,
  label: string,
): Promise<number> {
  const text = await must(callAsAdmin(baseUrl, secrets.CVAULT_ADMIN_KEY)<string>('GET', '/metrics'));
  const samples = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(`"${label}"`));
  return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

export interface SshVpnServer {
  readonly id: string;
  readonly internet: Internet;
  readonly network: VpnServerNetwork;
  readonly host: NamespaceHost;
  /** The interface's peers with their allowed IPs, in order. */
  peers(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Turns a bare machine into a VPN server through the API, and waits until it is linked. */
export async function startSshVpnServer(
  plane: ControlPlane,
  secrets: ControlPlaneSecrets,
  options: { poolCidr: string; region: string },
): Promise<SshVpnServer> {
  const internet = await createInternet();
  const stops = [() => internet.destroy()];
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const network = await internet.addVpnServer('vpn');
    const host = await startTestHost({
      namespace: network.namespace,
      init: 'none',
      address: network.managementAddress,
    });
    stops.push(() => host.stop());
    const admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
    const { server, installation } = await must(
      admin<{ server: { id: string }; installation: string }>('POST', '/api/v1/admin/servers', {
        name: options.region,
        region: options.region,
        endpointHost: network.publicAddress,
        sshHost: network.managementAddress,
        poolCidr: options.poolCidr,
      }),
    );
    const { status, stdout, stderr } = await runScriptOverSsh(host, network.managementAddress, installation);
    if (status !== 0) throw new Error(`the installation failed: ${stderr}`);
    const { interfacePublicKey, hostKeys } = JSON.parse(stdout) as Record<string, unknown>;
    await must(
      admin('POST', `/api/v1/admin/servers/${server.id}/activate`, { interfacePublicKey, hostKeys }),
    );
    return {
      id: server.id,
      internet,
      network,
      host,
      async peers() {
        const text = await host.must(['wg', 'show', 'wg0', 'allowed-ips']);
        return text
          .split('\n')
          .filter((line) => line !== '')
          .sort();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts `count` replicas on one database. */
export const startReplicas = (
  count: number,
  databaseUrl: string,
  secrets: ControlPlaneSecrets,
  settings: Readonly<Record<string, string>> = {},
): Promise<ControlPlane[]> =>
  Promise.all(
    Array.from({ length: count }, () =>
      startControlPlane(databaseUrl, secrets, { ...FAULT_SETTINGS, ...settings }),
    ),
  );
