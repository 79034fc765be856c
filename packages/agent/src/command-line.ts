import { parseArgs } from 'node:util';
import { parsePrefix } from './prefix.ts';

export interface InterfaceOptions {
  readonly interfaceName: string;
  readonly maxPeers: number | undefined;
  /** The tunnel's networks; if empty, those of the interface's addresses. */
  readonly networks: readonly string[];
  readonly allowPrivate: boolean;
  readonly trafficRules: boolean;
  readonly forgetEndpointAfterMinutes: number;
}

export type Command =
  | ({ readonly mode: 'serve'; readonly socketPath: string } & InterfaceOptions)
  | ({ readonly mode: 'stdio' } & InterfaceOptions)
  | { readonly mode: 'relay'; readonly socketPath: string }
  | { readonly mode: 'version' }
  | { readonly mode: 'help' };

/** Thrown for an invalid command line. The message says why. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

export const USAGE = `usage:
  agent.mjs serve --interface NAME --socket PATH [options]   serve control planes on a unix socket
  agent.mjs stdio --interface NAME [options]                 serve one control plane on standard input and output
  agent.mjs relay --socket PATH                              connect standard input and output to the socket
  agent.mjs --version | --help

options of serve and stdio:
  --max-peers N         refuse more peers than this
  --network CIDR        a network that tunnel addresses come from (may be repeated);
                        by default the networks of the interface's own addresses
  --allow-private       let devices reach private networks behind this VPN server
  --forget-endpoint-after N
                        minutes after a client's last handshake at which the interface forgets its
                        address (10 by default)
  --no-traffic-rules    leave nftables and conntrack alone: devices are not kept apart from anything
`;

const INTERFACE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/;

/** @throws {UsageError} */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { mode: 'help' };
  if (values.version === true) return { mode: 'version' };
  const [mode, ...others] = positionals;
  if (mode === undefined) throw new UsageError('say what to do: serve, stdio or relay');
  if (others.length > 0) throw new UsageError('only one command at a time');
  switch (mode) {
    case 'serve':
      return { mode, socketPath: required(values.socket, '--socket'), ...interfaceOptions(values) };
    case 'stdio':
      refuse(values, mode, ['socket']);
      return { mode, ...interfaceOptions(values) };
    case 'relay':
      refuse(values, mode, [
        ...(['interface', 'max-peers', 'network', 'allow-private'] as const),
        ...(['no-traffic-rules', 'forget-endpoint-after'] as const),
      ]);
      return { mode, socketPath: required(values.socket, '--socket') };
    default:
      throw new UsageError(`there is no command ${JSON.stringify(mode.slice(0, 40))}`);
  }
}

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        interface: { type: 'string' },
        socket: { type: 'string' },
        'max-peers': { type: 'string' },
        network: { type: 'string', multiple: true },
        'allow-private': { type: 'boolean' },
        'no-traffic-rules': { type: 'boolean' },
        'forget-endpoint-after': { type: 'string' },
        version: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the arguments cannot be read');
  }
}

function interfaceOptions(values: Values): InterfaceOptions {
  const interfaceName = required(values.interface, '--interface');
  if (!INTERFACE_NAME.test(interfaceName))
    throw new UsageError('--interface is not a name that an interface can have');
  return {
    interfaceName,
    maxPeers: parseMaxPeers(values['max-peers']),
    networks: (values.network ?? []).map((text) => {
      if (parsePrefix(text) === undefined)
        throw new UsageError('--network takes a network as 10.8.0.0/24 or fd00::/64');
      return text;
    }),
    allowPrivate: values['allow-private'] === true,
    trafficRules: values['no-traffic-rules'] !== true,
    forgetEndpointAfterMinutes: parseMinutes(values['forget-endpoint-after']),
  };
}

function parseMaxPeers(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^[0-9]{1,7}$/.test(text) || number < 1) throw new UsageError('--max-peers takes a number from 1 on');
  return number;
}

/** A client makes a handshake every two minutes: a shorter time would cut living tunnels. */
function parseMinutes(text: string | undefined): number {
  if (text === undefined) return 10;
  const number = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || number < 4)
    throw new UsageError('--forget-endpoint-after takes minutes, from 4 on');
  return number;
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw new UsageError(`${name} is missing`);
  return value;
}

function refuse(values: Values, mode: string, names: readonly (keyof Values)[]): void {
  for (const name of names) {
    if (values[name] !== undefined) throw new UsageError(`${mode} takes no --${name}`);
  }
}
