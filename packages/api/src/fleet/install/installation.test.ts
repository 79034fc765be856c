import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { INSTALLED_FILES, readVpnServerFile } from './files.ts';
import {
  InvalidInstallationInput,
  renderInstallation,
  renderRemoval,
  type InstallationInput,
} from './index.ts';
import { assignment } from './script.ts';

const INPUT: InstallationInput = {
  serverId: '0b6f4f3e-6c1d-4c6e-9a57-2f0e1c5b8d11',
  interfacePublicKey: null,
  replaceKey: false,
  interfaceName: 'wg0',
  listenPort: 51820,
  gatewayAddresses: ['10.8.0.1/24', 'fd00:8::1/64'],
  controlPublicKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`,
  agentBundle: '// agent\nconsole.log("$(id) `id` \' CVAULT_END é");\n',
  version: '0.1.0',
};

/** Runs a script without any program: its definitions work, the programs it starts fail. */
function runWithoutPrograms(script: string) {
  return spawnSync('/bin/sh', ['-s'], { input: script, env: { PATH: '/nonexistent' }, encoding: 'utf8' });
}

test.each([
  ['installation', renderInstallation(INPUT)],
  ['removal', renderRemoval({ interfaceName: 'wg0' })],
])('the %s is a shell script that does nothing before its last line', (_name, script) => {
  expect(spawnSync('/bin/sh', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
  const withoutLastLine = script.slice(0, script.trimEnd().lastIndexOf('\n') + 1);
  expect(script.slice(withoutLastLine.length)).toMatch(/^(install_vpn_server|remove_vpn_server "\$@")\n$/);
  expect(runWithoutPrograms(withoutLastLine)).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

test('the files arrive as they are', () => {
  const script = renderInstallation(INPUT);
  const definitions = script.slice(0, script.trimEnd().lastIndexOf('\n') + 1);
  const contents = new Map<string, string>([
    ['agent.mjs', INPUT.agentBundle],
    ...INSTALLED_FILES.map((name) => [name, readVpnServerFile(name)] as const),
  ]);
  for (const [name, content] of contents) {
    const printed = execFileSync('/bin/sh', ['-s'], {
      input: `${definitions}payload ${name}\n`,
      encoding: 'utf8',
    });
    expect(printed).toBe(content);
  }
});

test('the script asks for no file that is not in it', () => {
  const asked = [...readVpnServerFile('install.sh').matchAll(/^ *put "?([^" ]+)/gm)].map((match) => match[1]);
  const names = asked.flatMap((name) =>
    name === 'cvault-interface-$backend.service'
      ? ['cvault-interface-kernel.service', 'cvault-interface-userspace.service']
      : [name],
  );
  expect(names.sort()).toEqual(['agent.mjs', ...INSTALLED_FILES].sort());
});

const HOSTILE = [
  '',
  ' ',
  "'",
  '"',
  '\\',
  '\n',
  '\r\nid',
  '\0',
  '`id`',
  '$(id)',
  '${IFS}id',
  ';id',
  '|id',
  '&id',
  '>/etc/x',
  '#',
  '*',
  '~root',
  '!',
  '-x',
  '../x',
  'é',
  '\u2028id',
];

test.each(HOSTILE)('%j goes into no script, alone or behind a good value', (hostile) => {
  const cases: readonly [keyof InstallationInput, (text: string) => object][] = [
    ['interfaceName', (text) => ({ interfaceName: text })],
    ['serverId', (text) => ({ serverId: text })],
    ['interfacePublicKey', (text) => ({ interfacePublicKey: text })],
    ['gatewayAddresses', (text) => ({ gatewayAddresses: [text] })],
    ['controlPublicKey', (text) => ({ controlPublicKey: text })],
    ['version', (text) => ({ version: text })],
    ['listenPort', (text) => ({ listenPort: text })],
    ['mtu', (text) => ({ mtu: text })],
  ];
  const interfacePublicKey = `${'A'.repeat(43)}=`;
  const good = {
    ...INPUT,
    interfacePublicKey,
    mtu: '1420',
    listenPort: '51820',
    gatewayAddresses: '10.8.0.1/24',
  };
  for (const [field, change] of cases) {
    const values = [
      hostile,
      ...(hostile === '' || (field === 'version' && hostile === '-x') ? [] : [`${good[field]}${hostile}`]),
    ];
    if (field === 'interfaceName' && hostile === '-x') values.pop();
    for (const value of values) {
      expect(() => renderInstallation({ ...INPUT, ...change(value) }), `${field} ${value}`).toThrow(
        InvalidInstallationInput,
      );
    }
  }
  if (hostile !== '-x')
    expect(() => renderRemoval({ interfaceName: `wg0${hostile || ' '}` })).toThrow(InvalidInstallationInput);
});

test.each([
  '10.8.0.1',
  '10.8.0.1/0',
  '10.8.0.1/32',
  '10.8.0.1/024',
  '010.8.0.1/24',
  '::ffff:10.8.0.1/64',
  'fd00::1%eth0/64',
  '10.8.0.1/24 up',
])('%s is no gateway address', (address) => {
  expect(() => renderInstallation({ ...INPUT, gatewayAddresses: [address] })).toThrow(
    InvalidInstallationInput,
  );
});

test.each([
  ['another kind', 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ'],
  ['with options before it', `no-pty ${INPUT.controlPublicKey}`],
  ['with a comment', `${INPUT.controlPublicKey} me@example.com`],
  ['with another line', `${INPUT.controlPublicKey}\n${INPUT.controlPublicKey}`],
])('a control key %s is refused', (_name, controlPublicKey) => {
  expect(() => renderInstallation({ ...INPUT, controlPublicKey })).toThrow(InvalidInstallationInput);
});

test('a field that nobody declared is refused', () => {
  expect(() => renderInstallation({ ...INPUT, ...{ postUp: 'id' } })).toThrow(InvalidInstallationInput);
});

test('the message of a refusal repeats no value', () => {
  expect(() => renderInstallation({ ...INPUT, version: 'se$cret' })).toThrow(
    /^cannot make a script from these fields: version$/,
  );
});

test('the second check holds on its own', () => {
  expect(assignment('CVAULT_X', 'a b/c+d=')).toBe("CVAULT_X='a b/c+d='\n");
  for (const hostile of HOSTILE.filter((text) => !['', ' ', '-x', '../x'].includes(text))) {
    expect(() => assignment('CVAULT_X', hostile), hostile).toThrow();
  }
});
