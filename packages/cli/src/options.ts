import { InvalidArgumentError } from 'commander';

/** For an option that takes a whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most) {
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

/** For an option that may be given several times. */
export const collect = (one: string, more: readonly string[] = []): string[] => [...more, one];

/**
 * For an option that takes several values, with commas between them or given again. Not `<value...>`: that would swallow
 * the arguments behind it.
 */
export const collectList = (list: string, more: readonly string[] = []): string[] => [
  ...more,
  ...list
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
];
