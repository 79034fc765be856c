/**
 * IPv4 forwarding, which the demo needs and a laptop has switched off. Several demos may share it: each has its own
 * nftables table, the one that switches forwarding on leaves a mark, and the last one switches it off.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { attempt, run, runWithInput } from './command.ts';
import type { Cable } from './cable.ts';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
const PREFIX = 'cvault_demo_';
/** An empty table as the mark, which exists exactly as long as the network namespace. */
const SWITCHED_ON = 'cvault_forwarding_was_off';

const isOn = async (): Promise<boolean> => (await readFile(FORWARDING, 'utf8')).trim() === '1';

export async function forward(demo: string, { name, subnet, ipv6 }: Cable): Promise<void> {
  const masquerade = (match: string) => `${match} oifname != "${name}" masquerade;`;
  await runWithInput(
    `table inet ${PREFIX}${demo} { chain out { type nat hook postrouting priority srcnat;
       ${masquerade(`ip saddr ${subnet}`)} ${ipv6 === null ? '' : masquerade(`ip6 saddr ${ipv6.subnet}`)} }; }`,
    'nft',
    '-f',
    '-',
  );
  await keepForwarding();
}

/**
 * Switches forwarding on if it is off. Repeated at the end of a start, since another demo may have ended in
 * between.
 */
export async function keepForwarding(): Promise<void> {
  if (await isOn()) return;
  await run('nft', 'add', 'table', 'inet', SWITCHED_ON);
  await writeFile(FORWARDING, '1');
}

export async function endForwarding(demo: string): Promise<void> {
  await attempt('nft', 'delete', 'table', 'inet', `${PREFIX}${demo}`);
  const tables = await run('nft', 'list', 'tables').catch(() => '');
  if (!tables.includes(SWITCHED_ON) || tables.includes(PREFIX)) return;
  await writeFile(FORWARDING, '0').catch(() => undefined);
  await attempt('nft', 'delete', 'table', 'inet', SWITCHED_ON);
}

/**
 * Switching IPv6 forwarding on would make this machine ignore its router, so IPv6 is forwarded only if it already
 * is.
 */
export async function forwardsIpv6(): Promise<boolean> {
  const text = await readFile('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').catch(() => '0');
  return text.trim() === '1';
}
