/** Writes one line for one event to standard error. Never a key, nor who connected or from where. */
export function log(event: string): void {
  process.stderr.write(`${event}\n`);
}
