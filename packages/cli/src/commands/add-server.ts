import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { bodyOf, type components, type CVaultClient } from '@cvault/sdk';
import { Failure } from '../failure.ts';
import { resolveTarget, runScript, type SshOptions, type SshTarget } from '../ssh.ts';

export interface AddServerOptions extends SshOptions {
  readonly region: string;
  readonly name?: string | undefined;
  /** The IP address that devices connect to. */
  readonly endpoint?: string | undefined;
  readonly endpointPort: number;
  readonly endpoint6?: string | undefined;
  readonly pool?: string | undefined;
  /** `none`: no IPv6 in the tunnel. */
  readonly prefix6?: string | undefined;
}

type Server = components['schemas']['Server'];
type ServerTest = components['schemas']['ServerTest'];

/**
 * Makes a bare Debian machine a VPN server. The operator's own ssh runs the installation, so root's credentials never
 * reach the API; what it prints over that channel is what the API pins.
 * @param say takes a line of progress
 * @throws Failure, CVaultProblem
 */
export async function addServer(
  api: CVaultClient,
  destination: string,
  options: AddServerOptions,
  say: (line: string) => void,
): Promise<{ server: Server; test: ServerTest }> {
  const target: SshTarget = { destination, options };
  const { host, port, user } = await resolveTarget(target);
  const endpointHost = options.endpoint ?? (await addressOf(host));
  const { server, installation } = await bodyOf(
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
  const path = { id: server.id };
  let printed: string;
  try {
    say(`installing on ${destination}; devices will connect to ${endpointHost}:${options.endpointPort}`);
    printed = await runScript(target, user, installation);
  } catch (error) {
    // Nothing of it can be in use yet, so nothing is left of it.
    await api.DELETE('/api/v1/admin/servers/{id}', { params: { path, query: { force: 'true' } } });
    throw error;
  }
  const { interfacePublicKey, hostKeys } = readResult(printed);
  await api.POST('/api/v1/admin/servers/{id}/activate', {
    params: { path },
    body: { interfacePublicKey, hostKeys },
  });
  const test = await bodyOf(api.POST('/api/v1/admin/servers/{id}/test', { params: { path } }));
  return { server, test };
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

/** The one line of JSON that the installation prints. */
function readResult(printed: string): { interfacePublicKey: string; hostKeys: string[] } {
  try {
    return JSON.parse(printed) as { interfacePublicKey: string; hostKeys: string[] };
  } catch (cause) {
    throw new Failure(
      'the installation did not say what it made: something else answered, or it was cut off',
      { cause },
    );
  }
}
