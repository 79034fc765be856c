import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundleAgent } from '../bundle.mjs';
import {
  connectControlPlane,
  createNetworkLab,
  randomPublicKey,
  whyNoNetworkLab,
  type Namespace,
  type NetworkLab,
  type RunningProcess,
  type TestControlPlane,
  type WireGuardInterface,
} from './testing/index.ts';

const missing = process.env['CI'] === 'true' ? undefined : await whyNoNetworkLab();

describe.skipIf(missing !== undefined)(
  `the bundled agent${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let lab: NetworkLab;
    let namespace: Namespace;
    let folder: string;
    let bundle: string;
    let wg: WireGuardInterface;
    let socketPath: string;

    beforeAll(async () => {
      lab = await createNetworkLab();
      namespace = await lab.namespace('server');
      // Far from any node_modules, and readable for the user that one of the tests becomes.
      folder = await mkdtemp(join(tmpdir(), 'agent-'));
      await chmod(folder, 0o755);
      bundle = await bundleAgent({ outfile: join(folder, 'agent.mjs') });
    });

    afterAll(async () => {
      await lab.destroy();
      await rm(folder, { recursive: true });
    });

    beforeEach(async () => {
      wg = await lab.wireGuard(namespace, { addresses: ['10.8.0.1/24', 'fd00:8::1/64'] });
      socketPath = join(folder, `${wg.interfaceName}.sock`);
    });

    function start(...args: string[]): RunningProcess & { words(): string; exited: Promise<number | null> } {
      return startWith([], ...args);
    }

    function startWith(wrapper: string[], ...args: string[]) {
      const [tool = process.execPath, ...rest] = [...wrapper, process.execPath, bundle, ...args];
      const running = namespace.start(tool, rest);
      let words = '';
      running.child.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()));
      const exited = once(running.child, 'exit').then(([code]) => code as number | null);
      return { ...running, words: () => words, exited };
    }

    async function serve(wrapper: string[] = []) {
      const running = startWith(wrapper, 'serve', '--interface', wg.interfaceName, '--socket', socketPath);
      const { stderr } = running.child;
      if (stderr === null) throw new Error('no standard error');
      while (!running.words().includes('serves interface')) await once(stderr, 'data');
      return running;
    }

    async function talk(running: RunningProcess): Promise<TestControlPlane> {
      const { stdin, stdout } = running.child;
      if (stdin === null || stdout === null) throw new Error('no standard input or output');
      return connectControlPlane(stdout, stdin);
    }

    function setOp(host: number) {
      return {
        verb: 'set' as const,
        deviceId: randomUUID(),
        generation: 1,
        publicKey: randomPublicKey(),
        addresses: [`10.8.0.${host}`],
      };
    }

    async function shownPeers(): Promise<string> {
      return namespace.run('wg', ['show', wg.interfaceName, 'allowed-ips']);
    }

    test('runs alone', async () => {
      expect(await namespace.run(process.execPath, [bundle, '--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);
    });

    test('ends with status 2 and the usage when it is called wrongly', async () => {
      const running = start('serve', '--interface', wg.interfaceName);
      expect(await running.exited).toBe(2);
      expect(running.words()).toMatch(/--socket is missing[^]*usage:/);
    });

    test('ends with status 1 when there is no such interface', async () => {
      const running = start('stdio', '--interface', 'nosuchwg');
      expect(await running.exited).toBe(1);
      expect(running.words()).toContain('nosuchwg');
    });

    test.each([
      ['on a machine of its own', []],
      ['in a container', ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']],
    ])(
      'takes what it changes itself for its own, %s',
      async (_where, wrapper) => {
        const running = await serve(wrapper);
        const plane = await talk(
          namespace.start(process.execPath, [bundle, 'relay', '--socket', socketPath]),
        );
        for (let host = 2; host < 42; host++) {
          const limits = { budgets: [{ id: 'a'.repeat(32), bytes: 1_000_000 }] };
          expect(await plane.apply({ ...setOp(host), limits })).toEqual([{ outcome: 'applied' }]);
        }
        // A change by another process ends the agent's epoch, and the agent restarts.
        await namespace.run('nft', ['flush', 'map', 'inet', `cvault_${wg.interfaceName}`, 'data4']);
        expect(await running.exited).toBe(1);
        expect(running.words()).toContain('Somebody changed counters or limits');
      },
      60_000,
    );

    test('stdio serves until its input ends, and leaves tunnels and rules as they are', async () => {
      const running = start('stdio', '--interface', wg.interfaceName);
      const plane = await talk(running);
      expect(plane.hello).toMatchObject({ interface: wg.interfaceName, publicKey: wg.publicKey });
      const op = setOp(2);
      expect(await plane.apply(op)).toEqual([{ outcome: 'applied' }]);
      expect(await shownPeers()).toBe(`${op.publicKey}\t10.8.0.2/32\n`);
      running.child.stdin?.end();
      expect(await running.exited).toBe(0);
      expect(await shownPeers()).toBe(`${op.publicKey}\t10.8.0.2/32\n`);
      expect(await namespace.run('nft', ['list', 'tables'])).toContain(`cvault_${wg.interfaceName}`);
      expect(running.words()).not.toContain(op.publicKey);
      expect(running.words()).not.toContain('10.8.0.2');
    });

    test('serve keeps one fence for all who come over relay', async () => {
      const server = await serve();
      expect((await stat(socketPath)).mode & 0o777).toBe(0o660);
      const canary = join(folder, 'canary');
      const relays = [
        start('relay', '--socket', socketPath),
        startWith(['env', `SSH_ORIGINAL_COMMAND=touch ${canary}`], 'relay', '--socket', socketPath),
      ] as const;
      const planes = [await talk(relays[0]), await talk(relays[1])] as const;
      expect(planes[0].hello.epoch).toBe(planes[1].hello.epoch);
      const op = setOp(2);
      await planes[0].apply({ ...op, generation: 2 });
      expect((await planes[1].apply(op, setOp(2))).map((result) => result.outcome)).toEqual([
        'stale',
        'conflict',
      ]);
      await expect(stat(canary)).rejects.toThrow('ENOENT');

      relays[0].child.stdin?.end();
      expect(await relays[0].exited).toBe(0);
      expect((await planes[1].request({ type: 'status' })).type).toBe('status');

      server.child.kill('SIGTERM');
      expect(await server.exited).toBe(0);
      expect(await relays[1].exited).toBe(0);
      await expect(stat(socketPath)).rejects.toThrow('ENOENT');
      expect(await shownPeers()).toContain(op.publicKey);
    });

    test('serve refuses the socket of a living agent and takes over that of a dead one', async () => {
      const first = await serve();
      const refused = start('serve', '--interface', wg.interfaceName, '--socket', socketPath);
      expect(await refused.exited).toBe(1);
      expect(refused.words()).toContain('another agent answers');
      const before = await talk(start('relay', '--socket', socketPath));
      const op = setOp(2);
      await before.apply(op);
      await first.stop('SIGKILL');

      await serve();
      const after = await talk(start('relay', '--socket', socketPath));
      expect(after.hello.epoch).not.toBe(before.hello.epoch);
      expect(after.hello.peerCount).toBe(1);
      expect(await after.list()).toEqual([
        { publicKey: op.publicKey, allowedIps: ['10.8.0.2/32'], owner: null },
      ]);
      const answer = await after.request({ type: 'apply', epoch: before.hello.epoch, ops: [setOp(3)] });
      expect(answer).toMatchObject({ type: 'refused', code: 'wrong_epoch' });
    });

    test('relay fails where no agent answers', async () => {
      const running = start('relay', '--socket', join(folder, 'none.sock'));
      expect(await running.exited).toBe(1);
      expect(running.words()).toContain('no agent answers');
    });

    test.each([
      ['is deleted', 'interface_lost', /agent stops: interface \S+ is gone/, () => wg.remove()],
      [
        'gets another key',
        'private_key_changed',
        /agent stops: interface \S+ has another key/,
        async () => {
          const key = join(folder, 'key');
          const makeKey = 'umask 077; wg genkey >"$0" && wg set "$1" private-key "$0"';
          await namespace.run('sh', ['-c', makeKey, key, wg.interfaceName]);
        },
      ],
    ])(
      'serve ends when the interface %s, and says why to its control planes',
      async (_how, code, words, lose) => {
        const server = await serve();
        const relay = start('relay', '--socket', socketPath);
        const plane = await talk(relay);
        expect(await plane.request({ type: 'watch', fresh: false })).toMatchObject({
          type: 'watching',
          mended: [],
        });
        await lose();
        const { mended } = await plane.notice();
        expect(mended.map((mend) => mend.code)).toEqual([code]);
        expect(await server.exited).toBe(1);
        expect(server.words()).toMatch(words);
        expect(await relay.exited).toBe(0);
      },
      60_000,
    );

    test('needs no right but CAP_NET_ADMIN', async () => {
      const [nobody, nogroup] = [65534, 65534];
      // The kernel's WireGuard needs only this capability. wireguard-go also needs its socket, which belongs to
      // root.
      const userspace = await stat(`/var/run/wireguard/${wg.interfaceName}.sock`).then(
        () => true,
        () => false,
      );
      const rights = userspace ? '-all,+net_admin,+dac_override' : '-all,+net_admin';
      const home = join(folder, 'run');
      socketPath = join(home, 'agent.sock');
      await namespace.run('install', ['-d', '-o', String(nobody), '-g', String(nogroup), home]);
      const server = await serve([
        ...['setpriv', `--reuid=${nobody}`, `--regid=${nogroup}`, '--clear-groups', '--no-new-privs'],
        ...[`--bounding-set=${rights}`, `--inh-caps=${rights}`, `--ambient-caps=${rights}`],
      ]);
      const status = await namespace.run('cat', [`/proc/${server.child.pid ?? 0}/status`]);
      expect(status).toMatch(/^Uid:\s65534\s65534/m);
      expect(status).toMatch(userspace ? /^CapEff:\s0000000000001002$/m : /^CapEff:\s0000000000001000$/m);
      const plane = await talk(start('relay', '--socket', socketPath));
      const op = setOp(2);
      const remove = { verb: 'remove' as const, deviceId: op.deviceId, generation: 2 };
      const results = [...(await plane.apply(op, setOp(3))), ...(await plane.apply(remove))];
      expect(results.map((result) => result.outcome)).toEqual(['applied', 'applied', 'applied']);
      expect(await plane.list()).toHaveLength(1);
    });
  },
);
