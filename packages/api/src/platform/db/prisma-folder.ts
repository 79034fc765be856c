import { fileURLToPath } from 'node:url';

/** The same from src/ and from dist/: both lie one level below the package. */
export const PRISMA_FOLDER = fileURLToPath(new URL('../../../prisma/', import.meta.url));
