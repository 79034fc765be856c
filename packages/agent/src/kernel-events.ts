import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A change of the kernel's rules, routes, links or addresses. */
export interface KernelEvent {
  readonly kind: 'nftables' | 'network';
  /** The name of the process that made it; undefined where the kernel does not say. */
  readonly process: string | undefined;
  /** The output of `nft monitor` or `ip monitor` for it. */
  readonly lines: readonly string[];
}

/** Pause before a monitor that ended is restarted. */
const RESTART_MS = 1_000;
/** The most lines of one transaction; further lines make no difference. */
const LINES_MOST = 256;
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Reports changes as they are made, from `nft monitor` and `ip monitor`. If they do not run, the periodic checks
 * find the changes instead. Returns a function that stops it.
 */
export function watchKernel(onEvent: (event: KernelEvent) => void): () => void {
  let stopped = false;
  const children = new Set<ChildProcess>();
  const timers = new Set<NodeJS.Timeout>();

  function monitor(command: readonly string[], onLine: (line: string) => void): void {
    if (stopped) return;
    // Without this, monitors would outlive a killed agent until they write their next line.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
      env: ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.add(child);
    child.unref();
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      children.delete(child);
      const timer = setTimeout(() => {
        timers.delete(timer);
        monitor(command, onLine);
      }, RESTART_MS).unref();
      timers.add(timer);
    };
    child.once('error', end);
    child.once('exit', end);
    createInterface({ input: child.stdout }).on('line', onLine);
  }

  let lines: string[] = [];
  monitor(['nft', 'monitor'], (line) => {
    const [, process] = /^# new generation \d+ by process \d+ \((.*)\)/.exec(line) ?? [];
    if (process === undefined) {
      if (lines.length < LINES_MOST) lines.push(line);
      return;
    }
    onEvent({ kind: 'nftables', process, lines });
    lines = [];
  });
  monitor(['ip', '-oneline', 'monitor', 'link', 'address', 'route', 'rule', 'netconf'], (line) => {
    onEvent({ kind: 'network', process: undefined, lines: [line] });
  });

  return () => {
    stopped = true;
    for (const timer of timers) clearTimeout(timer);
    for (const child of children) child.kill('SIGKILL');
  };
}
