import { expect, test } from 'vitest';
import { UsageError, parseCommandLine } from './command-line.ts';

test('serve takes an interface, a socket and a policy', () => {
  expect(
    parseCommandLine([
      ...['serve', '--interface', 'wg0', '--socket', '/run/cvault/wg0.sock', '--max-peers', '100'],
      ...['--network', '10.8.0.0/16', '--network', 'fd00:8::/64', '--allow-private'],
      ...['--forget-endpoint-after', '15'],
    ]),
  ).toEqual({
    mode: 'serve',
    interfaceName: 'wg0',
    socketPath: '/run/cvault/wg0.sock',
    maxPeers: 100,
    networks: ['10.8.0.0/16', 'fd00:8::/64'],
    allowPrivate: true,
    trafficRules: true,
    forgetEndpointAfterMinutes: 15,
  });
});

test('relay takes a socket and nothing that would suggest it had a say', () => {
  expect(parseCommandLine(['relay', '--socket', '/s'])).toEqual({ mode: 'relay', socketPath: '/s' });
  expect(() => parseCommandLine(['relay', '--socket', '/s', '--interface', 'wg0'])).toThrow(UsageError);
});

test.each([
  [[]],
  [['dance']],
  [['serve', 'stdio', '--interface', 'wg0']],
  [['serve', '--interface', 'wg0']],
  [['serve', '--socket', '/s']],
  [['stdio', '--interface', 'wg0', '--socket', '/s']],
  [['stdio', '--interface', '../wg0']],
  [['stdio', '--interface', '-wg0']],
  [['stdio', '--interface', 'wg0; id']],
  [['stdio', '--interface', 'a-name-that-is-too-long']],
  [['stdio', '--interface', 'wg0', '--max-peers', '0']],
  [['stdio', '--interface', 'wg0', '--max-peers', '1e3']],
  [['stdio', '--interface', 'wg0', '--network', '10.8.0.0']],
  [['stdio', '--interface', 'wg0', '--network', '10.8.0.0/33']],
  [['stdio', '--interface', 'wg0', '--network', '10.8.0.0/24 } drop']],
  [['stdio', '--interface', 'wg0', '--forget-endpoint-after', '3']],
  [['stdio', '--interface', 'wg0', '--forget-endpoint-after', 'never']],
  [['relay', '--socket', '/s', '--forget-endpoint-after', '10']],
  [['stdio', '--interface', 'wg0', '--unknown']],
])('%j is no command', (args) => {
  expect(() => parseCommandLine(args)).toThrow(UsageError);
});
