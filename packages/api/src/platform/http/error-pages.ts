import { type ErrorCode, ERRORS } from '../errors.ts';
import { statusOfCode } from './problem.ts';

interface Entry {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

function entries(): Entry[] {
  return Object.entries(ERRORS).map(([code, { title, remedy }]) => ({
    code,
    status: statusOfCode(code as ErrorCode),
    title,
    remedy,
  }));
}

/** Renders docs/errors.md. */
export function renderErrorsMarkdown(): string {
  const sections = entries().map(
    ({ code, status, title, remedy }) => `## ${code}\n\n**${status}** ${title}.\n\n${remedy}\n`,
  );
  return `<!-- Generated from packages/api/src/platform/errors.ts by \`npm run generate\`. Do not edit. -->

# Errors

Every failure answers \`application/problem+json\` (RFC 9457): \`type\`, \`title\`, \`status\`, \`detail\`, \`instance\`, and our own
\`code\`, \`requestId\` and, where fields are wrong, \`errors\` with a JSON pointer each. Decide by \`code\`: it never changes.

${sections.join('\n')}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Renders the same list for browsers. A problem's `type` points here. */
export function renderErrorsPage(): string {
  const sections = entries().map(
    ({ code, status, title, remedy }) =>
      `<h2 id="${code}"><code>${code}</code></h2>\n<p><b>${status}</b> ${escapeHtml(title)}.</p>\n<p>${escapeHtml(remedy)}</p>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>CVault errors</title></head>
<body><h1>Errors</h1>
${sections.join('\n')}
</body></html>
`;
}
