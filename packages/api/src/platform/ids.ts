import { v7 } from 'uuid';

/** A new UUID version 7 (RFC 9562), so that rows created together are close in the index. */
export const newId = (): string => v7();
