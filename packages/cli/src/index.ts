export type { Context } from './context.ts';
export { explain } from './explain.ts';
export { createProgram } from './program.ts';
