/**
 * `npm run bench -- revocation`: how long a deleted device's packets still pass through a real tunnel, and when the
 * caller gets the answer.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { createUser, must, registerDevice, type TestUser } from '../e2e/harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../e2e/harness/control-plane.ts';
import { type SshVpnServer, startSshVpnServer } from '../e2e/harness/platform.ts';
import { until } from '../e2e/harness/until.ts';
import { startWireGuardClient, type WireGuardClient } from '../e2e/harness/wireguard-client.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../packages/api/src/platform/db/embedded.ts';
import { migrate } from '../packages/api/src/platform/db/migrate.ts';
import { table } from './measure.ts';

const REVOCATIONS = Number(process.env['BENCH_REVOCATIONS'] ?? 100);
/** Seconds between pings, which is the precision of the last packet's time. */
const EVERY = '0.002';

const secrets = makeSecrets();
let folder: string;
let postgres: EmbeddedPostgres;
let plane: ControlPlane;
let vpn: SshVpnServer;
let alice: TestUser;
let phone: WireGuardClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-bench-'));
  postgres = await startEmbeddedPostgres(folder);
  await migrate(postgres.url.reveal());
  // A tenant may have 50 resting addresses, and each revocation adds one.
  plane = await startControlPlane(postgres.url.reveal(), secrets, { CVAULT_QUARANTINE_SECONDS: '10' });
  vpn = await startSshVpnServer(plane, secrets, { poolCidr: '10.66.0.0/20', region: 'bench' });
  phone = await startWireGuardClient((await vpn.internet.addClient('phone')).namespace);
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'bench');
});
afterAll(async () => {
  await plane?.kill();
  await phone?.stop();
  await vpn?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Milliseconds from the call to its answer, and to the last reply through the tunnel. */
async function revoke(): Promise<{ answered: number; last: number }> {
  const device = await must(registerDevice(alice));
  await phone.up(device.config);
  await until('packets flow', () => phone.fetch(vpn.internet.echoUrl, 1_000));
  const { hostname } = new URL(vpn.internet.echoUrl);
  const pinging = phone.run(['ping', '-n', '-D', '-i', EVERY, '-w', '2', '-W', '1', hostname]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const called = Date.now();
  await must(alice.call('DELETE', `/api/v1/devices/${device.id}`));
  const answered = Date.now() - called;
  const replies = [...(await pinging).stdout.matchAll(/^\[(\d+\.\d+)\]/gm)].map(
    ([, time]) => Number(time) * 1_000,
  );
  await phone.down();
  if (replies.length === 0) throw new Error('no packet passed');
  return { answered, last: Math.max(0, replies.at(-1)! - called) };
}

test('revocation', { timeout: REVOCATIONS * 20_000 }, async () => {
  const measured: { answered: number; last: number }[] = [];
  for (let n = 0; n < REVOCATIONS; n++) measured.push(await revoke());
  const row = (what: string, of: (each: { answered: number; last: number }) => number, aim: string) => {
    const sorted = measured.map(of).sort((a, b) => a - b);
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(0);
    return [what, at(0.5), at(0.99), aim];
  };
  const rows = [
    row('to the answer', ({ answered }) => answered, ''),
    row('to the last packet', ({ last }) => last, 'p99 < 2000'),
  ];
  process.stdout.write(
    `\n${REVOCATIONS} revocations, a packet every ${EVERY} s\n${table(['from the call of DELETE', 'p50 ms', 'p99 ms', 'aim'], rows)}\n`,
  );
});
