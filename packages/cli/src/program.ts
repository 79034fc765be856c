import { CVaultProblem, CVaultUnreachable } from '@cvault/sdk';
import { Command } from 'commander';
import { auditCommands } from './commands/audit.ts';
import { doctorCommand } from './commands/doctor.ts';
import { masterKeyCommands } from './commands/master-key.ts';
import { serverCommands } from './commands/servers.ts';
import { tenantCommands } from './commands/tenants.ts';
import type { Context } from './context.ts';
import { Failure } from './failure.ts';

/** All of the operator's commands. Each is a few calls of the API; whatever it can do, so can any program. */
export function createProgram(context: Context): Command {
  const program = new Command('cvault')
    .description('operates CVault through its API')
    .addHelpText(
      'after',
      '\nIt finds the API by CVAULT_URL and CVAULT_ADMIN_KEY, else by a demo that runs in this folder.',
    );
  serverCommands(program, context);
  tenantCommands(program, context);
  doctorCommand(program, context);
  masterKeyCommands(program, context);
  auditCommands(program, context);
  return program;
}

/** An error in the words that the operator gets; null for one that is a fault of ours. */
export function explain(error: unknown): string | null {
  if (error instanceof CVaultProblem) {
    const fields = error.errors.map(({ pointer, message }) => `\n  ${pointer}: ${message}`);
    const request = error.requestId === undefined ? '' : ` (request ${error.requestId})`;
    return `${error.detail} [${error.code}]${request}${fields.join('')}`;
  }
  if (error instanceof CVaultUnreachable) return `${error.message}; is CVault running there?`;
  return error instanceof Failure ? error.message : null;
}
