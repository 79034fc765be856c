/**
 * Forwarding of IPv4 between interfaces, which the demo needs and a laptop does not have. Several demos may need it at
 * once: each has an nftables table, whoever switches forwarding on leaves a mark, and the last one to go switches it off.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { attempt, run, runWithInput } from './command.ts';
import type { Cable } from './cable.ts';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
const PREFIX = 'cvault_demo_';
/** Tables that hold nothing: the mark lives and dies with the network that it is about. */
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

/** Switches it on where it is off. Ask again at the end of a start: another demo may have gone in between. */
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

/** Switching IPv6 forwarding on would make this machine ignore its router, so IPv6 goes on only where it is on already. */
export async function forwardsIpv6(): Promise<boolean> {
  const text = await readFile('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').catch(() => '0');
  return text.trim() === '1';
}
