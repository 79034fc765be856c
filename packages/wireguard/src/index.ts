export * from './addresses.ts';
export * from './config.ts';
export * from './config-parser.ts';
export * from './dump.ts';
export * from './endpoint.ts';
export * from './invalid-value.ts';
export * from './keys.ts';
export * from './tunnel-network.ts';
