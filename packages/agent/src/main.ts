import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Agent } from './agent.ts';
import { USAGE, UsageError, parseCommandLine, type Command } from './command-line.ts';
import { log } from './log.ts';
import { relay } from './relay.ts';
import { AGENT_VERSION } from './version.ts';

/**
 * The modules that only an agent needs. Each connection over SSH starts a relay, which starts faster without them.
 */
const loadAgent = async () => ({
  ...(await import('./connection.ts')),
  ...(await import('./serve.ts')),
  ...(await import('./start-agent.ts')),
});

/** Returns the exit status. */
async function run(command: Command): Promise<number> {
  switch (command.mode) {
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    case 'version':
      process.stdout.write(`${AGENT_VERSION}\n`);
      return 0;
    case 'relay':
      await relay(command.socketPath, process.stdin, process.stdout);
      return 0;
    case 'serve': {
      const { listenOnSocket, removeStaleSocket, startAgent } = await loadAgent();
      // This comes before any change: a second agent would take over the first one's rules.
      await removeStaleSocket(command.socketPath);
      const agent = await startAgent(command, true);
      const server = await listenOnSocket(agent, command.socketPath);
      log(`agent ${AGENT_VERSION} serves interface ${command.interfaceName}, epoch ${agent.epoch}`);
      const why = await Promise.race([lostInterface(agent), stopSignal()]);
      await server.close();
      return ending(why);
    }
    case 'stdio': {
      const { serveStreams, startAgent } = await loadAgent();
      const agent = await startAgent(command, false);
      log(`agent ${AGENT_VERSION} serves interface ${command.interfaceName}, epoch ${agent.epoch}`);
      const onRefused = (detail: string) => log(`request refused: ${detail}`);
      const served = serveStreams(agent, process.stdin, standardOutput(), { onRefused });
      const why = await Promise.race([lostInterface(agent), stopSignal(), served.then(() => undefined)]);
      await agent.close();
      return ending(why);
    }
  }
}

/** A deleted or recreated interface ends the agent; its supervisor starts the next epoch. */
function ending(why: Error | NodeJS.Signals | undefined): number {
  if (why instanceof Error) {
    log(`agent stops: ${why.message}`);
    return 1;
  }
  log(`agent stops: ${why ?? 'input ended'}`);
  return 0;
}

function lostInterface(agent: Agent): Promise<Error> {
  return new Promise((resolve) => {
    agent.lost.addEventListener('abort', () => resolve(agent.lost.reason as Error), { once: true });
  });
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}

/**
 * Node writes to a piped standard output synchronously, as to a file: a reader that stops would block the whole
 * agent.
 */
function standardOutput(): Writable {
  try {
    return new Socket({ fd: 1, readable: false, writable: true });
  } catch {
    return process.stdout;
  }
}

try {
  process.exitCode = await run(parseCommandLine(process.argv.slice(2)));
  // Anything that still holds the process, such as an open standard input, no longer matters.
  process.stdout.end(() => process.exit());
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
  log(`agent failed: ${error instanceof Error ? error.message : 'for no known reason'}`);
  process.exit(1);
}
