import { bodyOf, type components, type CVaultClient } from '@cvault/sdk';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { identify, inspectMachine } from './inspection.ts';
import { activate, runInstallation } from './install.ts';
import { resolveTarget, type SshOptions, type SshTarget } from './ssh.ts';

type Server = components['schemas']['Server'];
export type ServerTest = components['schemas']['ServerTest'];

export interface RepairOptions extends SshOptions {
  /** The ssh destination; by default root at the address that the control plane knows. */
  readonly destination?: string | undefined;
  /** Create a new key if the interface's own is lost. */
  readonly newKey?: boolean | undefined;
  /** Do not ask for confirmation. */
  readonly yes?: boolean | undefined;
}

export interface Repairing extends Pick<Context, 'say' | 'confirm'> {
  readonly api: CVaultClient;
}

/** @throws Failure if it is not managed over SSH */
function targetOf({ name, ssh }: Server, { destination, port, ...options }: RepairOptions): SshTarget {
  if (ssh === null) {
    throw new Failure(`${name} is not reached over SSH: nothing is installed anywhere for it`, {
      exitCode: EXIT.conflict,
    });
  }
  if (destination !== undefined) return { destination, options: { ...options, port } };
  return { destination: `root@${ssh.host}`, options: { ...options, port: port ?? String(ssh.port) } };
}

/**
 * Repeats a VPN server's installation: missing, different and outdated parts are corrected, and tunnels stay up.
 * Returns the result of a test afterwards.
 * @throws Failure, CVaultProblem
 */
export async function repairServer(
  { api, say, confirm }: Repairing,
  server: Server,
  servers: readonly Server[],
  options: RepairOptions,
): Promise<ServerTest> {
  const target = targetOf(server, options);
  const { user } = await resolveTarget(target);
  const found = identify(await inspectMachine(target, user), servers);
  if (found.is === 'foreign') {
    throw new Failure(
      `${target.destination} is a VPN server that this control plane does not know: nothing was changed`,
      {
        exitCode: EXIT.conflict,
      },
    );
  }
  if (found.is === 'known' && found.server.id !== server.id) {
    throw new Failure(
      `${target.destination} is ${found.server.name}, not ${server.name}: nothing was changed`,
      {
        exitCode: EXIT.conflict,
      },
    );
  }
  const hasKey = found.is === 'known' && found.hasKey;
  const replaceKey = server.publicKey !== null && !hasKey;
  if (replaceKey) await agreeToNewKey(server, options, confirm);

  const path = { id: server.id };
  const query = { replaceKey: replaceKey ? 'true' : 'false' } as const;
  const { installation: script } = await bodyOf(
    api.GET('/api/v1/admin/servers/{id}/installation', { params: { path, query } }),
  );
  say(`installing ${server.name} again on ${target.destination}`);
  await runInstallation({ target, user, script }, (result) =>
    activate(api, server.id, { ...result, replaceKey }),
  );
  return bodyOf(api.POST('/api/v1/admin/servers/{id}/test', { params: { path } }));
}

async function agreeToNewKey(
  { name, deviceCount }: Server,
  { newKey, yes }: RepairOptions,
  confirm: Context['confirm'],
): Promise<void> {
  if (newKey !== true) {
    throw new Failure(
      `the private key of ${name} is not on that machine any more. Put it back as /etc/cvault/wg0.key, or let it have a new ` +
        `one: cvault server repair ${JSON.stringify(name)} --new-key. Its ${deviceCount} devices then need their ` +
        'configuration anew. Nothing was changed.',
      { exitCode: EXIT.conflict },
    );
  }
  if (deviceCount === 0) return;
  await confirm(
    `${name} gets a new key: its ${deviceCount} devices have no tunnel until each has its configuration anew.`,
    yes,
  );
}
