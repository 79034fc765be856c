import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { bodyOf, type components, type CVaultClient } from '@cvault/sdk';
import { EXIT, Failure } from '../failure.ts';
import { formerlyAt, identify, inspectMachine } from './inspection.ts';
import { activate, runInstallation } from './install.ts';
import { type Repairing, repairServer, type ServerTest } from './repair.ts';
import { resolveTarget, type ResolvedTarget, type SshOptions, type SshTarget } from './ssh.ts';

export interface AddServerOptions extends SshOptions {
  readonly region: string;
  readonly name?: string | undefined;
  /** The IP address that devices connect to. */
  readonly endpoint?: string | undefined;
  readonly endpointPort: number;
  readonly endpoint6?: string | undefined;
  readonly pool?: string | undefined;
  /** `none` disables IPv6 in the tunnel. */
  readonly prefix6?: string | undefined;
}

type Server = components['schemas']['Server'];

export interface Added {
  readonly server: Server;
  readonly test: ServerTest;
}

/**
 * Turns a bare Debian machine into a VPN server. The operator's own ssh runs the installation, so root's
 * credentials never reach the API; the API connects with the keys that it prints, and pins them. The machine is
 * inspected first. If it is a VPN server of this control plane, it is repaired if necessary; if it belongs to
 * another control plane, it is refused. If anything fails, machine and control plane keep nothing.
 * @throws Failure, CVaultProblem
 */
export async function addServer(
  context: Repairing,
  destination: string,
  options: AddServerOptions,
): Promise<Added> {
  const target: SshTarget = { destination, options };
  const address = await resolveTarget(target);
  const { servers } = await bodyOf(context.api.GET('/api/v1/admin/servers'));
  const machine = await inspectMachine(target, address.user);
  const found = identify(machine, servers);
  switch (found.is) {
    case 'foreign':
      throw new Failure(
        `${destination} is a VPN server already, and this control plane does not know it: its interface ` +
          `${found.interfaceName} has the public key ${found.publicKey ?? '(lost)'}. Nothing was changed. Use another machine; ` +
          `or, where it is not needed any more, take it away first: ssh ${destination} /usr/lib/cvault/remove ` +
          `${found.interfaceName} (before version 0.2.0: docs/operations/vpn-servers.md).`,
        { exitCode: EXIT.conflict },
      );
    case 'known':
      return addAgain(context, target, found.server, servers, options);
    case 'bare': {
      const former = formerlyAt(machine, address, servers);
      if (former !== null && former.state !== 'provisioning') throw notNew(destination, former);
      // An earlier `add` ended before it could delete its entry.
      if (former !== null) await takeBack(context.api, former.id);
      return addBare(context, target, address, options);
    }
  }
}

function notNew(destination: string, { name }: Server): Failure {
  const quoted = JSON.stringify(name);
  return new Failure(
    `${destination} has nothing of CVault on it, but the address or the SSH host keys of ${name}. Nothing was changed. Where it ` +
      `is ${name}, installed anew: cvault server repair ${quoted}. Where ${name} is gone: cvault server remove ${quoted}. ` +
      'Where it is a copy of that machine: give it SSH host keys of its own.',
    { exitCode: EXIT.conflict },
  );
}

async function addAgain(
  context: Repairing,
  target: SshTarget,
  server: Server,
  servers: readonly Server[],
  { region, name, ...options }: AddServerOptions,
): Promise<Added> {
  if (server.region !== region || (name !== undefined && server.name !== name)) {
    throw new Failure(
      `${target.destination} is a VPN server already: ${server.name} of region ${server.region}. Nothing was changed.`,
      { exitCode: EXIT.conflict },
    );
  }
  context.say(`${target.destination} is ${server.name} already; what is not as it should be is put right`);
  const { destination } = target;
  return { server, test: await repairServer(context, server, servers, { ...options, destination }) };
}

async function addBare(
  { api, say }: Repairing,
  target: SshTarget,
  { host, port, user }: ResolvedTarget,
  options: AddServerOptions,
): Promise<Added> {
  const endpointHost = options.endpoint ?? (await addressOf(host));
  const { server, installation: script } = await bodyOf(
    api.POST('/api/v1/admin/servers', {
      body: {
        name: options.name ?? host,
        region: options.region,
        endpointHost,
        endpointPort: options.endpointPort,
        sshHost: host,
        sshPort: port,
        ...(options.endpoint6 === undefined ? {} : { endpointHost6: options.endpoint6 }),
        ...(options.pool === undefined ? {} : { poolCidr: options.pool }),
        ...(options.prefix6 === undefined
          ? {}
          : { tunnelPrefix6: options.prefix6 === 'none' ? null : options.prefix6 }),
      },
    }),
  );
  say(`installing on ${target.destination}; devices will connect to ${endpointHost}:${options.endpointPort}`);
  const test = () =>
    bodyOf(api.POST('/api/v1/admin/servers/{id}/test', { params: { path: { id: server.id } } }));
  try {
    await runInstallation({ target, user, script }, (result) => activate(api, server.id, result));
  } catch (error) {
    // If the connection was cut just when the machine was told to keep the installation, only a test shows the
    // result.
    const answers = await test().catch(() => null);
    if (answers !== null) return { server, test: answers };
    await takeBack(api, server.id).catch(() =>
      say(
        `its entry ${server.id} stays, because the API does not answer; the same command again goes on from there`,
      ),
    );
    throw error;
  }
  return { server, test: await test() };
}

/** For a VPN server that was never in use, so nothing is lost. Refused if it has devices. */
async function takeBack(api: CVaultClient, id: string): Promise<void> {
  await api.DELETE('/api/v1/admin/servers/{id}', { params: { path: { id }, query: { force: 'true' } } });
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new Failure(`${host} has no address that I can find; name the VPN server’s with --endpoint`, {
      cause,
    });
  }
}
