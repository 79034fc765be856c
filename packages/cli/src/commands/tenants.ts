import { bodyOf, type components } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { renderTable } from '../table.ts';

/** `cvault tenant …` and `cvault key …` */
export function tenantCommands(program: Command, { api, say, print }: Context): void {
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
    .description('list them')
    .action(async () => {
      const { tenants } = await bodyOf(api().GET('/api/v1/admin/tenants'));
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

  for (const [action, what] of [
    ['suspend', 'stop its API and all of its tunnels'],
    ['resume', 'bring back what suspending stopped'],
  ] as const) {
    tenant
      .command(`${action} <id>`)
      .description(what)
      .action(async (id: string) => {
        const changed = await bodyOf(
          api().POST(`/api/v1/admin/tenants/{id}/${action}`, { params: { path: { id } } }),
        );
        say(`${changed.name} is ${changed.state}`);
      });
  }

  tenant
    .command('delete <id>')
    .description('delete one with everything that is its own; its peers go first')
    .action(async (id: string) => {
      const { response } = await api().DELETE('/api/v1/admin/tenants/{id}', { params: { path: { id } } });
      say(
        response.status === 204 ? 'deleted' : 'deleting: it goes when every VPN server has removed its peers',
      );
    });

  const key = program.command('key').description('API keys of a tenant');

  key
    .command('create <tenant> <name>')
    .description('create one; prints it, this once')
    .option('--test', 'for simulated VPN servers')
    .option('--scope <scope...>', 'what it may do; `app` is what is shipped inside an app', ['app'])
    .action(
      async (id: string, name: string, flags: { test?: true; scope: components['schemas']['Scope'][] }) => {
        const { key: secret } = await bodyOf(
          api().POST('/api/v1/admin/tenants/{id}/api-keys', {
            params: { path: { id } },
            body: { name, mode: flags.test ? 'test' : 'live', scopes: flags.scope },
          }),
        );
        print(`${secret}\n`);
      },
    );

  key
    .command('list <tenant>')
    .description('list them')
    .action(async (id: string) => {
      const { apiKeys } = await bodyOf(
        api().GET('/api/v1/admin/tenants/{id}/api-keys', { params: { path: { id } } }),
      );
      print(
        renderTable(
          ['ID', 'NAME', 'KEY', 'CREATED', 'REVOKED'],
          apiKeys.map((each) => [
            each.id,
            each.name,
            `${each.prefix}…`,
            each.createdAt,
            each.revokedAt ?? '',
          ]),
        ),
      );
    });

  key
    .command('revoke <tenant> <id>')
    .description('revoke one, at once')
    .action(async (id: string, keyId: string) => {
      await api().DELETE('/api/v1/admin/tenants/{id}/api-keys/{keyId}', { params: { path: { id, keyId } } });
      say('revoked');
    });
}
