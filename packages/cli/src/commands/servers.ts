import { bodyOf } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { renderTable } from '../table.ts';
import { addServer, type AddServerOptions } from './add-server.ts';

interface AddFlags {
  region: string;
  name?: string;
  endpoint?: string;
  endpointPort: number;
  pool?: string;
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
    ['disable', 'place no new devices on one'],
    ['enable', 'place devices on a disabled one again'],
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
