import { inspect } from 'node:util';

const SHOWN = '[redacted]';

/**
 * A value that must never be printed. Logs, JSON, template strings and `console.log` show `[redacted]`. Only
 * `reveal()` returns the value, which makes every use visible in review.
 */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  /** Another form of the same secret, equally protected. */
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
