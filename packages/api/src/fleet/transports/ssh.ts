import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Secret } from '../../platform/crypto/secret.ts';
import { Client, type ClientChannel } from 'ssh2';
import { type Transport, TransportError } from './transport.ts';
import { streamOf } from '../ssh/channel-stream.ts';

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH private key. */
  readonly privateKey: Secret<string>;
  /** The pinned host keys: `ssh-ed25519 AAAA…`. Never empty: there is no trust on first use. */
  readonly hostKeys: readonly [string, ...string[]];
}

/** The kernel repeats a lost SYN ever more rarely. A new attempt finds a returned host sooner. */
const DIAL_DEADLINE_MS = 10_000;
/** A slow or busy host takes seconds to check our key. */
const HANDSHAKE_DEADLINE_MS = 20_000;
/**
 * A peer that is silent for 12 s counts as gone: ssh2 gives up at (KEEPALIVE_LOST + 1) × KEEPALIVE_MS, one question
 * after the last that may stay unanswered. Its default is off.
 */
const KEEPALIVE_MS = 4_000;
const KEEPALIVE_LOST = 2;

/**
 * Only algorithms that resist today's attacks (including Terrapin: ssh2 negotiates strict key exchange with these).
 * Names from the IANA registry of SSH parameters.
 */
const ALGORITHMS = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp256'],
  cipher: ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
  compress: ['none'],
} as const;

function blobOf(hostKey: string): Buffer {
  return Buffer.from(hostKey.split(' ')[1] ?? '', 'base64');
}

/** `ecdsa-sha2-nistp256` and `ssh-ed25519` name both the key and its signature; RSA keys sign with SHA-2 only. */
function signatureAlgorithms(hostKeys: readonly string[]): string[] {
  return [...new Set(hostKeys.map((key) => key.split(' ')[0] ?? ''))].flatMap((type) =>
    type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type],
  );
}

/** Our own socket, because ssh2 never sets TCP_NODELAY: measured, an exchange went from 88 ms to 0.8 ms. */
async function dial(target: SshTarget, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    const fail = (cause: unknown) => {
      socket.destroy();
      reject(new TransportError('unreachable', `no TCP connection to ${target.host}:${target.port}`, cause));
    };
    const abort = () => fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    const late = () => fail(new Error(`no answer within ${DIAL_DEADLINE_MS} ms`));
    socket.setTimeout(DIAL_DEADLINE_MS, late);
    socket.once('connect', () => {
      socket.setTimeout(0, late);
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/**
 * One connection with one long-lived channel. The key's forced command decides what runs at the other end; the
 * command named here is never run.
 */
export function createSshTransport(target: SshTarget): Transport {
  const pinned = target.hostKeys.map(blobOf);
  return {
    async open(signal) {
      signal.throwIfAborted();
      const socket = await dial(target, signal);
      return new Promise<Duplex>((resolve, reject) => {
        const client = new Client();
        let mismatch = false;
        const fail = (kind: TransportError['kind'], message: string, cause: unknown) => {
          signal.removeEventListener('abort', abort);
          client.destroy();
          socket.destroy();
          reject(new TransportError(kind, message, cause));
        };
        const abort = () => fail('unreachable', 'the SSH connection took too long', signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        client.on('error', (cause) => {
          if (mismatch) fail('host_key_mismatch', 'the SSH host key is not the pinned one', cause);
          else fail('refused', 'the SSH connection failed', cause);
        });
        // If the other end hangs up before the login completes, ssh2 reports nothing else, and ends its own
        // deadline.
        client.once('close', () => fail('refused', 'the SSH connection was closed', undefined));
        client.once('ready', () => {
          client.exec('agent', (error: Error | undefined, channel: ClientChannel) => {
            signal.removeEventListener('abort', abort);
            if (error !== undefined) return fail('refused', 'the SSH channel was refused', error);
            // The agent logs to its own journal; stderr only has to be drained.
            channel.stderr.resume();
            // Sends the last bytes, then closes the socket even if the other end takes none.
            const hangUp = () => {
              client.end();
              socket.destroySoon();
            };
            const stream = streamOf(channel, hangUp);
            client.once('close', () => stream.destroy());
            resolve(stream);
          });
        });
        try {
          client.connect({
            sock: socket,
            username: target.user,
            privateKey: target.privateKey.reveal(),
            authHandler: ['publickey'],
            hostVerifier: (key: Buffer) => {
              mismatch = !pinned.some((known) => known.equals(key));
              return !mismatch;
            },
            algorithms: {
              kex: [...ALGORITHMS.kex],
              cipher: [...ALGORITHMS.cipher],
              hmac: [...ALGORITHMS.hmac],
              compress: [...ALGORITHMS.compress],
              serverHostKey: signatureAlgorithms(target.hostKeys) as 'ssh-ed25519'[],
            },
            readyTimeout: HANDSHAKE_DEADLINE_MS,
            keepaliveInterval: KEEPALIVE_MS,
            keepaliveCountMax: KEEPALIVE_LOST,
          });
        } catch {
          // The cause is left out: it may quote the key.
          fail('refused', 'the private key cannot be read', undefined);
        }
      });
    },
  };
}
