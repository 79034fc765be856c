export type { Metadata, UserDirectory } from './service.ts';
export { externalIdRefusal } from './external-ids.ts';
export type { User } from './user.ts';
export type { WiredUsers } from './wiring.ts';
