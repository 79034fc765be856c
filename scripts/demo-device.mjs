/**
 * `node scripts/demo-device.mjs phone.conf`: signs the demo's user in, registers a device, and writes its WireGuard
 * configuration, which contains the private key, into a file that only its owner can read.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { orStop, say, Stop } from './prepare.mjs';

function readDemo() {
  const file = join(process.env.CVAULT_DATA_DIR || '.cvault', 'demo.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Stop(
      `no demo runs here: there is no ${file}. Start one with npm start, or set CVAULT_DATA_DIR to the folder of one that runs.`,
    );
  }
}

async function call(url, headers, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.json();
  if (!answer.ok)
    throw new Stop(`${new URL(url).pathname} answered ${answer.status}: ${text.detail ?? text.title}`);
  return text;
}

await orStop(async () => {
  const file = process.argv[2];
  if (file === undefined || file.startsWith('-')) {
    throw new Stop('usage: node scripts/demo-device.mjs FILE.conf');
  }
  if (existsSync(file)) throw new Stop(`${file} is there already; name another file.`);
  const { baseUrl, tenant, user } = readDemo();
  const key = { 'x-api-key': tenant.apiKey };
  const { accessToken } = await call(`${baseUrl}/api/v1/auth/login`, key, user);
  const { config, assignedIp } = await call(
    `${baseUrl}/api/v1/devices`,
    { ...key, authorization: `Bearer ${accessToken}` },
    { deviceName: basename(file, '.conf') },
  );
  writeFileSync(file, config, { mode: 0o600, flag: 'wx' });
  say(`wrote ${file}: a device with the address ${assignedIp}.`);
});
