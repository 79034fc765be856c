import { Command } from 'commander';
import { auditCommands } from './commands/audit.ts';
import { doctorCommand } from './commands/doctor.ts';
import { keyCommands } from './commands/keys.ts';
import { masterKeyCommands } from './commands/master-key.ts';
import { serverCommands } from './commands/servers.ts';
import { tenantCommands } from './commands/tenants.ts';
import type { Context } from './context.ts';

/** All commands of the operator. Each makes a few API calls that any program could make. */
export function createProgram(context: Context): Command {
  const program = new Command('cvault')
    .description('operates CVault through its API')
    // Errors are thrown, so that main.ts decides the exit code; subcommands inherit this.
    .exitOverride()
    .addHelpText(
      'after',
      '\nIt finds the API by CVAULT_URL and CVAULT_ADMIN_KEY, else by a demo that runs in this folder.' +
        '\nIt ends with 0: done, 1: failed, 2: usage, 3: not found, 4: forbidden, 5: conflict, 6: rate limited,' +
        '\n7: unreachable, 8: partly done.',
    );
  serverCommands(program, context);
  tenantCommands(program, context);
  keyCommands(program, context);
  doctorCommand(program, context);
  masterKeyCommands(program, context);
  auditCommands(program, context);
  return program;
}
