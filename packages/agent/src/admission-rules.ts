import { z } from 'zod';
import type { Fault } from './guard.ts';
import type { Prefix } from './prefix.ts';
import { ToolFailed, type RunTool } from './tool.ts';

/**
 * The bit of a packet's mark by which the traffic rules let it through. Taken from the upper end, which other software
 * uses least; the rules take it off again once the packet was routed.
 */
export const ADMITTED = 0x2000_0000;

const MARK = `0/0x${ADMITTED.toString(16)}`;
/** Before the main table, after the local one. */
const [FIRST, BY_INTERFACE, FROM_NETWORK, TO_NETWORK, LAST] = [5180, 5181, 5182, 5183, 5189];

const Rules = z.array(
  z.object({
    priority: z.number(),
    src: z.string().optional(),
    srclen: z.number().optional(),
    dst: z.string().optional(),
    dstlen: z.number().optional(),
    iif: z.string().optional(),
    fwmark: z.string().optional(),
    action: z.string().optional(),
    goto: z.number().optional(),
    nop: z.null().optional(),
  }),
);
type Rule = z.infer<typeof Rules>[number];

interface WantedRule {
  readonly priority: number;
  /** As `ip rule add` takes it. */
  readonly words: readonly string[];
  readonly is: (rule: Rule) => boolean;
}

/**
 * What makes packets stop when the traffic rules are gone: by the kernel's routing rules, no packet is forwarded from or
 * into the tunnel that nftables did not mark. They outlive the agent. The machine's own packets (`iif lo`) are not asked.
 */
function wantedRules(interfaceName: string, networks: readonly Prefix[]): WantedRule[] {
  const blackhole = ({ action }: Rule) => action === 'blackhole';
  const ofNetwork = (direction: 'from' | 'to', priority: number): WantedRule[] =>
    networks.map(({ address, length, family }) => {
      const full = family === 4 ? 32 : 128;
      return {
        priority,
        words: [direction, `${address}/${length}`, 'fwmark', MARK, 'blackhole'],
        is: (rule) =>
          blackhole(rule) &&
          rule.fwmark === '0' &&
          (direction === 'from'
            ? rule.src === address && (rule.srclen ?? full) === length
            : rule.dst === address && (rule.dstlen ?? full) === length),
      };
    });
  return [
    { priority: LAST, words: ['nop'], is: ({ nop }) => nop === null },
    {
      priority: FIRST,
      words: ['iif', 'lo', 'goto', String(LAST)],
      is: (rule) => rule.iif === 'lo' && rule.goto === LAST,
    },
    {
      priority: BY_INTERFACE,
      words: ['iif', interfaceName, 'fwmark', MARK, 'blackhole'],
      is: (rule) => blackhole(rule) && rule.iif === interfaceName && rule.fwmark === '0',
    },
    ...ofNetwork('from', FROM_NETWORK),
    ...ofNetwork('to', TO_NETWORK),
  ];
}

async function missingRules(
  runTool: RunTool,
  family: 4 | 6,
  wanted: readonly WantedRule[],
): Promise<WantedRule[]> {
  const rules = Rules.parse(JSON.parse(await runTool('ip', [`-${family}`, '-json', 'rule', 'show'])));
  return wanted.filter((one) => !rules.some((rule) => rule.priority === one.priority && one.is(rule)));
}

/**
 * Has the kernel look at a packet's mark also when it asks whether the packet's source is a sound one (rp_filter), which it
 * asks by the same rules: otherwise they would stop what was marked, too. `wg-quick` sets it for the same reason.
 */
const SOURCE_MARKS = 'net.ipv4.conf.all.src_valid_mark';

/** Looks for the rules that are missing. @param networks of the tunnel, without host bits */
export async function lookForAdmissionRules(
  runTool: RunTool,
  interfaceName: string,
  networks: readonly Prefix[],
): Promise<Fault[]> {
  const faults: Fault[] = [];
  const checkSourceMarks = async () => {
    await runTool('sysctl', ['-qw', `${SOURCE_MARKS}=1`]);
  };
  for (const family of [4, 6] as const) {
    const own = networks.filter((network) => network.family === family);
    if (own.length === 0) continue;
    if (family === 4 && (await runTool('sysctl', ['-n', SOURCE_MARKS])).trim() !== '1') {
      faults.push({
        code: 'source_marks_off',
        detail: `${SOURCE_MARKS} was 0, with which the kernel takes packets of devices for spoofed.`,
        mend: checkSourceMarks,
      });
    }
    const missing = await missingRules(runTool, family, wantedRules(interfaceName, own));
    if (missing.length === 0) continue;
    faults.push({
      code: 'routing_rules_removed',
      detail: `${missing.length} of the IPv${family} routing rules that stop unfiltered packets were gone.`,
      async mend() {
        // First, and where that does not work not at all.
        await checkSourceMarks();
        for (const { priority, words } of missing) await addRule(runTool, family, priority, words);
      },
    });
  }
  return faults;
}

/** Puts the rules in place that are missing. */
export async function installAdmissionRules(
  runTool: RunTool,
  interfaceName: string,
  networks: readonly Prefix[],
): Promise<void> {
  for (const { mend } of await lookForAdmissionRules(runTool, interfaceName, networks)) await mend?.();
}

async function addRule(
  runTool: RunTool,
  family: 4 | 6,
  priority: number,
  words: readonly string[],
): Promise<void> {
  try {
    await runTool('ip', [`-${family}`, 'rule', 'add', 'priority', String(priority), ...words]);
  } catch (error) {
    // Another interface's agent was quicker: two rules are shared by all.
    if (!(error instanceof ToolFailed && error.stderr.includes('File exists'))) throw error;
  }
}
