import type { ConditionReason, ServerCondition } from './condition.ts';
import type { Evacuation } from './evacuation.ts';
import type { Pool } from '../pools/index.ts';
import type { Server } from './server.ts';
import { encodeKey } from '@cvault/wireguard';
import { z } from 'zod';
import { Name } from '../platform/http/schemas/name.ts';

/** A DNS name or an address. It starts with a letter, a digit or a colon, so it can never be read as an option. */
const HostName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9:][A-Za-z0-9.:-]*$/, 'must be a DNS name or an IP address');

const Region = z
  .string()
  .max(50)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case letters and digits, joined by hyphens');

const Port = z.int().min(1).max(65535);

/** Excludes IPv4 addresses mapped to IPv6, and addresses with a zone, which means nothing to a device. */
const EndpointHost6 = z.ipv6().refine((text) => !/[.%]/.test(text) && !/^::ffff:/i.test(text), {
  error: 'must be a plain IPv6 address',
});
const EndpointHost = z.union([z.ipv4(), EndpointHost6], 'must be an IPv4 or IPv6 address');

export const AddServer = z
  .strictObject({
    name: Name,
    region: Region,
    endpointHost: EndpointHost.describe('The address that devices connect to.'),
    endpointHost6: EndpointHost6.optional().describe('A second, IPv6 address of the same port.'),
    endpointPort: Port.default(51820),
    sshHost: HostName,
    sshPort: Port.default(22),
    poolCidr: z.string().max(50).optional().describe('Absent: the next free /24 of 10.8.0.0/16.'),
    tunnelPrefix6: z
      .string()
      .max(50)
      .nullable()
      .optional()
      .describe(
        'The /64 that devices have their IPv6 tunnel addresses from. Absent: a random unique local one (RFC 4193). Null: no ' +
          'IPv6 in the tunnel.',
      ),
  })
  .meta({ id: 'AddServer' });

export const REPLACE_KEY =
  'Where the interface’s own key is lost, take a new one: every device then needs its configuration anew.';

export const ActivateServer = z
  .strictObject({
    interfacePublicKey: z.string().max(100),
    hostKeys: z
      .array(
        z
          .string()
          .max(2_000)
          .regex(
            /^(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/]+=*$/,
            'must be a public host key without a comment',
          ),
      )
      .min(1)
      .max(5)
      .describe('The VPN server’s SSH host keys. From now on it is believed with no other.'),
    replaceKey: z.boolean().default(false).describe(REPLACE_KEY),
  })
  .meta({ id: 'ActivateServer' });

/** A reason why a VPN server is not healthy. */
export const Reason = z
  .object({
    code: z.string().describe('Such as `no_route_out`. docs/operations/vpn-servers.md lists them.'),
    detail: z.string(),
    since: z.string().nullable(),
  })
  .meta({ id: 'ConditionReason' });

export const ConditionName = z
  .enum(['healthy', 'degraded', 'unreachable'])
  .nullable()
  .describe(
    'Its ability to serve; `state` is what the operator wants of it. `degraded`: its agent answers and names what is wrong with ' +
      'the machine; it gets no new devices while others are healthy. `unreachable`: its agent does not answer the replica ' +
      'that you asked. Null while it is provisioning.',
  );

export function reasonResource({ since, ...reason }: ConditionReason): z.infer<typeof Reason> {
  return { ...reason, since: since?.toISOString() ?? null };
}

export const ServerResource = z
  .object({
    id: z.uuid(),
    name: z.string(),
    region: z.string(),
    state: z.enum(['provisioning', 'active', 'draining', 'disabled', 'removing', 'removed']),
    transport: z.enum(['ssh', 'local', 'memory']),
    mode: z.enum(['live', 'test']).describe('`test`: simulated, for the devices of test keys and no others.'),
    endpointHost: z.string(),
    endpointPort: z.int(),
    endpointHost6: z.string().nullable().describe('A second, IPv6 address of the same port.'),
    weight: z.int().describe('How many devices it gets, beside the others of its region.'),
    tunnelPrefix6: z.string().nullable().describe('Null: no IPv6 in the tunnel.'),
    interfaceName: z.string(),
    publicKey: z.string().nullable().describe('The interface’s; null until it was activated.'),
    ssh: z
      .object({ host: z.string(), port: z.int(), user: z.string(), hostKeys: z.array(z.string()) })
      .nullable(),
    deviceCount: z.int(),
    condition: ConditionName,
    reasons: z.array(Reason).describe('Why it is not healthy; empty where it is.'),
    agentVersion: z.string().nullable().describe('Null until its agent was heard for the first time.'),
    lastContactAt: z.string().nullable(),
    createdAt: z.string(),
  })
  .meta({ id: 'Server' });

