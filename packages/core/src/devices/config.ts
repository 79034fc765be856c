import { renderDeviceConfig } from '@cvault/wireguard';
import type { Vault } from '../keys/vault.ts';
import { CVaultError } from '../errors.ts';
import { presharedKeyCell, privateKeyCell } from './cells.ts';
import { type Device, type Placement, tunnelAddressesOfDevice } from './device.ts';

/** Seconds between keepalives: below the 30 s that home routers commonly keep a UDP mapping for. */
const KEEPALIVE_SECONDS = 25;

/**
 * What goes into the tunnel. Routes of the tenant's or the device's own are taken as they are, nothing added: the VPN
 * server's own tunnel address answers nothing, so nobody needs a way to it. An IPv6 route stays although the device may
 * have no IPv6 in the tunnel: what was to be kept off the open network must not get there for want of an address.
 */
function allowedIps(device: Device): readonly string[] {
  if (device.routes.length > 0) return device.routes;
  // Without an IPv6 address in the tunnel, `::/0` still pulls the device's IPv6 in, and the VPN server drops it.
  return device.assignedIp6 === null && !device.routeIpv6 ? ['0.0.0.0/0'] : ['0.0.0.0/0', '::/0'];
}

/** Over which protocol a device reaches its VPN server. */
export type EndpointFamily = 'ipv4' | 'ipv6';

/**
 * The first address is of either family, the second of IPv6.
 * @throws CVaultError `invalid_request`
 */
function endpointOf({ endpointHost, endpointHost6 }: Placement, family?: EndpointFamily): string {
  if (family === undefined) return endpointHost;
  const isWanted = (host: string | null) => host !== null && host.includes(':') === (family === 'ipv6');
  const host = [endpointHost, endpointHost6].find(isWanted);
  if (typeof host === 'string') return host;
  throw new CVaultError('invalid_request', 'The VPN server has no such endpoint.', {
    faults: [{ pointer: '/endpoint', message: `the device’s VPN server is not reached over this protocol` }],
  });
}

/**
 * The device's complete WireGuard configuration, as `wg-quick` takes it. Holds its secrets.
 * @param endpoint absent: IPv4 where the VPN server has it
 * @throws CVaultError `invalid_request` where it has no address of this family
 */
export function configOf(vault: Vault, device: Device, endpoint?: EndpointFamily): string {
  const { tenantId, id, sealedPrivateKey, sealedPresharedKey } = device;
  const { serverPublicKey, endpointPort } = device.placement;
  return renderDeviceConfig({
    interface: {
      publicKey: device.publicKey,
      privateKey:
        sealedPrivateKey === null
          ? undefined
          : vault.open(privateKeyCell(tenantId, id), sealedPrivateKey).reveal(),
      addresses: tunnelAddressesOfDevice(device),
      dns: device.dns,
    },
    peer: {
      publicKey: serverPublicKey,
      presharedKey:
        sealedPresharedKey === null
          ? undefined
          : vault.open(presharedKeyCell(tenantId, id), sealedPresharedKey).reveal(),
      endpoint: { host: endpointOf(device.placement, endpoint), port: endpointPort },
      allowedIps: allowedIps(device),
      persistentKeepalive: KEEPALIVE_SECONDS,
    },
  });
}
