import { expect, test } from 'vitest';
import { checkPoolCidr, refuseOwnAddress } from './range.ts';

const refusal = (code: string) => expect.objectContaining({ code }) as Error;

test.each(['10.8.0.0/16', '10.8.0.0/24', '192.168.7.8/29', '100.64.0.0/20'])('%s is a pool', (cidr) => {
  expect(checkPoolCidr(cidr)).toBe(cidr);
});

test.each([
  ['too large', '10.0.0.0/15'],
  ['too small', '10.8.0.0/30'],
  ['everything', '0.0.0.0/0'],
  ['with host bits', '10.8.0.1/24'],
  ['IPv4 in IPv6', '::ffff:10.8.0.0/120'],
  ['IPv6', 'fd00::/64'],
  ['with a leading zero', '010.8.0.0/24'],
  ['with a leading zero in its length', '10.8.0.0/024'],
  ['without a length', '10.8.0.0'],
  ['with more behind it', '10.8.0.0/24 '],
  ['loopback', '127.1.0.0/16'],
  ['link-local', '169.254.0.0/16'],
  ['multicast', '239.0.0.0/24'],
  ['this network', '0.1.0.0/16'],
  ['public', '8.8.8.0/24'],
  ['beside a private one', '172.32.0.0/16'],
])('a range that is %s is refused', (_name, cidr) => {
  expect(() => checkPoolCidr(cidr)).toThrow(refusal('invalid_request'));
});

test('a range with an address of the VPN server itself is refused', () => {
  const ssh = { host: '10.9.0.7' };
  const server = { endpointHost: '203.0.113.9', ssh };
  expect(() => refuseOwnAddress('203.0.113.0/24', server)).toThrow(refusal('pool_overlap'));
  expect(() => refuseOwnAddress('10.9.0.0/29', server)).toThrow(refusal('pool_overlap'));
  refuseOwnAddress('10.8.0.0/24', server);
  refuseOwnAddress('10.8.0.0/24', { endpointHost: '2001:db8::1', ssh: { host: 'vpn.example.com' } });
});
