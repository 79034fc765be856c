import { distance } from 'fastest-levenshtein';

/** The one that was likely meant: at most a third of its letters are wrong, missing or too many. Null where none is. */
export function nearest(typed: string, names: readonly string[]): string | null {
  const [best] = names
    .map((name) => ({ name, wrong: distance(typed.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, wrong }) => wrong <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.wrong - b.wrong);
  return best?.name ?? null;
}
