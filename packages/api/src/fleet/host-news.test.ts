import { duplexPair } from 'node:stream';
import { encodeLine, type HostReport, LineDecoder, PROTOCOL_VERSION } from '@cvault/protocol';
import { encodeKey, generateKeyPair } from '@cvault/wireguard';
import { expect, test } from 'vitest';
import { AgentClient } from './agent-client.ts';

const noRoute = { code: 'no_route_out', detail: 'There is no default route.' };

test('an agent’s reports of its host arrive in order, even if an answer and a notice come at once', async () => {
  const [near, far] = duplexPair();
  const decoder = new LineDecoder();
  far.on('data', (chunk: Buffer) => {
    for (const line of decoder.push(chunk)) {
      const { type, id } = JSON.parse(line) as { type: string; id: number };
      const answers =
        type === 'features'
          ? [{ type: 'features', id, features: ['host'] }]
          : [
              { type: 'watching', id, problems: [noRoute], mended: [] },
              { type: 'host', problems: [], mended: [] },
            ];
      far.write(answers.map(encodeLine).join(''));
    }
  });
  const opening = AgentClient.open(near);
  far.write(
    encodeLine({
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      agentVersion: '0.2.0',
      epoch: 'a'.repeat(32),
      interface: 'wg0',
      publicKey: encodeKey(generateKeyPair().publicKey),
      listenPort: 51820,
      peerCount: 0,
    }),
  );
  const client = await opening;
  await client.learnFeatures();
  const heard: HostReport[] = [];
  await client.watchHost(false, (report) => heard.push(report));
  expect(heard.map(({ problems }) => problems)).toEqual([[noRoute], []]);
  client.close();
});
