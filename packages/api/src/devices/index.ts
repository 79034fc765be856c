/** The names that other folders use. */
export { finishDepartures, finishDeparturesOf } from './departures.ts';
export { type Device, statusOf, tunnelAddressesOfDevice } from './device.ts';
export { endDevices } from './end.ts';
export { HOLDS } from './hold.ts';
export { putHold, releaseHold } from './hold-sql.ts';
export { moveOnce } from './move.ts';
export { whyNotPlaced } from './placement.ts';
export type { DeviceStore, Owner, PeerPush, PushResult } from './ports.ts';
export { deviceRoutes } from './routes.ts';
export { PLAN_COLUMNS, PLAN_JOINS, type PlanRow, limitsFromRow } from './rows.ts';
export { presharedKeyColumn } from './sealed-columns.ts';
export { type DeviceService, createDeviceService } from './service.ts';
export { createDeviceStore } from './store.ts';
export { createDeviceDirectoryStore } from './tenant-devices-store.ts';
export { type DeviceDirectory, createDeviceDirectory } from './tenant-devices.ts';
export { tenantDeviceRoutes } from './tenant-routes.ts';
export { createDeviceUpkeepStore } from './upkeep-store.ts';
export { createDeviceUpkeep } from './upkeep.ts';
