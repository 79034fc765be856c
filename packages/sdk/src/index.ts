export { bodyOf, createCVaultClient, type CVaultClient, type CVaultClientOptions } from './client.ts';
export { CVaultProblem, CVaultUnreachable, type FieldFault } from './problem.ts';
export type { components, paths } from './generated/api.ts';
