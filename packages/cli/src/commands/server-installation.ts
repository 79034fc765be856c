import { bodyOf } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { explain } from '../explain.ts';
import { EXIT, Failure } from '../failure.ts';
import { findServer, type Server } from '../find-server.ts';
import { addServer } from '../installation/add.ts';
import { repairServer, type ServerTest } from '../installation/repair.ts';
import type { SshOptions } from '../installation/ssh.ts';
import { collect, wholeNumber } from '../options.ts';

interface SshFlags {
  sshPort?: string;
  identity?: string;
  sshConfig?: string;
  sshOption?: string[];
}

interface AddFlags extends SshFlags {
  region: string;
  name?: string;
  endpoint?: string;
  endpointPort: number;
  endpoint6?: string;
  pool?: string;
  prefix6?: string;
}

function withSshOptions(command: Command): Command {
  return command
    .option('-p, --ssh-port <port>', 'handed on to ssh')
    .option('-i, --identity <file>', 'handed on to ssh')
    .option('-F, --ssh-config <file>', 'handed on to ssh')
    .option('-o, --ssh-option <option>', 'handed on to ssh; may be repeated', collect);
}

const sshOptionsOf = ({ sshPort, identity, sshConfig, sshOption }: SshFlags): SshOptions => ({
  port: sshPort,
  identity,
  configFile: sshConfig,
  options: sshOption,
});

/** Commands that connect to a machine with the operator's own ssh. */
export function installationCommands(server: Command, { api, say, print, confirm }: Context): void {
  const repairing = () => ({ api: api(), say, confirm });
  const ready = ({ agentVersion, roundTripMs }: ServerTest) =>
    say(`ready: agent ${agentVersion} answers in ${roundTripMs.toFixed(1)} ms`);

  withSshOptions(server.command('add <destination>'))
    .description(
      'make a Debian machine a VPN server, over your own ssh: cvault server add root@host --region us-east; again: repair it',
    )
    .requiredOption('--region <region>', 'where it stands, such as us-east')
    .option('--name <name>', 'default: its host name')
    .option(
      '--endpoint <address>',
      'IP address that devices connect to; default: the address that ssh goes to',
    )
    .option('--endpoint-port <port>', 'UDP port of the tunnel', wholeNumber(1, 65_535), 51820)
    .option('--endpoint6 <address>', 'a second, IPv6 address that devices may connect to')
    .option('--prefix6 <cidr>', 'IPv6 /64 inside the tunnel; default: a random one; "none": no IPv6')
    .option('--pool <cidr>', 'tunnel addresses; default: the next free /24 of 10.8.0.0/16')
    .action(async (destination: string, flags: AddFlags) => {
      const options = { ...flags, ...sshOptionsOf(flags) };
      const { server: added, test } = await addServer(repairing(), destination, options);
      ready(test);
      print(`${added.id}\n`);
    });

  withSshOptions(server.command('repair <server> [destination]'))
    .description(
      'install one again: put right what is missing or differs there; tunnels live through it. Default destination: root at ' +
        'the address that it was added with',
    )
    .option(
      '--new-key',
      'make a new key where the interface’s own is lost; its devices need new configurations',
    )
    .option('--yes', 'do not ask before that')
    .action(
      async (
        nameOrId: string,
        destination: string | undefined,
        flags: SshFlags & { newKey?: true; yes?: true },
      ) => {
        const { server: found, servers } = await findServer(api(), nameOrId);
        const { newKey, yes } = flags;
        const options = { ...sshOptionsOf(flags), destination, newKey, yes };
        ready(await repairServer(repairing(), found, servers, options));
      },
    );

  withSshOptions(server.command('upgrade [server] [destination]'))
    .description(
      'bring one the agent and the files of this control plane’s version; tunnels live through it. Default destination: as ' +
        'for repair',
    )
    .option('--all', 'every one that is reached over SSH, one after the other')
    .action(
      async (
        nameOrId: string | undefined,
        destination: string | undefined,
        flags: SshFlags & { all?: true },
      ) => {
        if ((nameOrId === undefined) !== (flags.all === true)) {
          throw new Failure('name one VPN server, or say --all', { exitCode: EXIT.usage });
        }
        const upgrade = async (one: Server, servers: readonly Server[]) => {
          const { agentVersion } = await repairServer(repairing(), one, servers, {
            ...sshOptionsOf(flags),
            destination,
          });
          say(`${one.name}: agent ${one.agentVersion ?? '?'} → ${agentVersion}`);
        };
        if (nameOrId !== undefined) {
          const { server: found, servers } = await findServer(api(), nameOrId);
          return upgrade(found, servers);
        }
        const { servers } = await bodyOf(api().GET('/api/v1/admin/servers'));
        const installed = servers.filter(
          ({ ssh, state }) => ssh !== null && state !== 'removing' && state !== 'provisioning',
        );
        let failed = 0;
        for (const one of installed) {
          try {
            await upgrade(one, servers);
          } catch (error) {
            const explained = explain(error);
            if (explained === null) throw error;
            failed++;
            say(`${one.name} is not upgraded: ${explained.words}`);
          }
        }
        say(`${installed.length - failed} of ${installed.length} VPN servers are upgraded`);
        if (failed > 0) {
          throw new Failure(`${failed} VPN servers are not upgraded: see above`, {
            exitCode: failed < installed.length ? EXIT.partlyDone : EXIT.failed,
          });
        }
      },
    );
}
