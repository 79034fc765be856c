import { randomBytes } from 'node:crypto';
import type { Namespace } from '@cvault/agent/testing';
import { mustRun, runProgram } from './program.ts';

export interface RootLink {
  /** The namespace's end, which the control plane in the root namespace connects to. */
  readonly address: string;
  remove(): Promise<void>;
}

/** A cable from the root namespace, where tests and control plane run, to a VPN server's management device. */
export async function connectToRoot(namespace: Namespace): Promise<RootLink> {
  const device = `cve${randomBytes(4).toString('hex')}`;
  await mustRun([
    'ip',
    'link',
    'add',
    device,
    'type',
    'veth',
    'peer',
    'name',
    'mgmt',
    'netns',
    namespace.name,
  ]);
  const remove = async () => {
    // Deleting the namespace removes it too.
    await runProgram(['ip', 'link', 'delete', device]);
  };
  try {
    const subnet = await freeSubnet();
    await mustRun(['ip', 'address', 'add', `${subnet}.1/24`, 'dev', device]);
    await mustRun(['ip', 'link', 'set', device, 'up']);
    await namespace.run('ip', ['address', 'add', `${subnet}.2/24`, 'dev', 'mgmt']);
    await namespace.run('ip', ['link', 'set', 'mgmt', 'up']);
    return { address: `${subnet}.2`, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The first three octets of an unused /24 in 10.87.0.0/16. */
async function freeSubnet(): Promise<string> {
  const routes = await mustRun(['ip', '-4', 'route', 'show', 'table', 'all']);
  for (;;) {
    const subnet = `10.87.${randomBytes(1).readUInt8()}`;
    if (!routes.includes(`${subnet}.`)) return subnet;
  }
}
