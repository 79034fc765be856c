/**
 * A bare Debian machine becomes a VPN server: the installation as the operator runs it, over real SSH, with and
 * without a real systemd, and the limits of the control plane's key there.
 */
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeKey, generateKeyPair, renderDeviceConfig } from '@cvault/wireguard';
import {
  InstallationResult,
  renderInstallation,
  renderRemoval,
} from '../packages/api/src/fleet/install/index.ts';
import type { SshTarget } from '../packages/api/src/fleet/transports/ssh.ts';
import { readAgentBundle } from './harness/agent-bundle.ts';
import { openAgentChannel, type AgentChannel } from './harness/agent-channel.ts';
import { makeControlKey, type ControlKeyFile } from './harness/control-key.ts';
import { createInternet, type Internet, type VpnServerNetwork } from './harness/internet.ts';
import { runProgram } from './harness/program.ts';
import { startTestHost, type Init, type TestHost } from './harness/test-host.ts';
import { until } from './harness/until.ts';
import { processIds, processStatus, runScriptOverSsh } from './harness/vpn-server.ts';
import { startWireGuardClient, type WireGuardClient } from './harness/wireguard-client.ts';

const SERVER_ID = randomUUID();
const CAP_NET_ADMIN = '0000000000001000';
const SERVE = 'agent.mjs serve --interface wg0';

