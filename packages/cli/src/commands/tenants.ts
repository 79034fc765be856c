import { bodyOf } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { listTenants, tenantIdOf } from '../find-tenant.ts';
import { renderTable } from '../table.ts';

/** `cvault tenant …`; each takes a tenant by its name or its id. */
export function tenantCommands(program: Command, { api, say, print, confirm }: Context): void {
  const tenant = program.command('tenant').description('tenants');

  tenant
    .command('create <name>')
    .description('create one; prints its id')
    .action(async (name: string) => {
      const { id } = await bodyOf(api().POST('/api/v1/admin/tenants', { body: { name } }));
      print(`${id}\n`);
    });

  tenant
    .command('list')
    .description('list all of them, oldest first')
    .action(async () => {
      const tenants = await listTenants(api());
      print(
        renderTable(
          ['ID', 'NAME', 'STATE', 'DEVICES'],
          tenants.map((each) => [
            each.id,
            each.name,
            each.state,
            `${each.deviceCount} of ${each.deviceLimit}`,
          ]),
        ),
      );
    });

  async function change(action: 'suspend' | 'resume', id: string): Promise<void> {
    const path = { id };
    const changed = await bodyOf(api().POST(`/api/v1/admin/tenants/{id}/${action}`, { params: { path } }));
    say(`${changed.name} is ${changed.state}`);
  }

  tenant
    .command('suspend <tenant>')
    .description('stop its API and all of its tunnels')
    .option('--yes', 'do not ask')
    .action(async (nameOrId: string, flags: { yes?: true }) => {
      const id = await tenantIdOf(api(), nameOrId);
      const path = { id };
      const { name, deviceCount } = await bodyOf(
        api().GET('/api/v1/admin/tenants/{id}', { params: { path } }),
      );
      await confirm(
        `This stops the API of the tenant ${name} and cuts off its ${deviceCount} devices until it is resumed.`,
        flags.yes,
      );
      await change('suspend', id);
    });

  tenant
    .command('resume <tenant>')
    .description('bring back what suspending stopped')
    .action(async (nameOrId: string) => change('resume', await tenantIdOf(api(), nameOrId)));

  tenant
    .command('delete <tenant>')
    .description('delete one with everything that is its own; its peers go first')
    .option('--yes', 'do not ask')
    .action(async (nameOrId: string, flags: { yes?: true }) => {
      const id = await tenantIdOf(api(), nameOrId);
      const path = { id };
      const { name, deviceCount } = await bodyOf(
        api().GET('/api/v1/admin/tenants/{id}', { params: { path } }),
      );
      await confirm(
        `This deletes the tenant ${name} for good, with its keys, all of its users and their ${deviceCount} devices.`,
        flags.yes,
      );
      const { response } = await api().DELETE('/api/v1/admin/tenants/{id}', { params: { path } });
      say(
        response.status === 204 ? 'deleted' : 'deleting: it goes when every VPN server has removed its peers',
      );
    });
}
