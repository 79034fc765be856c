export type { DesiredPeer, ObservedPeer, PeerLimits } from './peer.ts';
export type { PeerStore } from './ports.ts';
export { isNoted, planReconcile } from './link/plan.ts';
export { generateControlKey, publicKeyOf } from './ssh/keys.ts';
export type { WiredFleet } from './wiring.ts';
