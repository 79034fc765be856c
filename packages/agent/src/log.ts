/** One line for one event, on standard error. Never a key, nor anything about who connected or from where. */
export function log(event: string): void {
  process.stderr.write(`${event}\n`);
}