describe.each<Init>(['systemd', 'none'])('with init %s', (init) => {
  let internet: Internet;
  let network: VpnServerNetwork;
  let host: TestHost;
  let client: WireGuardClient;
  let agentBundle: string;
  let installed: InstallationResult;
  let target: SshTarget;
  let controlKey: ControlKeyFile;
  let channel: AgentChannel;

  function script(bundle = agentBundle): string {
    return renderInstallation({
      serverId: SERVER_ID,
      interfacePublicKey: null,
      replaceKey: false,
      interfaceName: 'wg0',
      listenPort: 51820,
      gatewayAddresses: ['10.8.0.1/24', 'fd00:8::1/64'],
      controlPublicKey: controlKey.publicKey,
      agentBundle: bundle,
      version: '0.1.0',
    });
  }

  async function fileSums(): Promise<string> {
    const folders = '/usr/lib/cvault /etc/cvault /etc/sysctl.d /etc/systemd/system';
    return host.must(['sh', '-c', `find ${folders} -type f -exec sha256sum {} + | sort -k 2`]);
  }

  async function reconnect(): Promise<void> {
    channel.close();
    channel = await until('the agent says hello', () => openAgentChannel(target));
  }

  beforeAll(async () => {
    internet = await createInternet();
    network = await internet.addVpnServer('vpn');
    const clientNetwork = await internet.addClient('client');
    [host, client, agentBundle] = await Promise.all([
      startTestHost({ namespace: network.namespace, init, address: network.managementAddress }),
      startWireGuardClient(clientNetwork.namespace),
      readAgentBundle(),
    ]);
    controlKey = await makeControlKey(join(dirname(host.identityFile), 'control'));
  });

  afterAll(async () => {
    channel?.close();
    await client?.stop();
    await host?.stop();
    await internet?.destroy();
  });

  test('the machine is bare', async () => {
    for (const path of [
      '/usr/lib/cvault',
      '/etc/cvault',
      '/var/lib/cvault',
      '/etc/sysctl.d/60-cvault.conf',
    ]) {
      expect((await host.run(['test', '-e', path])).status, path).toBe(1);
    }
    expect((await host.run(['getent', 'passwd', 'cvault'])).status).toBe(2);
    expect((await host.run(['ip', 'link', 'show', 'dev', 'wg0'])).status).toBe(1);
    expect(await host.must(['cat', '/proc/sys/net/ipv4/ip_forward'])).toBe('0\n');
    const ends = await runProgram(['ssh', ...sshAs('cvault'), 'anything']);
    expect(ends.status).toBe(255);
  });

  test('the installation makes it a VPN server', async () => {
    const { status, stdout, stderr } = await runScriptOverSsh(host, network.managementAddress, script());
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^\{.*\}\n$/);
    installed = InstallationResult.parse(JSON.parse(stdout));
    expect(host.hostKeys).toEqual(expect.arrayContaining(installed.hostKeys));
    expect(installed.hostKeys.map((key) => key.split(' ')[0])).toEqual([
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
    ]);
    expect(installed.interfacePublicKey).toBe((await host.must(['wg', 'show', 'wg0', 'public-key'])).trim());
    // It announces its changes before it makes them.
    expect(stderr.indexOf('packages to install')).toBeGreaterThan(0);
    expect(stderr.indexOf('packages to install')).toBeLessThan(stderr.indexOf('making user'));
    target = {
      host: network.managementAddress,
      port: 22,
      user: installed.sshUser,
      privateKey: controlKey.privateKey,
      hostKeys: installed.hostKeys as [string, ...string[]],
    };
  });

  test('the control plane reaches the agent with its key', async () => {
    channel = await openAgentChannel(target);
    expect(channel.hello).toMatchObject({
      interface: 'wg0',
      publicKey: installed.interfacePublicKey,
      listenPort: 51820,
      peerCount: 0,
    });
  });

  test('only root can read the interface’s private key, and it is never printed', async () => {
    expect(await host.must(['stat', '--format=%U %a', '/etc/cvault', '/etc/cvault/wg0.key'])).toBe(
      'root 700\nroot 600\n',
    );
    const asCvault = ['setpriv', '--reuid', 'cvault', '--regid', 'cvault', '--clear-groups'];
    expect((await host.run([...asCvault, 'cat', '/etc/cvault/wg0.key'])).status).toBe(1);
    expect(
      (await host.run([...asCvault, 'sh', '-c', 'echo x >> /var/lib/cvault/.ssh/authorized_keys'])).status,
    ).not.toBe(0);
    expect((await host.run([...asCvault, 'sh', '-c', 'echo x > /var/lib/cvault/x'])).status).not.toBe(0);
    expect(
      (await host.run([...asCvault, 'sh', '-c', 'echo x >> /usr/lib/cvault/agent.mjs'])).status,
    ).not.toBe(0);
  });

  test('agent and wireguard-go run without root, with CAP_NET_ADMIN only', async () => {
    const patterns = installed.backend === 'userspace' ? [SERVE, 'wireguard-go -f wg0'] : [SERVE];
    const uid = (await host.must(['id', '-u', 'cvault'])).trim();
    for (const pattern of patterns) {
      const ids = await processIds(host, pattern);
      expect(ids, pattern).toHaveLength(1);
      const status = await processStatus(host, ids[0] ?? '');
      expect(status.get('Uid')?.split('\t'), pattern).toEqual([uid, uid, uid, uid]);
      expect(status.get('Groups')?.trim(), pattern).toMatch(/^\d*$/);
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        expect(status.get(set), `${pattern} ${set}`).toBe(CAP_NET_ADMIN);
      }
      expect(status.get('NoNewPrivs'), pattern).toBe('1');
    }
  });

  if (init === 'systemd')
    test('systemd finds no fault in the units', async () => {
      const units = ['cvault-interface@wg0.service', 'cvault-agent@wg0.service'];
      const verified = await host.run(['systemd-analyze', 'verify', '--man=no', ...units]);
      expect(verified.stdout + verified.stderr).toBe('');
      expect(verified.status).toBe(0);
      for (const unit of units.slice(1)) {
        const rated = await host.run(['systemd-analyze', 'security', '--no-pager', '--threshold=25', unit]);
        expect(rated.status, rated.stdout).toBe(0);
      }
    });

  test('a second installation changes nothing', async () => {
    const before = await processIds(host, SERVE);
    const files = await fileSums();
    const { status, stdout, stderr } = await runScriptOverSsh(host, network.managementAddress, script());
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual(installed);
    expect(await processIds(host, SERVE)).toEqual(before);
    expect(await fileSums()).toBe(files);
    expect(await host.must(['grep', '-c', '', '/var/lib/cvault/.ssh/authorized_keys'])).toBe('1\n');
    // The open channel was not interrupted.
    expect(await channel.request({ type: 'status' })).toMatchObject({
      type: 'status',
      epoch: channel.hello.epoch,
    });
  });

  function sshAs(user: string, ...options: string[]): string[] {
    return [
      ...['-F', 'none', '-i', controlKey.file, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${host.knownHostsFile}`, '-o', 'StrictHostKeyChecking=yes'],
      ...options,
      '--',
      `${user}@${network.managementAddress}`,
    ];
  }

  describe('the control key', () => {
    const HELLO = /^\{"type":"hello".*\}\n$/;

    test('runs the relay whatever command it names', async () => {
      for (const command of [
        'id',
        'sh',
        'touch /tmp/pwned',
        'x; touch /tmp/pwned',
        '$(touch /tmp/pwned)',
        '/bin/sh -c id',
      ]) {
        const { stdout } = await runProgram(['ssh', ...sshAs('cvault'), command]);
        expect(stdout, command).toMatch(HELLO);
      }
      expect((await host.run(['test', '-e', '/tmp/pwned'])).status).toBe(1);
    });

    test('gets no shell and no terminal', async () => {
      const { stdout, stderr } = await runProgram(['ssh', ...sshAs('cvault', '-tt')], { input: 'id; tty\n' });
      expect(stderr).toContain('PTY allocation request failed');
      expect(stdout).toBe('');
      const without = await runProgram(['ssh', ...sshAs('cvault', '-T')], { input: 'id\n' });
      expect(without.stdout).toMatch(/^\{"type":"hello".*\n\{"type":"refused","id":null,/);
      expect(without.stdout).not.toContain('uid=');
    });

    test('copies no files', async () => {
      const [, , ...options] = sshAs('cvault').slice(0, -2);
      const common = ['-F', 'none', ...options];
      const place = `cvault@${network.managementAddress}`;
      for (const mode of [['-O'], ['-s']]) {
        const up = await runProgram(['scp', ...mode, ...common, controlKey.file, `${place}:/tmp/copied`]);
        expect(up.status).not.toBe(0);
      }
      const down = await runProgram([
        'scp',
        '-O',
        ...common,
        `${place}:/etc/passwd`,
        join(dirname(controlKey.file), 'copied'),
      ]);
      expect(down.status).not.toBe(0);
      const sftp = await runProgram(['sftp', '-b', '-', ...common, place], { input: 'ls /\n' });
      expect(sftp.status).not.toBe(0);
      expect((await host.run(['test', '-e', '/tmp/copied'])).status).toBe(1);
    });

    test('forwards no port, in either direction, and no agent', async () => {
      const forward = await runProgram(['ssh', ...sshAs('cvault', '-W', '127.0.0.1:22')]);
      expect(forward.stderr).toMatch(/administratively prohibited|forwarding/);
      expect(forward.stdout).not.toContain('SSH-2.0');
      const remote = await runProgram([
        'ssh',
        ...sshAs('cvault', '-o', 'ExitOnForwardFailure=yes', '-N', '-R', '18022:127.0.0.1:22'),
      ]);
      expect(remote.status).toBe(255);
      expect(remote.stderr).toContain('remote port forwarding failed');
      const tunnel = await runProgram([
        'ssh',
        ...sshAs(
          'cvault',
          '-o',
          'ExitOnForwardFailure=yes',
          '-o',
          'Tunnel=point-to-point',
          '-N',
          '-w',
          '9:9',
        ),
      ]);
      expect(tunnel.status).toBe(255);
    });

    test('passes no environment to Node, even if sshd would allow it', async () => {
      await host.must(['sh', '-c', 'echo "AcceptEnv NODE_OPTIONS" >/etc/ssh/sshd_config.d/accept.conf']);
      await host.must(['sh', '-c', 'kill -HUP "$(cat /run/sshd.pid)"']);
      const hostile = '--import data:text/javascript,process.stdout.write("pwned");process.exit()';
      const sent = await until('sshd is back', async () => {
        const ended = await runProgram(['ssh', ...sshAs('cvault', '-o', 'SendEnv=NODE_OPTIONS'), 'x'], {
          env: { PATH: '/usr/bin:/bin', NODE_OPTIONS: hostile },
        });
        return ended.status === 255 ? undefined : ended;
      });
      expect(sent.stdout).toMatch(HELLO);
      await host.must(['rm', '/etc/ssh/sshd_config.d/accept.conf']);
      await host.must(['sh', '-c', 'kill -HUP "$(cat /run/sshd.pid)"']);
    });

    test('does not work for root', async () => {
      const ended = await until('sshd is back', async () => {
        const attempt = await runProgram(['ssh', ...sshAs('root'), 'id']);
        return attempt.stderr.includes('refused') ? undefined : attempt;
      });
      expect(ended).toMatchObject({ status: 255, stdout: '' });
      expect(ended.stderr).toContain('Permission denied');
    });
  });

  describe('packets', () => {
    const deviceId = randomUUID();
    const keys = generateKeyPair();

    function config(): string {
      return renderDeviceConfig({
        interface: {
          publicKey: keys.publicKey,
          privateKey: keys.privateKey,
          addresses: ['10.8.0.2/32', 'fd00:8::2/128'],
          dns: ['1.1.1.1', '8.8.8.8'],
        },
        peer: {
          publicKey: Buffer.from(installed.interfacePublicKey, 'base64'),
          endpoint: { host: network.publicAddress, port: 51820 },
          allowedIps: ['0.0.0.0/0', '::/0'],
        },
      });
    }

    async function setPeer(generation: number): Promise<void> {
      const [result] = await channel.apply({
        verb: 'set',
        deviceId,
        generation,
        publicKey: encodeKey(keys.publicKey),
        addresses: ['10.8.0.2', 'fd00:8::2'],
      });
      expect(result).toMatchObject({ outcome: 'applied' });
    }

    test('go through the tunnel as soon as the agent has acknowledged the peer', async () => {
      expect(await client.fetch(internet.echoUrl)).not.toBe(network.publicAddress);
      await setPeer(1);
      await client.up(config());
      expect(await client.fetch(internet.echoUrl)).toBe(network.publicAddress);
      expect(await client.fetch(internet.echoUrl6)).toBe(network.publicAddress6);
      expect(await client.latestHandshake()).toBeGreaterThan(0);
      expect(await client.resolvConf()).toContain('nameserver 1.1.1.1');
    });

    test('continue while the agent is killed; it restarts with a new epoch', async () => {
      const { epoch } = channel.hello;
      const [pid = ''] = await processIds(host, SERVE);
      await host.must(['kill', '-KILL', pid]);
      expect(await client.fetch(internet.echoUrl)).toBe(network.publicAddress);
      await reconnect();
      expect(channel.hello.epoch).not.toBe(epoch);
      expect(channel.hello.peerCount).toBe(1);
      expect(await client.fetch(internet.echoUrl)).toBe(network.publicAddress);
    });

    test('continue during an upgrade of the agent', async () => {
      const { epoch } = channel.hello;
      const { status, stderr } = await runScriptOverSsh(
        host,
        network.managementAddress,
        script(`${agentBundle}// newer\n`),
      );
      expect(status, stderr).toBe(0);
      expect(await client.fetch(internet.echoUrl)).toBe(network.publicAddress);
      await reconnect();
      expect(channel.hello.epoch).not.toBe(epoch);
      expect(await client.fetch(internet.echoUrl)).toBe(network.publicAddress);
    });

    test('stop when the peer is removed', async () => {
      await setPeer(2);
      expect(await client.fetch(internet.echoUrl)).toBe(network.publicAddress);
      expect(await channel.apply({ verb: 'remove', deviceId, generation: 3 })).toMatchObject([
        { outcome: 'applied' },
      ]);
      expect(await client.fetch(internet.echoUrl, 1_500)).toBeUndefined();
      expect(await client.fetch(internet.echoUrl6, 1_500)).toBeUndefined();
    });

    test('stop when the interface is lost; it is recreated empty', async () => {
      await setPeer(4);
      await client.restart();
      expect(await client.fetch(internet.echoUrl)).toBe(network.publicAddress);
      const { epoch } = channel.hello;
      if (installed.backend === 'userspace') {
        const [pid = ''] = await processIds(host, 'wireguard-go -f wg0');
        await host.must(['kill', '-KILL', pid]);
      } else {
        await host.must(['ip', 'link', 'delete', 'wg0']);
      }
      await until('a new epoch begins', async () => {
        await reconnect();
        return channel.hello.epoch !== epoch && channel.hello.listenPort === 51820;
      });
      expect(channel.hello).toMatchObject({ publicKey: installed.interfacePublicKey, peerCount: 0 });
      expect(await client.fetch(internet.echoUrl, 1_500)).toBeUndefined();
      await setPeer(5);
      await client.restart();
      expect(await client.fetch(internet.echoUrl)).toBe(network.publicAddress);
    });

    if (init === 'systemd')
      test('flow after a reboot only after the control plane has sent the devices', async () => {
        await host.reboot();
        await reconnect();
        expect(channel.hello).toMatchObject({
          publicKey: installed.interfacePublicKey,
          listenPort: 51820,
          peerCount: 0,
        });
        expect(await host.must(['cat', '/proc/sys/net/ipv4/ip_forward'])).toBe('1\n');
        expect(await client.fetch(internet.echoUrl, 1_500)).toBeUndefined();
        await setPeer(6);
        await client.restart();
        expect(await client.fetch(internet.echoUrl)).toBe(network.publicAddress);
      });
  });

  test('the removal leaves nothing behind', async () => {
    channel.close();
    for (let time = 1; time <= 2; time++) {
      const { status, stdout, stderr } = await runScriptOverSsh(
        host,
        network.managementAddress,
        renderRemoval({ interfaceName: 'wg0' }),
      );
      expect(status, stderr).toBe(0);
      expect(stdout).toBe('');
    }
    const left = await host.must([
      'sh',
      '-c',
      'ls -d /usr/lib/cvault* /etc/cvault* /var/lib/cvault* /run/cvault* /etc/systemd/system/*cvault* /etc/systemd/system/*/*cvault* /etc/sysctl.d/*cvault* 2>/dev/null || true',
    ]);
    expect(left).toBe('');
    expect((await host.run(['getent', 'passwd', 'cvault'])).status).toBe(2);
    expect((await host.run(['ip', 'link', 'show', 'dev', 'wg0'])).status).toBe(1);
    expect(await host.must(['nft', 'list', 'tables'])).not.toContain('cvault');
    expect(await host.must(['ip', 'rule', 'show'])).not.toContain('blackhole');
    expect(await processIds(host, 'cvault')).toEqual([]);
    expect((await runProgram(['ssh', ...sshAs('cvault'), 'x'])).status).toBe(255);
  });
});
