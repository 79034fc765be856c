/**
 * The runtime of the calls that `statement-writer.ts` has taken out of their functions. It stands in for unknown values, and
 * tries every choice that depends on one.
 */

/** Stands for an unknown value: every property and every call of it is the value itself. */
export const UNKNOWN: unknown = new Proxy(() => undefined, {
  get(_, key) {
    if (key === 'then') return undefined;
    if (key !== Symbol.toPrimitive && key !== 'toString') return UNKNOWN;
    return () => {
      throw new Error('a part of it is not known here');
    };
  },
  apply: () => UNKNOWN,
});

/** The choices made so far in this run, in order: which, of how many. */
let ways: [chosen: number, count: number][] = [];
let way = 0;
/** By the name of the choice: one that is asked for twice in a statement has one answer. */
let chosen = new Map<unknown, number>();

function choose(count: number): number {
  if (way === ways.length) ways.push([0, count]);
  return ways[way++]![0];
}

/** One of several values, each in a run of its own. */
export function oneOf<T>(name: unknown, values: Iterable<T>): T {
  const list = [...values];
  const index = chosen.get(name) ?? choose(list.length);
  chosen.set(name, index);
  return list[index]!;
}

/** The key, or each key of the object where it is not known. */
export function keyOf(object: object, key: PropertyKey): PropertyKey {
  return key === UNKNOWN ? oneOf(object, Object.keys(object)) : key;
}

/** Moves to the next combination of choices; false after the last. */
function next(): boolean {
  while (ways.length > 0 && ways.at(-1)![0] + 1 === ways.at(-1)![1]) ways.pop();
  if (ways.length > 0) ways.at(-1)![0]++;
  return ways.length > 0;
}

/** Every text that an expression can have. It is a text, or a query with one. */
export function textsOf(make: () => unknown): string[] {
  const texts = new Set<string>();
  ways = [];
  do {
    way = 0;
    chosen = new Map();
    const made = make();
    texts.add(String(typeof made === 'object' && made !== null ? (made as { text: unknown }).text : made));
  } while (next());
  return [...texts];
}

/** The calls, in the order in which their files are loaded. */
export const found: [at: string, make: () => unknown][] = [];
