/** The names that other folders use. */
export type { Fleet } from './fleet.ts';
export { createPeerStore } from './peer-store.ts';
export type { DesiredPeer, ObservedPeer, PeerLimits } from './peer.ts';
export type { PeerStore } from './ports.ts';
export { isNoted, planReconcile } from './link/plan.ts';
export { generateControlKey, publicKeyOf } from './ssh/keys.ts';
export { createInstaller, createVpnServers } from './wiring.ts';
