/** What the operator reads instead of a stack: what was wrong, and what to do. */
export class Failure extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Failure';
  }
}
