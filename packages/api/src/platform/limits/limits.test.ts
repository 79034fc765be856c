/** Nine files had to be searched for the number that refused somebody. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const SOURCES = dirname(dirname(import.meta.dirname));
/** Refusals for too much or too often. Limits of devices, users and sessions are settings, which the database keeps. */
const REFUSES =
  /'(rate_limited|overloaded|churn_limit|key_limit_reached|webhook_endpoint_limit_reached|payload_too_large)'|: (TryRate|TurnstileLimits|FairQueueLimits|RateLimit) =|new FairQueue\(|createTurnstile\(/;
/** A constant of the file's own that is a number or has some in it. */
const NUMBER =
  /^(?:export )?const ([A-Z][A-Z_]*)(?:: [^=]+)? = (?:\{[^}]*\d[^}]*\}|\d[\d_ *]*)(?: as const)?;$/gm;
/** How long somebody who was refused should wait, and timeouts. */
const IS_TIME = /^(RETRY|REST|.*_MS$|.*_SECONDS$|MINUTE$)/;

test('who refuses for too much takes the number from limits.ts', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) =>
        file.endsWith('.ts') && !/\.test\.ts$|^(testing|attacks|demo)\/|limits\.ts$|errors\.ts$/.test(file),
    )
    .map((file) => ({ file, text: readFileSync(join(SOURCES, file), 'utf8') }))
    .filter(({ text }) => REFUSES.test(text));
  expect(files.length).toBeGreaterThan(8);
  const own = files.flatMap(({ file, text }) =>
    [...text.matchAll(NUMBER)]
      .map((match) => `${file}: ${match[1]}`)
      .filter((found) => !IS_TIME.test(found.split(': ')[1]!)),
  );
  expect(own).toEqual([]);
});
