import { distance } from 'fastest-levenshtein';

/** A longer text is no typo, and would take long to compare. */
const SLIP_CHARACTERS_MAX = 64;

/**
 * The number of wrong, missing or extra letters. A swap of neighbours counts as one, not as two as in Levenshtein's
 * distance. Infinity above `most`.
 */
function slipsBetween(typed: string, name: string, most: number): number {
  const plain = distance(typed, name);
  // A swap saves at most one, so most names need no closer look.
  if (plain > most + 1) return Infinity;
  const swapped = Array.from(
    { length: typed.length - 1 },
    (_, at) => typed.slice(0, at) + typed.charAt(at + 1) + typed.charAt(at) + typed.slice(at + 2),
  );
  const slips = Math.min(plain, ...swapped.map((each) => 1 + distance(each, name)));
  return slips <= most ? slips : Infinity;
}

/** The name that was probably meant: at most a third of its letters differ. Null if there is none. */
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

/** The suggestion at the end of an error message; empty if no name is near. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const meant = nearest(typed, names);
  return meant === null ? '' : `; did you mean \`${meant}\`?`;
}