export const AddedServer = z
  .object({
    server: ServerResource,
    installation: z
      .string()
      .describe('A shell script. Run as root on the VPN server, it prints what activation needs.'),
  })
  .meta({ id: 'AddedServer' });

export const ServerInstallation = z
  .object({ installation: z.string().describe('A shell script, to be run as root on the VPN server.') })
  .meta({ id: 'ServerInstallation' });

export const ServerList = z
  .object({
    servers: z.array(ServerResource),
    totalCount: z.int(),
    latestAgentVersion: z.string().describe('The agent that an upgrade brings.'),
  })
  .meta({ id: 'ServerList' });

export const ServerTest = z
  .object({
    connectMs: z.number(),
    roundTripMs: z.number(),
    agentVersion: z.string(),
    interfaceName: z.string(),
    peerCount: z.int(),
  })
  .meta({ id: 'ServerTest' });

export const UpdateServer = z
  .strictObject({
    name: Name.optional(),
    weight: z
      .int()
      .min(0)
      .max(10_000)
      .optional()
      .describe('How many devices it gets, beside the others of its region. 0: none.'),
    endpointHost: EndpointHost.optional(),
    endpointPort: Port.optional(),
    endpointHost6: EndpointHost6.nullable().optional().describe('Null: none any more.'),
  })
  .meta({ id: 'UpdateServer' });

export const EvacuateServer = z
  .strictObject({ region: Region.optional().describe('Where its devices go. Absent: its own region.') })
  .meta({ id: 'EvacuateServer' });

export const EvacuationResource = z
  .object({
    region: z.string(),
    total: z.int().describe('Devices that it had when this began.'),
    moved: z.int(),
    remaining: z.int().describe('Devices that are still on it.'),
    failed: z.int().describe('Devices that had to stay, once it is finished.'),
    reason: z
      .string()
      .nullable()
      .describe(
        'Why they had to: an error’s code, or `enabled` where the VPN server came back into service.',
      ),
    startedAt: z.string(),
    finishedAt: z.string().nullable(),
  })
  .meta({ id: 'Evacuation' });

export const AddPool = z.strictObject({ cidr: z.string().max(50) }).meta({ id: 'AddPool' });

export const GrowPool = z
  .strictObject({ cidr: z.string().max(50).describe('Holds the whole pool, and no part of another.') })
  .meta({ id: 'GrowPool' });

export const PoolResource = z
  .object({
    id: z.uuid(),
    cidr: z.string(),
    gateway: z.string(),
    createdAt: z.string(),
    addresses: z.object({ free: z.int(), held: z.int(), draining: z.int(), quarantine: z.int() }),
  })
  .meta({ id: 'Pool' });

export const PoolList = z
  .object({ pools: z.array(PoolResource), totalCount: z.int() })
  .meta({ id: 'PoolList' });

export function serverResource(
  server: Server,
  { condition, reasons }: ServerCondition,
): z.infer<typeof ServerResource> {
  return {
    id: server.id,
    name: server.name,
    region: server.region,
    state: server.state,
    transport: server.transport,
    mode: server.mode,
    endpointHost: server.endpointHost,
    endpointPort: server.endpointPort,
    endpointHost6: server.endpointHost6,
    weight: server.weight,
    tunnelPrefix6: server.tunnelPrefix6,
    interfaceName: server.interfaceName,
    publicKey: server.publicKey === null ? null : encodeKey(server.publicKey),
    ssh: server.ssh === null ? null : { ...server.ssh, hostKeys: [...server.ssh.hostKeys] },
    deviceCount: server.deviceCount,
    condition,
    reasons: reasons.map(reasonResource),
    agentVersion: server.agentVersion,
    lastContactAt: server.lastContactAt?.toISOString() ?? null,
    createdAt: server.createdAt.toISOString(),
  };
}

export function evacuationResource({
  startedAt,
  finishedAt,
  ...evacuation
}: Evacuation): z.infer<typeof EvacuationResource> {
  return {
    ...evacuation,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}

export function poolResource({
  id,
  cidr,
  gateway,
  createdAt,
  addresses,
}: Pool): z.infer<typeof PoolResource> {
  return { id, cidr, gateway, createdAt: createdAt.toISOString(), addresses: { ...addresses } };
}
