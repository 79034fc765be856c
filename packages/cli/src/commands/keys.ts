import { bodyOf, type components } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { tenantIdOf } from '../find-tenant.ts';
import { collectList } from '../options.ts';
import { renderTable } from '../table.ts';

interface CreateFlags {
  test?: true;
  scope?: string[];
}

/** `cvault key …` */
export function keyCommands(program: Command, { api, say, print, confirm }: Context): void {
  const key = program.command('key').description('API keys of a tenant');

  const listKeys = async (id: string) =>
    (await bodyOf(api().GET('/api/v1/admin/tenants/{id}/api-keys', { params: { path: { id } } }))).apiKeys;

  key
    .command('create <tenant> <name>')
    .description('create one; prints it, this once')
    .option('--test', 'for simulated VPN servers')
    .option(
      '--scope <scopes>',
      'what it may do, with commas between them, or given again; default: everything. `app` alone is for a key that is ' +
        'shipped inside an app',
      collectList,
    )
    .action(async (tenant: string, name: string, flags: CreateFlags) => {
      const id = await tenantIdOf(api(), tenant);
      const { key: secret } = await bodyOf(
        api().POST('/api/v1/admin/tenants/{id}/api-keys', {
          params: { path: { id } },
          body: {
            name,
            mode: flags.test ? 'test' : 'live',
            // The API refuses unknown scopes with a clear message.
            ...(flags.scope === undefined ? {} : { scopes: flags.scope as components['schemas']['Scope'][] }),
          },
        }),
      );
      print(`${secret}\n`);
    });

  key
    .command('list <tenant>')
    .description('list them')
    .action(async (tenant: string) => {
      const id = await tenantIdOf(api(), tenant);
      print(
        renderTable(
          ['ID', 'NAME', 'KEY', 'SCOPES', 'CREATED', 'REVOKED'],
          (await listKeys(id)).map((each) => [
            each.id,
            each.name,
            `${each.prefix}…`,
            each.scopes?.join(',') ?? 'all',
            each.createdAt,
            each.revokedAt ?? '',
          ]),
        ),
      );
    });

  key
    .command('revoke <tenant> <id>')
    .description('revoke one, at once')
    .option('--yes', 'do not ask')
    .action(async (tenant: string, keyId: string, flags: { yes?: true }) => {
      const id = await tenantIdOf(api(), tenant);
      const found = (await listKeys(id)).find((each) => each.id === keyId.toLowerCase());
      if (found === undefined) {
        throw new Failure(
          `the tenant has no API key ${keyId}; cvault key list ${tenant} shows those that it has`,
          {
            exitCode: EXIT.notFound,
          },
        );
      }
      const { name, prefix, lastUsedAt } = found;
      const use = lastUsedAt === null ? 'It was never used.' : `It was used last at ${lastUsedAt}.`;
      await confirm(
        `This ends the API key ${name} (${prefix}…) for good: whatever has it is refused from now on. ${use}`,
        flags.yes,
      );
      await api().DELETE('/api/v1/admin/tenants/{id}/api-keys/{keyId}', { params: { path: { id, keyId } } });
      say('revoked');
    });
}
