import { once } from 'node:events';
import { createServer } from 'node:net';
import { StartError } from './process.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;

/** Turns a failure to listen into advice for a person; returns other errors unchanged. */
export function explainListening(error: unknown, { host, port }: Place): unknown {
  const other = port < PORT_MAX ? port + 1 : port - 1;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new StartError(
        `Port ${port} of ${host} is taken by another program. Choose another one, for example with PORT=${other}.`,
        { cause: error },
      );
    case 'EACCES':
      return new StartError(
        `This user may not listen on port ${port}. Choose one from 1024 up, for example with PORT=3000.`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(
        `HOST=${host} is not an address of this machine. Leave HOST out for 127.0.0.1, or use 0.0.0.0 for all addresses.`,
        { cause: error },
      );
    default:
      return error;
  }
}

/**
 * Checks early that the address can be listened on.
 * @throws StartError
 */
export async function checkListening(place: Place): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(place.port, place.host);
    await once(probe, 'listening');
  } catch (error) {
    throw explainListening(error, place);
  }
  probe.close();
  await once(probe, 'close');
}
