import type { TestHost } from './test-host.ts';
import { runProgram, type Ended } from './program.ts';

/** Runs a script on a machine like the operator: `ssh root@… sh -s < script`. */
export function runScriptOverSsh(host: TestHost, address: string, script: string): Promise<Ended> {
  return runProgram(['ssh', ...host.sshOptions, '--', `root@${address}`, 'sh', '-s'], {
    input: script,
    timeoutMs: 120_000,
  });
}

/**
 * Ids, on the machine itself, of processes with a matching command line. Excludes children: between fork and exec,
 * an agent's tool looks like another agent.
 */
export async function processIds(host: TestHost, pattern: string): Promise<string[]> {
  const lines = (await host.must(['ps', '-e', '-o', 'pid=,ppid=,args='])).split('\n');
  const matching = lines.flatMap((line) => {
    const [, id = '', parent = '', command = ''] = /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? [];
    return new RegExp(pattern).test(command) ? [{ id, parent }] : [];
  });
  const ids = new Set(matching.map(({ id }) => id));
  return matching.filter(({ parent }) => !ids.has(parent)).map(({ id }) => id);
}

/** Fields of /proc/PID/status. */
export async function processStatus(host: TestHost, pid: string): Promise<ReadonlyMap<string, string>> {
  const text = await host.must(['cat', `/proc/${pid}/status`]);
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(/:\s+/, 2) as [string, string]),
  );
}
