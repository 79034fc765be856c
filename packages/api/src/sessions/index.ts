export { vpnRoutes } from './connect-routes.ts';
export { ownSessionRoutes, sessionRoutes, tenantSessionRoutes } from './routes.ts';
export { type SessionService, createSessionService } from './service.ts';
export { createSessionStore } from './store.ts';
