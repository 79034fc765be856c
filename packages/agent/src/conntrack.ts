import { ToolFailed, type RunTool } from './tool.ts';

type Family = 'ipv4' | 'ipv6';

/**
 * Every call of `conntrack` walks the kernel's whole table (10 ms at 262,144 buckets). Above this number of
 * addresses, one listing of the addresses with connections is cheaper than a walk for each.
 */
const LOOK_FIRST_ABOVE = 2;

/** The processes mostly wait for the kernel; this keeps two cores busy. */
const AT_ONCE = 4;

/**
 * Deletes the tracked connections that these addresses began. Returns the addresses for which it failed. There are
 * no connections from the other side: the traffic rules let nothing into the tunnel that a device did not begin.
 */
export async function cutTrackedFlows(runTool: RunTool, addresses: readonly string[]): Promise<string[]> {
  const families = [
    ['ipv4', addresses.filter((address) => !address.includes(':'))],
    ['ipv6', addresses.filter((address) => address.includes(':'))],
  ] as const;
  const failed = await Promise.all(families.map(([family, some]) => cutInFamily(runTool, family, some)));
  return failed.flat();
}

async function cutInFamily(
  runTool: RunTool,
  family: Family,
  addresses: readonly string[],
): Promise<string[]> {
  const failed: string[] = [];
  let waiting = [...addresses];
  if (addresses.length > LOOK_FIRST_ABOVE) {
    try {
      const beginners = parseBeginners(await runTool('conntrack', ['--dump', '--family', family]));
      waiting = waiting.filter((address) => beginners.has(address));
    } catch {
      return waiting;
    }
  }
  const work = async () => {
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      try {
        await forget(runTool, family, address);
      } catch {
        failed.push(address);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failed;
}

/** The addresses that began a connection: the first source of each line. The second source belongs to the reply. */
function parseBeginners(text: string): Set<string> {
  const beginners = new Set<string>();
  for (const [, address] of text.matchAll(/^[^=\n]* src=(\S+)/gm)) {
    if (address !== undefined) beginners.add(address);
  }
  return beginners;
}

async function forget(runTool: RunTool, family: Family, address: string): Promise<void> {
  try {
    await runTool('conntrack', ['--delete', '--family', family, '--orig-src', address]);
  } catch (error) {
    // Status 1 also means that nothing was found.
    if (!(error instanceof ToolFailed && error.exitCode === 1 && / 0 flow entries /.test(error.stderr)))
      throw error;
  }
}
