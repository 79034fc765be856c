import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createConfirm } from './confirm.ts';

const WHAT = 'This deletes 3 devices.';

function terminal(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = Object.assign(new PassThrough(), { isTTY });
  return { input, output, confirm: createConfirm({ input, output }) };
}

test.each(['y\n', 'Y\n', 'yes\n', ' yes \n'])('%j goes on', async (answer) => {
  const { input, output, confirm } = terminal(true);
  const asked = confirm(WHAT, undefined);
  input.write(answer);
  await asked;
  expect((output.read() as Buffer).toString()).toContain(WHAT);
});

test.each(['n\n', '\n', 'yeah no\n', '--yes\n'])('%j does not', async (answer) => {
  const { input, confirm } = terminal(true);
  const asked = confirm(WHAT, undefined);
  input.write(answer);
  await expect(asked).rejects.toMatchObject({ name: 'Failure', message: 'nothing was changed', exitCode: 1 });
});

test('without a terminal it refuses, names what would be destroyed, and mentions --yes', async () => {
  const refused = terminal(false).confirm(WHAT, undefined);
  await expect(refused).rejects.toMatchObject({ name: 'Failure', exitCode: 2 });
  await expect(refused).rejects.toThrow(/This deletes 3 devices\..*--yes/);
});

test('with --yes it does not ask', async () => {
  for (const isTTY of [true, false]) {
    const { output, confirm } = terminal(isTTY);
    await confirm(WHAT, true);
    expect(output.read()).toBeNull();
  }
});
