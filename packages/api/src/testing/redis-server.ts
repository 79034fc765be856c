import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../platform/crypto/secret.ts';

export interface TestRedis {
  readonly url: Secret<string>;
  /** Kills it, like a crash. */
  kill(): Promise<void>;
  /** Restarts it empty on the same port. */
  restart(): Promise<void>;
  /** Freezes it: connections stay open without answers. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Whether this machine has a Redis to test with. Required if CI is set. */
export const hasRedis = process.env['CI'] === 'true' || spawnSync('redis-server', ['--version']).status === 0;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A real redis-server on a free port, without persistence. */
export async function startTestRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'cvault-test-redis-'));
  const port = await freePort();
  let server: ChildProcess;
  const start = async () => {
    server = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let printed = '';
    for await (const chunk of server.stdout!) {
      printed += String(chunk);
      if (printed.includes('Ready to accept connections')) break;
    }
    server.stdout?.resume();
  };
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    url: new Secret(`redis://127.0.0.1:${port}`),
    kill,
    restart: start,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
