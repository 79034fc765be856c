export type { Context } from './context.ts';
export { createProgram, explain } from './program.ts';
