import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Fault } from './guard.ts';
import { inNetworks } from './network-address.ts';
import type { Prefix } from './prefix.ts';
import { ToolFailed, type RunTool } from './tool.ts';

/**
 * The packet mark bit that the traffic rules set on packets they let through. It is at the upper end, which other
 * software uses least. The rules clear it once the packet is routed.
 */
export const ADMITTED = 0x2000_0000;

const MASK = `0x${ADMITTED.toString(16)}`;
const UNMARKED = ['fwmark', `0/${MASK}`, 'blackhole'];
/**
 * Priorities ahead of everything else: other software starts at 100, and the kernel puts its local table at 0. Only
 * packets from the tunnel are checked before that table, so no device reaches the host itself.
 */
const [BEFORE_LOCAL, OWN_PACKETS, FROM_NETWORK, TO_NETWORK, LAST] = [0, 1, 2, 3, 4];
const LOCAL = ['priority', String(BEFORE_LOCAL), 'lookup', 'local'];
/** Network managers remove rules that they do not know, but leave the kernel's. */
const KEPT = ['protocol', 'kernel'];

const Rules = z.array(
  z.looseObject({
    priority: z.number(),
    src: z.string(),
    srclen: z.number().optional(),
    dst: z.string().optional(),
    dstlen: z.number().optional(),
    iif: z.string().optional(),
    oif: z.string().optional(),
    fwmark: z.string().optional(),
    fwmask: z.string().optional(),
    table: z.string().optional(),
    action: z.string().optional(),
    goto: z.number().optional(),
    nop: z.null().optional(),
  }),
);
type Rule = z.infer<typeof Rules>[number];

interface WantedRule {
  readonly priority: number;
  /** The arguments of `ip rule add`. */
  readonly words: readonly string[];
  /** The fields that `ip -json rule show` prints, without those that make no difference. */
  readonly shown: Readonly<Record<string, unknown>>;
}

/** `ip` adds these words where an interface or the target of a `goto` is missing. */
const REMARKS = ['protocol', 'iif_detached', 'unresolved'];

function isShownAs(rule: Rule, wanted: Readonly<Record<string, unknown>>): boolean {
  const said = Object.entries(rule).filter(([name]) => !REMARKS.includes(name));
  return said.length === Object.keys(wanted).length && said.every(([name, value]) => wanted[name] === value);
}

/**
 * The routing rules that stop packets when the traffic rules are gone: the kernel routes no packet from or into the
 * tunnel that nftables did not mark. They outlive the agent. The machine's own packets (`iif lo`) are not checked.
 */
function wantedRules(interfaceName: string, networks: readonly Prefix[]): WantedRule[] {
  const unmarked = { src: 'all', fwmark: '0', fwmask: MASK, action: 'blackhole' };
  const rule = (priority: number, words: readonly string[], shown: Record<string, unknown>): WantedRule => ({
    priority,
    words,
    shown: { priority, src: 'all', ...shown },
  });
  const ofNetwork = (priority: number, direction: 'from' | 'to', end: 'src' | 'dst') =>
    networks.map(({ address, length, family }) =>
      rule(priority, [direction, `${address}/${length}`, ...UNMARKED], {
        ...unmarked,
        [end]: address,
        // `ip` shows a single address without its length.
        ...(length === (family === 4 ? 32 : 128) ? {} : { [`${end}len`]: length }),
      }),
    );
  return [
    rule(LAST, ['nop'], { nop: null }),
    rule(OWN_PACKETS, ['iif', 'lo', 'goto', String(LAST)], { iif: 'lo', goto: LAST }),
    rule(BEFORE_LOCAL, ['iif', interfaceName, ...UNMARKED], { ...unmarked, iif: interfaceName }),
    ...ofNetwork(FROM_NETWORK, 'from', 'src'),
    ...ofNetwork(TO_NETWORK, 'to', 'dst'),
  ];
}

/**
 * Moves the kernel's rule for its local table behind the interface's. The host would be unreachable without it, so
 * an interim rule covers the gap. Its priority is random, so two agents can do this at once.
 */
async function putLocalTableBehind(runTool: RunTool, family: 4 | 6): Promise<void> {
  const meanwhile = ['priority', String(randomInt(5, 1_000)), 'lookup', 'local'];
  await changeRule(runTool, family, 'add', meanwhile);
  await changeRule(runTool, family, 'delete', LOCAL);
  await changeRule(runTool, family, 'add', [...LOCAL, ...KEPT]);
  await changeRule(runTool, family, 'delete', meanwhile);
}

/**
 * Whether packets from the tunnel are checked before they reach the local table, and the host still has that table.
 */
function isLocalTableBehind(rules: readonly Rule[], own: WantedRule): boolean {
  const [place, local] = [
    rules.findIndex((rule) => isShownAs(rule, own.shown)),
    rules.findIndex(({ table }) => table === 'local'),
  ];
  return place !== -1 && place < local;
}

/**
 * Whether this is a foreign rule that a tunnel packet meets before ours and that may lead it past them. Rules for
 * the machine's own packets (`iif lo`, `oif`) cannot, and neither can rules that only stop packets.
 */
