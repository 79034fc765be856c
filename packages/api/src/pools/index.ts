export { createFreeAddresses } from './free-addresses.ts';
export type { Pool } from './pool.ts';
export { checkPoolCidr, refuseOwnAddress } from './range.ts';
export { deletePool, growPool, insertPool, listPools, nextDefaultCidr } from './store.ts';
export { checkTunnelPrefix6, gatewayOfPrefix6, newTunnelPrefix6 } from './tunnel-prefix.ts';
