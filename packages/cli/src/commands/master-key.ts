import { bodyOf } from '@cvault/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { renderTable } from '../table.ts';

interface State {
  readonly version: number;
  readonly done: boolean;
  readonly columns: readonly { table: string; column: string; total: number; current: number }[];
}

const leftIn = ({ columns }: State) => columns.reduce((sum, { total, current }) => sum + total - current, 0);

/** `cvault master-key …` */
export function masterKeyCommands(program: Command, { api, say, print }: Context): void {
  const masterKey = program.command('master-key').description('the key that seals secrets in the database');

  masterKey
    .command('status')
    .description('how much is sealed with the current one')
    .action(async () => {
      const state = await bodyOf(api().GET('/api/v1/admin/master-key'));
      print(
        renderTable(
          ['SEALED', 'CURRENT', 'TOTAL'],
          state.columns.map((each) => [
            `${each.table}.${each.column}`,
            String(each.current),
            String(each.total),
          ]),
        ),
      );
      say(
        state.done
          ? `all of it with version ${state.version}: retired keys are not needed any more`
          : `${leftIn(state)} not with version ${state.version}`,
      );
    });

  masterKey
    .command('rotate')
    .description('seal everything with the current one; waits until that is done')
    .action(async () => {
      let left = Infinity;
      for (;;) {
        const state: State = await bodyOf(api().POST('/api/v1/admin/master-key/rotate', {}));
        if (state.done) {
          say(`all of it is sealed with version ${state.version}: retired keys are not needed any more`);
          return;
        }
        const now = leftIn(state);
        if (now >= left) throw new Failure(`${now} cannot be opened with any key that CVault has`);
        left = now;
        say(`${left} left`);
      }
    });
}
