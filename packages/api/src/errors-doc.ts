/** Prints docs/errors.md: `node packages/api/dist/errors-doc.js > docs/errors.md`. */
import { renderErrorsMarkdown } from './platform/http/error-pages.ts';

process.stdout.write(renderErrorsMarkdown());
