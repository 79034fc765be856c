import { setTimeout as sleep } from 'node:timers/promises';
import { bodyOf } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { renderTable } from '../table.ts';
import { addServer, type AddServerOptions } from './add-server.ts';

const EVACUATION_LOOK_MS = 1_000;

interface SetFlags {
  name?: string;
  weight?: number;
  endpoint?: string;
  endpointPort?: number;
  endpoint6?: string;
}

interface AddFlags {
  region: string;
  name?: string;
  endpoint?: string;
  endpointPort: number;
  endpoint6?: string;
  pool?: string;
  prefix6?: string;
  sshPort?: string;
  identity?: string;
  sshConfig?: string;
  sshOption?: string[];
}

/** `cvault server …` */
export function serverCommands(program: Command, { api, say, print }: Context): void {
  const server = program.command('server').description('VPN servers');

  server
    .command('add <destination>')
    .description(
      'make a Debian machine a VPN server, over your own ssh: cvault server add root@host --region us-east',
    )
    .requiredOption('--region <region>', 'where it stands, such as us-east')
    .option('--name <name>', 'default: its host name')
    .option(
      '--endpoint <address>',
      'IP address that devices connect to; default: the address that ssh goes to',
    )
    .option('--endpoint-port <port>', 'UDP port of the tunnel', Number, 51820)
    .option('--endpoint6 <address>', 'a second, IPv6 address that devices may connect to')
    .option('--prefix6 <cidr>', 'IPv6 /64 inside the tunnel; default: a random one; "none": no IPv6')
    .option('--pool <cidr>', 'tunnel addresses; default: the next free /24 of 10.8.0.0/16')
    .option('-p, --ssh-port <port>', 'handed on to ssh')
    .option('-i, --identity <file>', 'handed on to ssh')
    .option('-F, --ssh-config <file>', 'handed on to ssh')
    .option(
      '-o, --ssh-option <option>',
      'handed on to ssh; may be repeated',
      (one: string, more?: string[]) => [...(more ?? []), one],
    )
    .action(async (destination: string, flags: AddFlags) => {
      const { sshPort, sshConfig, sshOption, ...rest } = flags;
      const options: AddServerOptions = { ...rest, port: sshPort, configFile: sshConfig, options: sshOption };
      const { server: added, test } = await addServer(api(), destination, options, say);
      say(`ready: agent ${test.agentVersion} answers in ${test.roundTripMs.toFixed(1)} ms`);
      print(`${added.id}\n`);
    });

  server
    .command('list')
    .description('list them')
    .action(async () => {
      const { servers } = await bodyOf(api().GET('/api/v1/admin/servers'));
      print(
        renderTable(
          ['ID', 'NAME', 'REGION', 'STATE', 'ENDPOINT', 'DEVICES', 'LAST CONTACT'],
          servers.map((each) => [
            each.id,
            each.name,
            each.region,
            each.state,
            `${each.endpointHost}:${each.endpointPort}`,
            String(each.deviceCount),
            each.lastContactAt ?? 'never',
          ]),
        ),
      );
    });

  server
    .command('test <id>')
    .description('connect to one and ask it')
    .action(async (id: string) => {
      const test = await bodyOf(api().POST('/api/v1/admin/servers/{id}/test', { params: { path: { id } } }));
      print(`${JSON.stringify(test, null, 2)}\n`);
    });

  for (const [action, what] of [
    ['drain', 'place no new devices on one'],
    ['disable', 'take all peers off one and place no new devices on it'],
    ['enable', 'put a drained or disabled one back into service'],
  ] as const) {
    server
      .command(`${action} <id>`)
      .description(what)
      .action(async (id: string) => {
        const changed = await bodyOf(
          api().POST(`/api/v1/admin/servers/{id}/${action}`, { params: { path: { id } } }),
        );
        say(`${changed.name} is ${changed.state}`);
      });
  }

  server
    .command('set <id>')
    .description('change one while it is in use')
    .option('--name <name>')
    .option('--weight <number>', 'how many devices it gets, beside the others of its region; 0: none', Number)
    .option('--endpoint <address>', 'IP address that devices connect to, from their next configuration on')
    .option('--endpoint-port <port>', 'UDP port that they connect to', Number)
    .option('--endpoint6 <address>', 'a second, IPv6 address; "none" takes it away')
    .action(async (id: string, flags: SetFlags) => {
      const body = {
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...(flags.weight === undefined ? {} : { weight: flags.weight }),
        ...(flags.endpoint === undefined ? {} : { endpointHost: flags.endpoint }),
        ...(flags.endpointPort === undefined ? {} : { endpointPort: flags.endpointPort }),
        ...(flags.endpoint6 === undefined
          ? {}
          : { endpointHost6: flags.endpoint6 === 'none' ? null : flags.endpoint6 }),
      };
      const changed = await bodyOf(
        api().PATCH('/api/v1/admin/servers/{id}', { params: { path: { id } }, body }),
      );
      say(`${changed.name} is changed`);
    });

  server
    .command('evacuate <id>')
    .description('drain one and move its devices to others; waits until that is done')
    .option('--region <region>', 'where they go; default: its own')
    .option('--no-wait', 'do not wait')
    .action(async (id: string, flags: { region?: string; wait: boolean }) => {
      const path = { id };
      let evacuation = await bodyOf(
        api().POST('/api/v1/admin/servers/{id}/evacuate', {
          params: { path },
          body: flags.region === undefined ? {} : { region: flags.region },
        }),
      );
      while (flags.wait && evacuation.finishedAt === null) {
        await sleep(EVACUATION_LOOK_MS);
        evacuation = await bodyOf(api().GET('/api/v1/admin/servers/{id}/evacuation', { params: { path } }));
        say(`${evacuation.moved} of ${evacuation.total} moved`);
      }
      if (evacuation.failed > 0) {
        throw new Failure(`${evacuation.failed} devices stay: ${evacuation.reason ?? 'no reason was given'}`);
      }
    });

  server
    .command('remove <id>')
    .description('remove one; refused while it has devices')
    .option('--devices', 'remove its devices first')
    .option(
      '--force',
      'do not wait until it has acknowledged that: only for a machine that serves nobody any more',
    )
    .action(async (id: string, flags: { devices?: true; force?: true }) => {
      const query = {
        devices: flags.devices ? 'remove' : 'refuse',
        force: flags.force ? 'true' : 'false',
      } as const;
      const { response } = await api().DELETE('/api/v1/admin/servers/{id}', {
        params: { path: { id }, query },
      });
      say(
        response.status === 204 ? 'removed' : 'removing: it goes when it has acknowledged the last removal',
      );
    });
}
