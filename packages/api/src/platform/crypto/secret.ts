import { inspect } from 'node:util';

const SHOWN = '[redacted]';

/**
 * A value that must never be printed. Logs, JSON, template strings and `console.log` all show `[redacted]`; only
 * `reveal()` gives the value, so that every use is visible in review.
 */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  /** Another form of the same secret, as little printable as this one. */
  map<U>(change: (value: T) => U): Secret<U> {
    return new Secret(change(this.#value));
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
