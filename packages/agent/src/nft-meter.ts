import { setImmediate as turn } from 'node:timers/promises';
import type { Counts, Meter, Settlement } from './meter.ts';
import { asTableId, fromTableId, listElements, parseElements } from './nft-elements.ts';
import type { RunTool } from './tool.ts';

/** Stands for an unknown device. */
const NOBODY = '::';

/** Counters read in one step. */
const STEP_COUNTS = 250;

const COUNTERS = ['received4', 'received6', 'sent4', 'sent6'];

/**
 * Counters in the kernel, one for each address and direction. The rules create each with the first packet that
 * passes.
 *
 * They are read as text: with 1,000 / 10,000 / 50,000 elements, `nft list set` costs 0.03 / 0.2 / 1.35 s of CPU.
 * JSON costs 20 % more, and as much again to parse and to hold. `nft get element` seems to read one, but reads all
 * (2 s at 50,000).
 *
 * @param table as in `inet NAME`
 */
export function createNftMeter(runTool: RunTool, table: string): Meter {
  return {
    async open() {
      const life = /counter life1_([0-9a-f]{32}) /.exec(
        await runTool('nft', ['list', 'counters', 'table', ...table.split(' ')]),
      );
      if (life?.[1] === undefined) throw new Error('the traffic rules have no life');
      const retained = parseElements(await listElements(runTool, 'set', table, ['retained']));
      const left = parseElements(await listElements(runTool, 'map', table, ['left4', 'left6']));
      return {
        life: life[1],
        retained: new Map((retained.get('retained') ?? []).flatMap(parseRetained)),
        left: new Map([...left.values()].flat().map(parseLeft)),
      };
    },
    async read() {
      const counts = new Map<string, { received: number; sent: number }>();
      let read = 0;
      for (const set of COUNTERS) {
        const direction = set.startsWith('received') ? 'received' : 'sent';
        // Only elements look like this, so the start and end of their list need not be found.
        const listing = await listElements(runTool, 'set', table, [set]);
        for (const [, address = '', bytes] of listing.matchAll(
          /([0-9a-f.:]+) counter packets \d+ bytes (\d+)/g,
        )) {
          if (++read % STEP_COUNTS === 0) await turn();
          let entry = counts.get(address);
          if (entry === undefined) counts.set(address, (entry = { received: 0, sent: 0 }));
          entry[direction] = Number(bytes);
        }
      }
      return counts;
    },
    async leave(left) {
      const lines = [...left].map(
        ([address, deviceId]) =>
          `add element ${table} left${family(address)} { ${address} : ${deviceId === null ? NOBODY : asTableId(deviceId)} }`,
      );
      await runTool('nft', ['-f', '-'], lines.join('\n'));
    },
    async settle(settlement) {
      await runTool('nft', ['-f', '-'], settleScript(table, settlement));
    },
  };
}

/** A counter may be missing in one direction. It is created first, because nft cannot delete a missing element. */
function settleScript(table: string, { left, counted, retained }: Settlement): string {
  const remove = (set: string, element: string) => [
    `add element ${table} ${set} { ${element} }`,
    `delete element ${table} ${set} { ${element} }`,
  ];
  return [
    ...[...left].map((address) => `delete element ${table} left${family(address)} { ${address} }`),
    ...[...counted].flatMap((address) => [
      ...remove(`received${family(address)}`, address),
      ...remove(`sent${family(address)}`, address),
    ]),
    ...[...retained].flatMap(([deviceId, { received, sent }]) => [
      ...remove('retained', asTableId(deviceId)),
      `add element ${table} retained { ${asTableId(deviceId)} counter packets ${received} bytes ${sent} }`,
    ]),
    '',
  ].join('\n');
}

function family(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** A counter stores the bytes received from a device as its packets, and the bytes sent to it as its bytes. */
function parseRetained(element: string): [string, Counts][] {
  const [, id, received, sent] = /^(\S+) counter packets (\d+) bytes (\d+)$/.exec(element) ?? [];
  return id === undefined ? [] : [[fromTableId(id), { received: Number(received), sent: Number(sent) }]];
}

function parseLeft(element: string): [string, string | null] {
  const [address = '', id = NOBODY] = element.split(' : ');
  return [address, id === NOBODY ? null : fromTableId(id)];
}
