import { ToolFailed, type RunTool } from './tool.ts';

/** Two cores' worth of processes that mostly wait for the kernel. */
const AT_ONCE = 4;

/**
 * Forgets the tracked connections that begin or end at these addresses; answers those for which it failed. An end is
 * looked for in the reply's source, which finds connections that reached the address through a translation as well.
 */
export async function cutTrackedFlows(runTool: RunTool, addresses: readonly string[]): Promise<string[]> {
  const failed: string[] = [];
  const waiting = [...addresses];
  const work = async () => {
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      try {
        await forget(runTool, address, '--orig-src');
        await forget(runTool, address, '--reply-src');
      } catch {
        failed.push(address);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failed;
}

async function forget(runTool: RunTool, address: string, end: '--orig-src' | '--reply-src'): Promise<void> {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  try {
    await runTool('conntrack', ['--delete', '--family', family, end, address]);
  } catch (error) {
    if (!(error instanceof ToolFailed && error.exitCode === 1 && / 0 flow entries /.test(error.stderr)))
      throw error;
  }
}
