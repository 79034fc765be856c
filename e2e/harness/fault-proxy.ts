import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Random } from './random.ts';

/**
 * Faults of a connection. `cut`: it ends silently after some bytes. `corrupt`: one bit of one byte is flipped, for
 * protocols that detect it, such as SSH, but not PostgreSQL without TLS.
 */
export type Toxic = 'latency' | 'slicer' | 'cut' | 'corrupt';

/** A proxy that injects faults into its bytes, chosen by a seed. */
export interface FaultProxy {
  readonly port: number;
  /** How many connections each toxic has affected. */
  readonly hits: ReadonlyMap<Toxic, number>;
  /** Ends all connections at once; later ones get other faults. */
  cut(): void;
  /** Stops injecting faults and cuts affected connections. */
  calm(): void;
  close(): Promise<void>;
}

/** One connection in this many is spared. */
const SPARED = 4;
const LATENCY_MS = 20;
const SLICE_BYTES = 7;

/** @param within the maximum of bytes before a connection is cut or a bit is flipped */
export async function startFaultProxy(
  target: { readonly host: string; readonly port: number },
  { toxics, within }: { readonly toxics: readonly Toxic[]; readonly within: number },
  random: Random,
): Promise<FaultProxy> {
  const hits = new Map<Toxic, number>();
  const sockets = new Set<Socket>();
  let isCalm = false;

  function hit(toxic: Toxic): void {
    hits.set(toxic, (hits.get(toxic) ?? 0) + 1);
  }

  /** Carries one direction: each chunk waits for the previous one, so that nothing is reordered. */
  function carry(from: Socket, to: Socket, toxic: Toxic | undefined): void {
    let left = toxic === 'cut' || toxic === 'corrupt' ? 1 + random.below(within) : Infinity;
    let before: Promise<void> = Promise.resolve();
    const deliver = async (chunk: Buffer): Promise<void> => {
      if (to.destroyed) return;
      if (left <= chunk.length && toxic === 'cut') {
        hit('cut');
        to.write(chunk.subarray(0, left));
        from.destroy();
        to.destroy();
        return;
      }
      if (left <= chunk.length && toxic === 'corrupt') {
        hit('corrupt');
        chunk[left - 1]! ^= 1 << random.below(8);
        left = Infinity;
      }
      left -= chunk.length;
      if (toxic === 'latency') await new Promise((resolve) => setTimeout(resolve, random.below(LATENCY_MS)));
      const size = toxic === 'slicer' ? SLICE_BYTES : chunk.length;
      for (let start = 0; start < chunk.length; start += size) {
        to.write(chunk.subarray(start, start + size));
        if (toxic === 'slicer') await new Promise(setImmediate);
      }
    };
    from.on('data', (chunk: Buffer) => {
      before = before.then(() => deliver(chunk));
    });
    from.on('end', () => void before.then(() => to.end()));
    from.on('close', () => void before.then(() => to.destroy()));
  }

  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    const toxic = isCalm || random.below(SPARED) === 0 ? undefined : random.pick(toxics);
    if (toxic === 'latency' || toxic === 'slicer') hit(toxic);
    for (const socket of [client, upstream]) {
      socket.setNoDelay();
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      sockets.add(socket);
    }
    const onTheWayIn = random.below(2) === 0;
    carry(client, upstream, onTheWayIn ? toxic : undefined);
    carry(upstream, client, onTheWayIn ? undefined : toxic);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const cutAll = () => sockets.forEach((socket) => socket.destroy());
  return {
    port,
    hits,
    cut: cutAll,
    calm() {
      isCalm = true;
      cutAll();
    },
    async close() {
      server.close();
      cutAll();
      await once(server, 'close');
    },
  };
}
