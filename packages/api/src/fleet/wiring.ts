/**
 * Builds the fleet: rows from the database, keys from the vault, a transport for each kind, and the fleet that
 * keeps the links.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type PushResult, presharedKeyColumn } from '../devices/index.ts';
import type { Vault } from '../platform/crypto/vault.ts';
import { notFound } from '../platform/errors.ts';
import {
  type FleetControl,
  type Installer,
  type Server,
  type ServerAccess,
  findServerAccess,
  listServerAccess,
  sshKeyColumn,
} from '../servers/index.ts';
import type { DataBudget } from '../user-limits/index.ts';
import type { PeerStore } from './ports.ts';
import { encodeKey } from '@cvault/wireguard';
import type { Logger } from 'pino';
import { renderInstallation } from './install/index.ts';
import { Fleet } from './fleet.ts';
import type { LinkEvent } from './link/state.ts';
import type { LookCounts } from './look.ts';
import { createLocalTransport } from './transports/local.ts';
import { createMemoryTransport } from './transports/memory.ts';
import { createOps } from './ops.ts';
import { probe } from './probe.ts';
import type { Transport } from './transports/transport.ts';
import type { Database } from '../platform/db/database.ts';
import { createSshTransport } from './transports/ssh.ts';
import type { Platform } from '../platform/platform.ts';
import { VERSION } from '../platform/version.ts';
import { createDataLimitStore } from '../usage/index.ts';
import { createPeerStore } from './peer-store.ts';

/** The agent's bundled file, as `npm run build` leaves it. */
const AGENT_FILE = fileURLToPath(new URL('../../../agent/dist/agent.mjs', import.meta.url));
/** Has the version that the bundle reports. */
const AGENT_PACKAGE = new URL('../../../agent/package.json', import.meta.url);

interface VpnServersDeps {
  readonly database: Database;
  readonly peers: PeerStore;
  readonly vault: Vault;
  readonly data: DataBudget;
  readonly log: Logger;
  readonly ackDeadlineMs: number;
  readonly reconcileEveryMs: number;
  readonly onPushed: (outcome: PushResult['outcome']) => void;
  readonly onLook: (counts: LookCounts) => void;
}

function describe(log: Logger, serverId: string, event: LinkEvent): void {
  switch (event.type) {
    case 'ready':
      return log.info(
        { serverId, epoch: event.epoch, peers: event.peers, changes: event.changes },
        'VPN server ready',
      );
    case 'repaired':
      // After a restart peers are only missing, which nobody caused.
      return log[Object.values(event.drift).some((count) => count > 0) ? 'warn' : 'info'](
        { serverId, evicted: event.evicted, removed: event.removed, set: event.set, drift: event.drift },
        'VPN server differed from the database',
      );
    case 'pushed':
      return;
    case 'host': {
      const { problems, mended } = event.report;
      const level = problems.length > 0 ? 'warn' : 'info';
      return log[level]({ serverId, problems, mended: mended.slice(-1) }, 'VPN server’s host');
    }
    case 'away':
      return log.warn({ serverId, err: event.error }, 'VPN server away');
    case 'refused':
      return log.warn(
        { serverId, deviceId: event.peer.deviceId, outcome: event.outcome, detail: event.detail },
        'VPN server refused a change',
      );
    case 'failed':
      return log.error({ serverId, what: event.what, err: event.error }, 'link failed');
  }
}

