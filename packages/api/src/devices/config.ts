import { renderDeviceConfig } from '@cvault/wireguard';
import type { Vault } from '../platform/crypto/vault.ts';
import { CVaultError } from '../platform/errors.ts';
import { presharedKeyColumn, privateKeyColumn } from './sealed-columns.ts';
import { type Device, type Placement, tunnelAddressesOfDevice } from './device.ts';

/**
 * The ranges that go into the tunnel. Routes of the tenant's or the device's own are taken as they are, nothing added: the VPN
 * server's own tunnel address answers nothing, so nobody needs a way to it. An IPv6 route stays although the device may
 * have no IPv6 in the tunnel: what was to be kept off the open network must not get there for want of an address.
 */
function allowedIps(device: Device): readonly string[] {
  if (device.configuration.routes.length > 0) return device.configuration.routes;
  // Without an IPv6 address in the tunnel, `::/0` still pulls the device's IPv6 in, and the VPN server drops it.
  return device.assignedIp6 === null && !device.configuration.routeIpv6
    ? ['0.0.0.0/0']
    : ['0.0.0.0/0', '::/0'];
}

/** Address families. */
type Family = 'ipv4' | 'ipv6';

/** The wishes for a configuration. */
export interface ConfigWish {
  /** How the VPN server is to be reached. Absent: over IPv4 where it has both. */
  readonly endpoint?: Family | undefined;
  /** The only family in the tunnel, for a client or network without the other. Absent: both. */
  readonly family?: Family | undefined;
}

const isOf = (family: Family | undefined) => (address: string) =>
  family === undefined || address.includes(':') === (family === 'ipv6');

/** @throws CVaultError `invalid_request` where nothing is left */
function onlyOf(family: Family | undefined, what: string, addresses: readonly string[]): readonly string[] {
  const left = addresses.filter(isOf(family));
  if (left.length > 0) return left;
  throw new CVaultError('invalid_request', `The device has no ${what} of this family.`, {
    faults: [{ pointer: '/family', message: `the device has no ${what} of this family` }],
  });
}

/**
 * The first address is of either family, the second of IPv6.
 * @throws CVaultError `invalid_request`
 */
function endpointOf({ endpointHost, endpointHost6 }: Placement, family?: Family): string {
  if (family === undefined) return endpointHost;
  const host = [endpointHost, endpointHost6].find((each) => each !== null && isOf(family)(each));
  if (typeof host === 'string') return host;
  throw new CVaultError('invalid_request', 'The VPN server has no such endpoint.', {
    faults: [{ pointer: '/endpoint', message: `the device’s VPN server is not reached over this protocol` }],
  });
}

/**
 * The device's complete WireGuard configuration, as `wg-quick` takes it. Holds its secrets.
 * @throws CVaultError `invalid_request` where there is no address or route of the wanted family
 */
export function configOf(vault: Vault, device: Device, { endpoint, family }: ConfigWish = {}): string {
  const { tenantId, id, sealedPrivateKey, sealedPresharedKey } = device;
  const { serverPublicKey, endpointPort } = device.placement;
  const { dns, searchDomains, mtu, persistentKeepalive } = device.configuration;
  return renderDeviceConfig({
    comment: `${device.fields.deviceName} (${device.placement.region})`,
    interface: {
      publicKey: device.publicKey,
      privateKey:
        sealedPrivateKey === null
          ? undefined
          : vault.open(privateKeyColumn(tenantId, id), sealedPrivateKey).reveal(),
      addresses: onlyOf(family, 'tunnel address', tunnelAddressesOfDevice(device)),
      dns: dns.filter(isOf(family)),
      searchDomains,
      mtu: mtu ?? undefined,
    },
    peer: {
      publicKey: serverPublicKey,
      presharedKey:
        sealedPresharedKey === null
          ? undefined
          : vault.open(presharedKeyColumn(tenantId, id), sealedPresharedKey).reveal(),
      endpoint: { host: endpointOf(device.placement, endpoint), port: endpointPort },
      allowedIps: onlyOf(family, 'route', allowedIps(device)),
      persistentKeepalive: persistentKeepalive === 0 ? null : persistentKeepalive,
    },
  });
}

/** Letters that file systems and interface names of all clients take: wg-quick and the apps allow 15 of [a-zA-Z0-9_=+.-]. */
const NAME_CHARACTERS = 10;
const ID_CHARACTERS = 4;

/**
 * The name of the device's file without `.conf`. wg-quick makes it the interface's name, and the apps the tunnel's. The end of
 * the id keeps two devices of one name apart.
 */
export function tunnelNameOf({ id, fields }: Pick<Device, 'id' | 'fields'>): string {
  const plain = fields.deviceName
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, NAME_CHARACTERS)
    .replace(/-+$/, '');
  return `${plain === '' ? 'cvault' : plain}-${id.slice(-ID_CHARACTERS).toLowerCase()}`;
}
