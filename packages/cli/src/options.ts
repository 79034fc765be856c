import { InvalidArgumentError } from 'commander';

/** Parses an option that is a whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most) {
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

/** Collects a repeatable option. */
export const collect = (one: string, more: readonly string[] = []): string[] => [...more, one];

/**
 * Collects a repeatable option with comma-separated values. Not `<value...>`, which would swallow following
 * arguments.
 */
export const collectList = (list: string, more: readonly string[] = []): string[] => [
  ...more,
  ...list
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
];
