import { readdirSync, readFileSync } from 'node:fs';

/** Kernel ticks a second (sysconf _SC_CLK_TCK), 100 on every Linux that runs Node.js. */
const TICKS_PER_SECOND = 100;

/** A connection's process. What it used when it has ended, the postmaster's count of its children says. */
const isBackend = (command: string) => command.startsWith('postgres:');

/** Which part of the system a process belongs to; undefined for what has nothing to do with it. */
function partOf(pid: number, command: string, apiPid: number): string | undefined {
  if (pid === process.pid) return 'load maker';
  if (pid === apiPid) return 'API';
  if (isBackend(command) || command.includes('/postgres ')) return 'PostgreSQL';
  if (command.includes('agent.mjs serve')) return 'agent, with the wg processes that it starts';
  if (command.includes('agent.mjs relay') || command.startsWith('sshd')) return 'sshd and relay';
  if (command.includes('wireguard-go')) return 'wireguard-go';
  return undefined;
}

/**
 * CPU time that each part has used so far, in milliseconds, with that of children that have ended; PostgreSQL's is its
 * postmaster's with all that it has started, because connections come and go.
 */
export function cpuTimes(apiPid: number): Map<string, number> {
  const times = new Map<string, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const part = partOf(Number(entry), command, apiPid);
      if (part === undefined) continue;
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // proc(5): fields 14 to 17, counted behind the command, which may hold spaces.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const own = isBackend(command) ? fields.slice(11, 13) : fields.slice(11, 15);
      const ticks = own.reduce((sum, text) => sum + Number(text), 0);
      times.set(part, (times.get(part) ?? 0) + (ticks * 1_000) / TICKS_PER_SECOND);
    } catch {
      // It ended while we looked.
    }
  }
  return times;
}
