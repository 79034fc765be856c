import { renderDeviceConfig } from '@cvault/wireguard';
import type { Vault } from '../keys/vault.ts';
import { presharedKeyCell, privateKeyCell } from './cells.ts';
import type { Device } from './device.ts';

/** Seconds between keepalives: below the 30 s that home routers commonly keep a UDP mapping for. */
const KEEPALIVE_SECONDS = 25;

/**
 * What goes into the tunnel. Routes of the tenant's or the device's own are taken as they are, nothing added: the VPN
 * server's own tunnel address answers nothing, so nobody needs a way to it. An IPv6 route stays although the device may
 * have no IPv6 in the tunnel: what was to be kept off the open network must not get there for want of an address.
 */
function allowedIps(device: Device): readonly string[] {
  if (device.routes.length > 0) return device.routes;
  // A `::/0` without an address of its own would black-hole what the device can reach without us.
  return device.assignedIp6 === null ? ['0.0.0.0/0'] : ['0.0.0.0/0', '::/0'];
}

/** The device's complete WireGuard configuration, as `wg-quick` takes it. Holds its secrets. */
export function configOf(vault: Vault, device: Device): string {
  const { tenantId, id, sealedPrivateKey, sealedPresharedKey, assignedIp, assignedIp6 } = device;
  const { serverPublicKey, endpointHost, endpointPort } = device.placement;
  return renderDeviceConfig({
    interface: {
      publicKey: device.publicKey,
      privateKey:
        sealedPrivateKey === null
          ? undefined
          : vault.open(privateKeyCell(tenantId, id), sealedPrivateKey).reveal(),
      addresses: assignedIp6 === null ? [assignedIp] : [assignedIp, assignedIp6],
      dns: device.dns,
    },
    peer: {
      publicKey: serverPublicKey,
      presharedKey:
        sealedPresharedKey === null
          ? undefined
          : vault.open(presharedKeyCell(tenantId, id), sealedPresharedKey).reveal(),
      endpoint: { host: endpointHost, port: endpointPort },
      allowedIps: allowedIps(device),
      persistentKeepalive: KEEPALIVE_SECONDS,
    },
  });
}
