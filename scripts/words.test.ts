/** Checks the words of comments and names against docs/glossary.md and CONTRIBUTING.md. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** Names that nobody greps for, each with the name to use instead. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  PostOffice: 'mail queue',
  Cell: 'sealed column',
  DeviceDirectory: 'tenant devices',
  PlanService: 'user limits',
  'own-names': 'external ids',
  ownNames: 'external ids',
  Recent: 'the cache’s real policy, such as FifoCache',
  growth: 'device quota',
};

/** A free relative clause ("What lists show …") or a bare "Of …" hides the noun that the comment is about. */
const FREE_RELATIVE = /^(?:Whoever|Whatever|Whichever|What|Who|Whom|Which of|Whose|Nor|Of)\b/;

/** Matches every file with such a comment, and few others. */
const CANDIDATE = new RegExp(String.raw`(?://|\*)\s*${FREE_RELATIVE.source.slice(1)}`);

/** Source files of ours that git knows or that are new, without generated ones. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(?:ts|mjs|js)$/.test(file) && !file.includes('/generated/'))
  .filter((file) => file !== 'scripts/words.test.ts' && existsSync(join(ROOT, file)));

const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** The comments of a file without their marks; adjacent line comments are one comment. */
function commentsIn(text: string): string[] {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);
  const found = new Map<number, number>();
  const visit = (node: ts.Node): void => {
    for (const range of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [])
      found.set(range.pos, range.end);
    for (const range of ts.getTrailingCommentRanges(text, node.getEnd()) ?? [])
      found.set(range.pos, range.end);
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  const comments: string[] = [];
  let lastEnd = -1;
  for (const [pos, end] of [...found].sort(([one], [other]) => one - other)) {
    const raw = text.slice(pos, end);
    const continues =
      raw.startsWith('//') && lastEnd !== -1 && /^\r?\n[ \t]*$/.test(text.slice(lastEnd, pos));
    lastEnd = raw.startsWith('//') ? end : -1;
    if (!continues) comments.push(raw.replace(/^\/[/*]+[\s*]*/, ''));
  }
  return comments;
}

test('a free relative clause is found at the beginning of a comment only', () => {
  const text =
    '// Whoever asks waits.\nconst a = 1; // the value of\n// What it says\n/** What lists show. */ f(`// What`);';
  expect(commentsIn(text).filter((comment) => FREE_RELATIVE.test(comment))).toEqual([
    'Whoever asks waits.',
    'What lists show. */',
  ]);
});

test('no comment begins with a free relative clause: name the thing first', { timeout: 120_000 }, () => {
  // Parsing every file takes ten seconds.
  const candidates = files.filter((file) => CANDIDATE.test(textOf(file)));
  const openings = candidates.flatMap((file) =>
    commentsIn(textOf(file))
      .filter((comment) => FREE_RELATIVE.test(comment))
      .map((comment) => `${file}: ${comment.slice(0, 80)}`),
  );
  expect(openings).toEqual([]);
});

describe('names', () => {
  test.each(Object.entries(FORBIDDEN))('%s is not used: say %s', (name) => {
    // Names in the database stay: they are in committed migrations.
    const word = new RegExp(`(?<![A-Za-z0-9_])(?:create)?${name}(?![a-z0-9])`);
    const users = files.filter((file) => word.test(file) || word.test(textOf(file)));
    expect(users).toEqual([]);
  });
});
