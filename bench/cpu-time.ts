import { readdirSync, readFileSync } from 'node:fs';

/** Kernel ticks per second (sysconf _SC_CLK_TCK), 100 on every Linux that runs Node.js. */
const TICKS_PER_SECOND = 100;

/** A connection's process. After its end, the postmaster's count of children includes it. */
const isBackend = (command: string) => command.startsWith('postgres:');

/** The part of the system that a process belongs to; undefined for unrelated processes. */
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
 * CPU time of each part so far in milliseconds, including ended children. PostgreSQL is counted from its
 * postmaster, because connections come and go.
 */
export function cpuTimes(apiPid: number): Map<string, number> {
  const times = new Map<string, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const part = partOf(Number(entry), command, apiPid);
      if (part === undefined) continue;
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // proc(5): fields 14 to 17, counted after the command, which may contain spaces.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const own = isBackend(command) ? fields.slice(11, 13) : fields.slice(11, 15);
      const ticks = own.reduce((sum, text) => sum + Number(text), 0);
      times.set(part, (times.get(part) ?? 0) + (ticks * 1_000) / TICKS_PER_SECOND);
    } catch {
      // The process has just ended.
    }
  }
  return times;
}
