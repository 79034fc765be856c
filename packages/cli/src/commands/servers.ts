import { setTimeout as sleep } from 'node:timers/promises';
import { bodyOf } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { findServer } from '../find-server.ts';
import { wholeNumber } from '../options.ts';
import { renderTable } from '../table.ts';
import { installationCommands } from './server-installation.ts';

const EVACUATION_LOOK_MS = 1_000;
const WEIGHT_MAX = 10_000;

interface SetFlags {
  name?: string;
  weight?: number;
  endpoint?: string;
  endpointPort?: number;
  endpoint6?: string;
}

/** `cvault server …`; each command accepts a VPN server's name or id. */
export function serverCommands(program: Command, context: Context): void {
  const { api, say, print, confirm } = context;
  const server = program.command('server').description('VPN servers');
  const idOf = async (nameOrId: string) => (await findServer(api(), nameOrId)).server.id;

  installationCommands(server, context);

  server
    .command('list')
    .description('list them')
    .action(async () => {
      const { servers, latestAgentVersion } = await bodyOf(api().GET('/api/v1/admin/servers'));
      print(
        renderTable(
          ['ID', 'NAME', 'REGION', 'STATE', 'CONDITION', 'ENDPOINT', 'DEVICES', 'AGENT', 'LAST CONTACT'],
          servers.map((each) => [
            each.id,
            each.name,
            each.region,
            each.state,
            each.condition ?? '-',
            `${each.endpointHost}:${each.endpointPort}`,
            String(each.deviceCount),
            each.agentVersion ?? '-',
            each.lastContactAt ?? 'never',
          ]),
        ),
      );
      for (const { name, reasons } of servers) {
        for (const { code, detail, since } of reasons) {
          say(`${name}: ${code}${since === null ? '' : ` since ${since}`}: ${detail}`);
        }
      }
      const behind = servers.filter(
        ({ ssh, agentVersion }) =>
          ssh !== null && agentVersion !== null && agentVersion !== latestAgentVersion,
      ).length;
      if (behind > 0) {
        say(`${behind} without agent ${latestAgentVersion}: cvault server upgrade --all brings it`);
      }
    });

  server
    .command('test <server>')
    .description('connect to one and ask it')
    .action(async (nameOrId: string) => {
      const path = { id: await idOf(nameOrId) };
      const test = await bodyOf(api().POST('/api/v1/admin/servers/{id}/test', { params: { path } }));
      print(`${JSON.stringify(test, null, 2)}\n`);
    });

  async function change(action: 'drain' | 'disable' | 'enable', id: string): Promise<void> {
    const path = { id };
    const changed = await bodyOf(api().POST(`/api/v1/admin/servers/{id}/${action}`, { params: { path } }));
    say(`${changed.name} is ${changed.state}`);
  }

  server
    .command('drain <server>')
    .description('place no new devices on one')
    .action(async (nameOrId: string) => change('drain', await idOf(nameOrId)));

  server
    .command('enable <server>')
    .description('put a drained or disabled one back into service')
    .action(async (nameOrId: string) => change('enable', await idOf(nameOrId)));

  server
    .command('disable <server>')
    .description('take all peers off one and place no new devices on it')
    .option('--yes', 'do not ask')
    .action(async (nameOrId: string, flags: { yes?: true }) => {
      const { id, name, deviceCount } = (await findServer(api(), nameOrId)).server;
      await confirm(
        `This cuts off the ${deviceCount} devices of the VPN server ${name} until it is enabled again.`,
        flags.yes,
      );
      await change('disable', id);
    });

  server
    .command('set <server>')
    .description('change one while it is in use')
    .option('--name <name>')
    .option(
      '--weight <number>',
      'how many devices it gets, beside the others of its region; 0: none',
      wholeNumber(0, WEIGHT_MAX),
    )
    .option('--endpoint <address>', 'IP address that devices connect to, from their next configuration on')
    .option('--endpoint-port <port>', 'UDP port that they connect to', wholeNumber(1, 65_535))
    .option('--endpoint6 <address>', 'a second, IPv6 address; "none" takes it away')
    .action(async (nameOrId: string, flags: SetFlags) => {
      const body = {
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...(flags.weight === undefined ? {} : { weight: flags.weight }),
        ...(flags.endpoint === undefined ? {} : { endpointHost: flags.endpoint }),
        ...(flags.endpointPort === undefined ? {} : { endpointPort: flags.endpointPort }),
        ...(flags.endpoint6 === undefined
          ? {}
          : { endpointHost6: flags.endpoint6 === 'none' ? null : flags.endpoint6 }),
      };
      const path = { id: await idOf(nameOrId) };
      const changed = await bodyOf(api().PATCH('/api/v1/admin/servers/{id}', { params: { path }, body }));
      say(`${changed.name} is changed`);
    });

  server
    .command('evacuate <server>')
    .description('drain one and move its devices to others; waits until that is done')
    .option('--region <region>', 'where they go; default: its own')
    .option('--no-wait', 'do not wait')
    .option('--yes', 'do not ask')
    .action(async (nameOrId: string, flags: { region?: string; wait: boolean; yes?: true }) => {
      const { id, name, deviceCount } = (await findServer(api(), nameOrId)).server;
      await confirm(
        `This moves the ${deviceCount} devices of the VPN server ${name} to others. Each is cut off until it has its new configuration.`,
        flags.yes,
      );
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
      const { moved, failed, reason } = evacuation;
      if (failed > 0) {
        throw new Failure(`${failed} devices stay: ${reason ?? 'no reason was given'}`, {
          exitCode: moved > 0 ? EXIT.partlyDone : EXIT.failed,
        });
      }
    });

  server
    .command('remove <server>')
    .description('remove one; refused while it has devices')
    .option('--devices', 'remove its devices first')
    .option(
      '--force',
      'do not wait until it has acknowledged that: only for a machine that serves nobody any more',
    )
    .option('--yes', 'do not ask')
    .action(async (nameOrId: string, flags: { devices?: true; force?: true; yes?: true }) => {
      const { id, name, deviceCount } = (await findServer(api(), nameOrId)).server;
      if (deviceCount > 0 && !flags.devices) {
        throw new Failure(
          `${name} has ${deviceCount} devices. Move them first (cvault server evacuate), or repeat with --devices, which deletes them.`,
          { exitCode: EXIT.conflict },
        );
      }
      await confirm(
        `This removes the VPN server ${name} for good, with its ${deviceCount} devices.`,
        flags.yes,
      );
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
