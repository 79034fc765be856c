export * from './digest.ts';
export * from './limits.ts';
export * from './lines.ts';
export * from './messages.ts';
export * from './ops.ts';
export * from './reports.ts';
export * from './values.ts';
export * from './verbs.ts';
