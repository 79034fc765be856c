/** Prints docs/errors.md: `node packages/api/dist/errors-doc.js > docs/errors.md`. */
import { renderErrorsMarkdown } from './http/error-pages.ts';

process.stdout.write(renderErrorsMarkdown());
