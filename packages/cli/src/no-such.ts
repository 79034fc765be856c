import { closest, distance } from 'fastest-levenshtein';
import { EXIT, Failure } from './failure.ts';

/**
 * The failure for a name or an id that does not exist. It suggests the name that was probably meant.
 * @param list the command that lists the names
 */
export function noSuch(
  what: string,
  typed: string,
  { names, list }: { names: string[]; list: string },
): Failure {
  const near = names.length === 0 ? '' : closest(typed, names);
  // Swapped letters count as two here.
  const isNear = near !== '' && distance(typed, near) <= Math.max(2, near.length / 3);
  const hint = isNear ? `did you mean ${near}?` : `\`${list}\` shows those that there are`;
  return new Failure(`there is no ${what} ${typed}; ${hint}`, { exitCode: EXIT.notFound });
}
