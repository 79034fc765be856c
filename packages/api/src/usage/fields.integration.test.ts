/** The privacy policy (docs/operations/metering.md) limits what these tables may know about people. */
import { expect } from 'vitest';
import { test } from '../testing/test-with-database.ts';

const FIELDS: Readonly<Record<string, string>> = {
  sessions:
    'id tenant_id user_id device_id server_id state opened_by connected_at closed_at closed_reason upload_bytes download_bytes',
  meter_passes: 'server_id due_at epoch pass stored_pass life',
  meter_readings:
    'tenant_id user_id device_id server_id life received_bytes sent_bytes received_added sent_added read_at',
  usage_metrics: 'tenant_id user_id device_id server_id span starts_at upload_bytes download_bytes',
  usage_periods: 'tenant_id subject_id starts_at used_bytes added_bytes cut_limit_bytes grants',
  usage_warnings: 'tenant_id subject_id starts_at percent limit_bytes used_bytes created_at',
};

test.for(Object.entries(FIELDS))(
  '%s has exactly the listed fields',
  async ([table, fields], { database }) => {
    const { rows } = await database.pool.query<{ column_name: string }>(
      'SELECT column_name FROM information_schema.columns WHERE table_name = $1',
      [table],
    );
    expect(rows.map((row) => row.column_name).sort()).toEqual(fields.split(' ').sort());
  },
);

test('no column can hold a device’s location', async ({ database }) => {
  const { rows } = await database.pool.query(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND (column_name ~ '(client|remote|peer|source)_?(ip|address|host|endpoint)' OR column_name ~ 'last_endpoint')`,
  );
  expect(rows).toEqual([]);
});
