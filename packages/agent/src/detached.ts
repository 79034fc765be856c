/** A part of a string keeps the whole string in memory; this keeps itself alone. For text in Latin-1. */
export function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