function leadsPast(rule: Rule, wanted: readonly WantedRule[]): boolean {
  return (
    rule.priority <= TO_NETWORK &&
    rule.iif !== 'lo' &&
    rule.oif === undefined &&
    (rule.goto !== undefined || (rule.table !== undefined && rule.table !== 'local')) &&
    !wanted.some(({ shown }) => isShownAs(rule, shown))
  );
}

/** The fields of a rule that do not limit it to some kinds of packets. */
const ABOUT_WHOM = ['priority', 'src', 'srclen', 'dst', 'dstlen', 'iif', 'action', ...REMARKS];

/**
 * Whether this is a foreign rule that stops all packets of devices. A rule that stops all packets of the host does
 * not count: the kernel then names no route. Neither does a rule for packets that arrive by another interface.
 */
function stopsDevices(rule: Rule, interfaceName: string, networks: readonly Prefix[]): boolean {
  const isDevices = inNetworks(networks);
  return (
    ['blackhole', 'unreachable', 'prohibit'].includes(rule.action ?? '') &&
    Object.keys(rule).every((name) => ABOUT_WHOM.includes(name)) &&
    (rule.iif === undefined || rule.iif === interfaceName) &&
    ((rule.src !== 'all' && isDevices(rule.src)) || (rule.dst !== undefined && isDevices(rule.dst)))
  );
}

function describeRule({ priority, src, srclen, dst, dstlen, iif, table, goto, action }: Rule): string {
  const prefix = (address: string, length?: number) =>
    length === undefined ? address : `${address}/${length}`;
  const what = [
    `from ${prefix(src, srclen)}`,
    ...(dst === undefined ? [] : [`to ${prefix(dst, dstlen)}`]),
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    action ?? (goto === undefined ? `lookup ${table}` : `goto ${goto}`),
  ];
  return `${priority}: ${what.join(' ')}`;
}

/**
 * Makes the kernel use a packet's mark when it validates the packet's source (rp_filter), which uses the same
 * rules. Otherwise marked packets would be stopped too. `wg-quick` sets it for the same reason.
 */
const SOURCE_MARKS = 'net.ipv4.conf.all.src_valid_mark';

/** Finds the rules that are missing. @param networks of the tunnel, without host bits */
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
    const wanted = wantedRules(interfaceName, own);
    const rules = Rules.parse(JSON.parse(await runTool('ip', [`-${family}`, '-json', 'rule', 'show'])));
    const missing = wanted.filter(({ shown }) => !rules.some((rule) => isShownAs(rule, shown)));
    const isBehind = wanted
      .filter(({ priority }) => priority === BEFORE_LOCAL)
      .every((first) => isLocalTableBehind(rules, first));
    if (missing.length > 0 || !isBehind) {
      const what =
        missing.length > 0
          ? `${missing.length} of the IPv${family} routing rules that stop unfiltered packets were gone`
          : `The IPv${family} routing rule of the local table came before those that stop unfiltered packets`;
      faults.push({
        code: 'routing_rules_removed',
        detail: `${what}.`,
        async mend() {
          // This comes first: if it fails, nothing else is changed.
          await checkSourceMarks();
          for (const { priority, words } of missing) {
            await changeRule(runTool, family, 'add', ['priority', String(priority), ...words, ...KEPT]);
          }
          if (!isBehind) await putLocalTableBehind(runTool, family);
        },
      });
    }
    const ahead = rules.find((rule) => leadsPast(rule, wanted));
    if (ahead !== undefined) {
      faults.push({
        code: family === 4 ? 'routing_rule_ahead' : 'routing_rule_ahead_ipv6',
        detail:
          `The IPv${family} routing rule “${describeRule(ahead)}” comes before those that stop unfiltered packets. ` +
          `Give it a priority of more than ${LAST}.`,
      });
    }
    const stopping = rules.find((rule) => stopsDevices(rule, interfaceName, own));
    if (stopping !== undefined) {
      faults.push({
        code: family === 4 ? 'routing_rule_stops' : 'routing_rule_stops_ipv6',
        detail: `The IPv${family} routing rule “${describeRule(stopping)}” stops packets of devices. Take it away.`,
      });
    }
  }
  return faults;
}

/** Adds the rules that are missing. */
export async function installAdmissionRules(
  runTool: RunTool,
  interfaceName: string,
  networks: readonly Prefix[],
): Promise<void> {
  for (const { mend } of await lookForAdmissionRules(runTool, interfaceName, networks)) await mend?.();
}

/**
 * Makes sure the rule is there (or gone) afterwards, no matter which agent did it: the agents of all interfaces
 * share some rules.
 */
async function changeRule(
  runTool: RunTool,
  family: 4 | 6,
  verb: 'add' | 'delete',
  words: readonly string[],
): Promise<void> {
  try {
    await runTool('ip', [`-${family}`, 'rule', verb, ...words]);
  } catch (error) {
    const already = verb === 'add' ? 'File exists' : 'No such file';
    if (!(error instanceof ToolFailed && error.stderr.includes(already))) throw error;
  }
}
