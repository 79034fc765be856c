/** Addresses of an `inet[]` in their order, as an array of texts; pg reads an `inet[]` as one text. Of null: empty. */
export const hostsOf = (array: string): string => listOf(array, 'host');

/** The same of ranges: with their prefix length, also where it is that of a single address. */
export const rangesOf = (array: string): string => listOf(array, 'text');

const listOf = (array: string, write: 'host' | 'text') =>
  `ARRAY(SELECT ${write}(value) FROM unnest(${array}) WITH ORDINALITY AS list(value, place) ORDER BY place)`;
