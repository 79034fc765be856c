export { connectControlPlane, type TestControlPlane } from './control-plane.ts';
export { randomPublicKey } from './keys.ts';
export {
  createNetworkLab,
  whyNoNetworkLab,
  type NetworkLab,
  type Namespace,
  type RunningProcess,
  type WireGuardInterface,
} from './network-lab.ts';
export { createVpnLab, type VpnClient, type VpnLab } from './vpn-lab.ts';
export { callInVain, callTcpService, followTcpService, startTcpService, untilSilent } from './tcp.ts';
