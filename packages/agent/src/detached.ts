/** Copies a Latin-1 text: a substring would keep its whole string in memory. */
export function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
