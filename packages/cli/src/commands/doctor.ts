import { bodyOf } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { renderTable } from '../table.ts';

/** `cvault doctor` */
export function doctorCommand(program: Command, { api, say, print }: Context): void {
  program
    .command('doctor')
    .description(
      'compare everything that must agree; fails where something does not. Lists what agents mended in the last 24 hours',
    )
    .option('--deep', 'with every VPN server’s interface')
    .action(async (flags: { deep?: true }) => {
      const examination = await bodyOf(
        api().GET('/api/v1/admin/doctor', { params: { query: { deep: flags.deep ? 'true' : 'false' } } }),
      );
      const { findings, unreachable, interfacesExamined, repairs } = examination;
      if (findings.length > 0) {
        print(
          renderTable(
            ['BREACH', 'VPN SERVER', 'TENANT', 'SUBJECT', 'DETAIL'],
            findings.map(({ breach, serverId, tenantId, subject, detail }) => [
              breach,
              serverId ?? '-',
              tenantId ?? '-',
              subject,
              detail,
            ]),
          ),
        );
      }
      if (repairs.length > 0) {
        print(
          renderTable(
            ['MENDED', 'VPN SERVER', 'AT', 'DETAIL'],
            repairs.map(({ code, serverName, at, detail }) => [code, serverName, at, detail]),
          ),
        );
      }
      for (const id of unreachable)
        say(`VPN server ${id} could not be reached, nothing is known of its interface`);
      if (!examination.healthy) {
        throw new Failure(`${findings.length} findings, ${unreachable.length} VPN servers not reached`);
      }
      say(
        interfacesExamined === null
          ? 'the database agrees with itself; --deep looks at the interfaces, too'
          : `the database agrees with itself and with ${interfacesExamined === 1 ? 'one interface' : `${interfacesExamined} interfaces`}`,
      );
    });
}
