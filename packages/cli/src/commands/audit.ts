import { bodyOf } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { tenantIdOf } from '../find-tenant.ts';
import { Failure } from '../failure.ts';
import { renderTable } from '../table.ts';

/** `cvault audit` */
export function auditCommands(program: Command, { api, print }: Context): void {
  program
    .command('audit')
    .description('the audit log')
    .command('verify')
    .description('whether it is as it was written; fails where it is not')
    .option('--tenant <tenant>', 'the chain of one tenant')
    .action(async ({ tenant }: { tenant?: string }) => {
      const { intact, chains } = await bodyOf(
        api().GET('/api/v1/admin/audit/verification', {
          params: {
            query: tenant === undefined ? {} : { tenantId: await tenantIdOf(api(), tenant) },
          },
        }),
      );
      print(
        renderTable(
          ['CHAIN', 'ROWS', 'LAST HASH', 'BROKEN AT'],
          chains.map(({ chain, rows, hash, broken }) => [
            chain,
            String(rows),
            hash,
            broken === null ? '-' : `place ${broken.place}: ${broken.fault}`,
          ]),
        ),
      );
      if (!intact) throw new Failure('the audit log is not as it was written');
    });
}
