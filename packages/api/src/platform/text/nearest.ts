import { distance } from 'fastest-levenshtein';

/** A longer text is no slip of a finger, and would take long to compare. */
const SLIP_CHARACTERS_MAX = 64;

/**
 * How many letters are wrong, missing or too many; two neighbours that are swapped count as one, not as the two that they are
 * for Levenshtein. Infinity where it is more than `most`.
 */
function slipsBetween(typed: string, name: string, most: number): number {
  const plain = distance(typed, name);
  // A swap saves one at most, so most names need no closer look.
  if (plain > most + 1) return Infinity;
  const swapped = Array.from(
    { length: typed.length - 1 },
    (_, at) => typed.slice(0, at) + typed.charAt(at + 1) + typed.charAt(at) + typed.slice(at + 2),
  );
  const slips = Math.min(plain, ...swapped.map((each) => 1 + distance(each, name)));
  return slips <= most ? slips : Infinity;
}

/** The one that was likely meant: at most a third of its letters are wrong, missing, too many or swapped. Null where none is. */
export function nearest(typed: string, names: readonly string[]): string | null {
  if (typed.length === 0 || typed.length > SLIP_CHARACTERS_MAX) return null;
  const [best] = names
    .map((name) => {
      const most = Math.max(1, Math.floor(name.length / 3));
      return { name, slips: slipsBetween(typed.toLowerCase(), name.toLowerCase(), most) };
    })
    .filter(({ slips }) => slips < Infinity)
    .sort((a, b) => a.slips - b.slips);
  return best?.name ?? null;
}

/** The end of a message that refuses a name of a closed set; empty where none is near. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const meant = nearest(typed, names);
  return meant === null ? '' : `; did you mean \`${meant}\`?`;
}
