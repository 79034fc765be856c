export * from './digest.ts';
export * from './limits.ts';
export * from './lines.ts';
export * from './messages.ts';
export * from './values.ts';
