import { fileURLToPath } from 'node:url';
import type { Namespace } from '@cvault/agent/testing';
import { startEnclosure } from './enclosure.ts';
import type { Ended, ProgramOptions } from './program.ts';

const BOOT = fileURLToPath(new URL('boot-client.sh', import.meta.url));
const FETCH = fileURLToPath(new URL('fetch.mjs', import.meta.url));
const INTERFACE = 'tun';
const CONFIG = `/run/client/${INTERFACE}.conf`;
const PATH = '/run/client:/usr/sbin:/usr/bin:/sbin:/bin';

/** A customer's machine with WireGuard's own tools. */
export interface WireGuardClient {
  /** `wg-quick up` with the unchanged text; throws wg-quick's error. */
  up(config: string): Promise<void>;
  /** `wg-quick down`. */
  down(): Promise<void>;
  /** Down and up: WireGuard would take 15 s to notice that its peer has lost the session. */
  restart(): Promise<void>;
  /** A page's text; undefined on a timeout. */
  fetch(url: string, timeoutMs?: number): Promise<string | undefined>;
  /** Unix time of the last handshake; 0 for none. */
  latestHandshake(): Promise<number>;
  /** wg-quick's result of the DNS line. */
  resolvConf(): Promise<string>;
  run(argv: readonly string[], options?: ProgramOptions): Promise<Ended>;
  stop(): Promise<void>;
}

export async function startWireGuardClient(namespace: Namespace): Promise<WireGuardClient> {
  const unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const machine = await startEnclosure([...namespace.enter, ...unshare, '--', BOOT]);
  const inPath = ['env', `PATH=${PATH}`];
  return {
    async up(config) {
      await machine.must(['sh', '-c', 'umask 077; cat >"$0"', CONFIG], { input: config });
      await machine.must([...inPath, 'wg-quick', 'up', CONFIG]);
    },
    async down() {
      await machine.must([...inPath, 'wg-quick', 'down', CONFIG]);
    },
    async restart() {
      await machine.must([...inPath, 'wg-quick', 'down', CONFIG]);
      await machine.must([...inPath, 'wg-quick', 'up', CONFIG]);
    },
    async fetch(url, timeoutMs = 20_000) {
      const { status, stdout } = await machine.run([process.execPath, FETCH, url, String(timeoutMs)]);
      return status === 0 ? stdout.trim() : undefined;
    },
    async latestHandshake() {
      const text = await machine.must(['wg', 'show', INTERFACE, 'latest-handshakes']);
      return Number(text.trim().split('\t')[1] ?? 0);
    },
    resolvConf: () => machine.must(['cat', '/etc/resolv.conf']),
    run: (argv, options) => machine.run(argv, options),
    stop: () => machine.stop(),
  };
}
