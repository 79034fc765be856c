import { CVaultProblem, CVaultUnreachable } from '@cvault/sdk';
import { EXIT, type ExitCode, Failure } from './failure.ts';

/** Every other status is `failed`. */
const EXIT_OF_STATUS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.forbidden,
  403: EXIT.forbidden,
  404: EXIT.notFound,
  409: EXIT.conflict,
  422: EXIT.usage,
  429: EXIT.rateLimited,
  502: EXIT.unreachable,
  503: EXIT.unreachable,
  504: EXIT.unreachable,
};

const exitCodeOf = (status: number): ExitCode => EXIT_OF_STATUS[status] ?? EXIT.failed;

/** The error message for the operator and the exit code; null for a bug of ours. */
export function explain(error: unknown): { words: string; exitCode: ExitCode } | null {
  if (error instanceof CVaultProblem) {
    const fields = error.errors.map(({ pointer, message }) => `\n  ${pointer}: ${message}`);
    const request = error.requestId === undefined ? '' : ` (request ${error.requestId})`;
    if (error.code === 'unknown') {
      // The answer came from a proxy or another program, so its 404 does not mean that our object is missing.
      const exitCode = error.status === 404 ? EXIT.unreachable : exitCodeOf(error.status);
      return { words: `${error.detail}; is that CVault’s API? Check CVAULT_URL`, exitCode };
    }
    const words = `${error.detail} [${error.code}]${request}${fields.join('')}`;
    return { words, exitCode: exitCodeOf(error.status) };
  }
  if (error instanceof CVaultUnreachable) {
    return { words: `${error.message}; is CVault running there?`, exitCode: EXIT.unreachable };
  }
  return error instanceof Failure ? { words: error.message, exitCode: error.exitCode } : null;
}
