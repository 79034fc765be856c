import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { type Transport, TransportError } from './transport.ts';

export interface LocalTarget {
  readonly interfaceName: string;
  /** The network namespace that holds the interface; null for the machine's own. */
  readonly netns: string | null;
  /** The agent's bundled file. */
  readonly agentFile: string;
}

/** The agent as a child process, for a VPN server on this machine. It ends with the stream. */
export function createLocalTransport(target: LocalTarget): Transport {
  const agent = [process.execPath, target.agentFile, 'stdio', '--interface', target.interfaceName];
  const [command, ...args] = target.netns === null ? agent : ['ip', 'netns', 'exec', target.netns, ...agent];
  return {
    async open(signal) {
      signal.throwIfAborted();
      // A process group of its own: Ctrl-C in a terminal must reach CVault first.
      const child = spawn(command!, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
      let lastWords = '';
      child.stderr.on('data', (chunk: Buffer) => {
        lastWords = chunk.toString().trim().slice(-300);
      });
      const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (cause) =>
          reject(new TransportError('unreachable', 'the agent’s process did not start', cause)),
        );
      });
      stream.once('close', () => child.kill());
      child.once('exit', (code) => {
        stream.destroy(new Error(`the agent’s process ended with code ${code ?? 'none'}: ${lastWords}`));
      });
      return stream;
    },
  };
}
