export type { ApiKeyService } from './service.ts';