function createVpnServers(deps: VpnServersDeps): { fleet: Fleet; control: FleetControl } {
  const { database, vault, log } = deps;

  function transportTo({ server, sealedSshKey }: ServerAccess): Transport {
    switch (server.transport) {
      case 'ssh': {
        const [first, ...others] = server.ssh?.hostKeys ?? [];
        if (server.ssh === null || sealedSshKey === null || first === undefined) {
          throw new Error(`VPN server ${server.id} has no SSH access`);
        }
        const privateKey = vault.open(sshKeyColumn(server.id), sealedSshKey).map((bytes) => bytes.toString());
        return createSshTransport({ ...server.ssh, hostKeys: [first, ...others], privateKey });
      }
      case 'local':
        return createLocalTransport({
          interfaceName: server.interfaceName,
          netns: server.netns,
          agentFile: AGENT_FILE,
        });
      case 'memory':
        return createMemoryTransport({
          serverId: server.id,
          interfaceName: server.interfaceName,
          publicKey: keyOf(server),
        });
    }
  }

  const fleet = new Fleet({
    async linkedServers() {
      return (await listServerAccess(database)).map((access) => {
        const { id } = access.server;
        try {
          const [publicKey, fingerprint] = [keyOf(access.server), fingerprintOf(access)];
          return { id, publicKey, fingerprint, transport: transportTo(access) };
        } catch (error) {
          return { id, error };
        }
      });
    },
    peers: deps.peers,
    opOf: createOps({
      presharedKeyOf: ({ tenantId, deviceId }, sealed) =>
        vault.open(presharedKeyColumn(tenantId, deviceId), sealed),
      data: deps.data,
    }),
    ackDeadlineMs: deps.ackDeadlineMs,
    reconcileEveryMs: deps.reconcileEveryMs,
    onEvent: (serverId, event) => {
      if (event.type === 'pushed') deps.onPushed(event.outcome);
      describe(log, serverId, event);
    },
    onLook: (counts) => deps.onLook(counts),
    onError: (what, error) => log.error({ what, err: error }, 'periodic work failed'),
  });

  const control: FleetControl = {
    refresh: () => fleet.refresh(),
    wake: (serverIds) => fleet.wake(serverIds),
    linkTo: (serverId) => fleet.linkTo(serverId),
    peerCount: (serverId) => fleet.peerCount(serverId),
    async probe(server) {
      const access = await findServerAccess(database, server.id);
      if (access === null) throw notFound('VPN server');
      return probe(transportTo({ ...access, server }), keyOf(server));
    },
  };
  return { fleet, control };
}

function keyOf({ id, publicKey }: Server): string {
  if (publicKey === null) throw new Error(`VPN server ${id} has no key yet`);
  return encodeKey(publicKey);
}

/** Everything on which the connection to a VPN server depends. */
function fingerprintOf({ server, sealedSshKey }: ServerAccess): string {
  const { transport, interfaceName, netns, ssh } = server;
  return JSON.stringify([
    transport,
    interfaceName,
    netns,
    ssh,
    sealedSshKey?.toString('base64'),
    keyOf(server),
  ]);
}

/** @param version of this control plane, which distinguishes older agents from newer ones */
function createInstaller(version: string): Installer {
  return {
    agentVersion: (JSON.parse(readFileSync(AGENT_PACKAGE, 'utf8')) as { version: string }).version,
    render: ({ publicKey, tunnelAddresses, controlPublicKey, ...input }) =>
      renderInstallation({
        ...input,
        interfacePublicKey: publicKey === null ? null : encodeKey(publicKey),
        gatewayAddresses: [...tunnelAddresses],
        controlPublicKey: controlPublicKey.split(' ').slice(0, 2).join(' '),
        agentBundle: readFileSync(AGENT_FILE, 'utf8'),
        version,
      }),
  };
}

/** Told of what the fleet does. */
export interface FleetMetrics {
  pushed(outcome: PushResult['outcome']): void;
  looked(counts: LookCounts): void;
}

export function wireFleet({ config, databases, vault, log }: Platform, metrics: FleetMetrics) {
  const { ackDeadlineMs, reconcileSeconds, quarantineSeconds } = config.peers;
  const peers = createPeerStore(databases.links, quarantineSeconds);
  const servers = createVpnServers({
    database: databases.links,
    peers,
    vault,
    // Read during every push, so not on metering's connections.
    data: createDataLimitStore(databases.links),
    log,
    ackDeadlineMs,
    reconcileEveryMs: reconcileSeconds * 1_000,
    onPushed: (outcome) => metrics.pushed(outcome),
    onLook: (counts) => metrics.looked(counts),
  });
  return { ...servers, peers, installer: createInstaller(VERSION) };
}

export type WiredFleet = ReturnType<typeof wireFleet>;
