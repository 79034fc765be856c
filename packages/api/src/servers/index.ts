/** The names that other folders use. */
export { type ServerAccess, findServerAccess, listServerAccess } from './connection.ts';
export { NOTE_CONDITION, createServerEventStore, forgetServerEvents } from './condition-store.ts';
export type { LinkView } from './condition.ts';
export { createEvacuationStore } from './evacuation-store.ts';
export { createEvacuator } from './evacuation.ts';
export { serverEventRoutes } from './event-routes.ts';
export type { ServerEvent, ServerEventStore } from './events.ts';
export { serverHealthRoutes } from './health-routes.ts';
export { type ServerHealth, type ServerHealthService, createServerHealthService } from './health.ts';
export { createServerLagStore } from './lag.ts';
export type { FleetControl, Installer, Probe, ServerStore } from './ports.ts';
export { createReachability } from './reachability.ts';
export { serverRoutes } from './routes.ts';
export { type PoolRow, poolFromRow } from './rows.ts';
export type { Pool, Server } from './server.ts';
export {
  type ServerService,
  createServerService,
  finishRemovals,
  sshKeyColumn,
  tunnelAddressesOf,
} from './service.ts';
export { createServerStatusStore } from './status-store.ts';
export { type ServerStatusService, createServerStatusService } from './status.ts';
export { createServerStore } from './store.ts';
export { prepareTestMode } from './test-server.ts';
export { unknownRegion } from './unknown-region.ts';
