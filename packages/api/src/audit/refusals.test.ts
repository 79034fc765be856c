import { expect, test } from 'vitest';
import type { Refusal } from '../platform/audit-context/context.ts';
import { createRefusals } from './refusals.ts';

const refusal = (n: number, reason = 'invalid_api_key') => ({
  tenantId: null,
  act: 'request.refused',
  reason,
  actor: { kind: 'user', id: `user-${n}` },
  requestId: 'request',
});

async function written(note: (refusals: ReturnType<typeof createRefusals>) => void): Promise<Refusal[]> {
  const rows: Refusal[] = [];
  const refusals = createRefusals({
    append: (more) => {
      rows.push(...more);
      return Promise.resolve();
    },
  });
  note(refusals);
  await refusals.write();
  await refusals.write();
  return rows;
}

test('repeated refusals give one row with their number', async () => {
  const rows = await written((refusals) => {
    for (let n = 0; n < 1_000; n++) refusals.note(refusal(1));
  });
  expect(rows).toMatchObject([{ reason: 'invalid_api_key', count: 1_000 }]);
});

test('any number of callers gives a bounded number of rows, and everything is counted', async () => {
  const rows = await written((refusals) => {
    for (let n = 0; n < 5_000; n++) refusals.note(refusal(n));
  });
  expect(rows.length).toBe(501);
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(5_000);
});
