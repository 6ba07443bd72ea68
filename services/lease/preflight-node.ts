// Preflight of this node alone: the guard in the kernel, the tools it needs, who else configures the addresses, the clock.
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LeaseGroupConfig } from '../protocol/lease-config.ts';
import { bareAddress } from '../protocol/lease-config.ts';
import type { LeaseGroupStatus, PreflightCheck } from '../protocol/lease-status.ts';
import { tableOf } from './guard/ruleset.ts';

const commandWithinMs = 2000;
const filesMax = 500;
const fileBytesMax = 256 * 1024;
/** Where the network of a machine is configured, by whom. */
const configuredBy: readonly (readonly [string, string])[] = [
  ['/etc/network', 'ifupdown'],
  ['/etc/netplan', 'netplan'],
  ['/etc/systemd/network', 'systemd-networkd'],
  ['/etc/NetworkManager/system-connections', 'NetworkManager'],
  ['/etc/keepalived', 'keepalived'],
];

export async function checkNode(config: LeaseGroupConfig, status: LeaseGroupStatus): Promise<PreflightCheck[]> {
  return [
    checkMode(status),
    ...(config.guard === 'kernel' ? [await checkHooks(config), await checkFlowtables()] : []),
    ...(await checkTools(config)),
    ...(await Promise.all(
      config.addresses
        .map(({ device }) => device)
        .filter(isFirst)
        .map(checkDevice),
    )),
    ...(await checkOtherOwners(config)),
    await checkClock(),
  ];
}

const isFirst = (value: string, index: number, all: readonly string[]): boolean => all.indexOf(value) === index;

function checkMode({ mode, guard }: LeaseGroupStatus): PreflightCheck {
  const name = 'guard';
  if (guard.faults.length > 0)
    return { name, grade: guard.kind === 'coarse' ? 'warning' : 'fault', sentence: guard.faults.join(' ') };
  if (mode === 'active') return { name, grade: 'good', sentence: `The guard is ${guard.kind}.` };
  return { name, grade: 'warning', sentence: `Nothing is guarded: this member runs ${mode}.` };
}

/** Output of a command, undefined when it failed. */
function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: commandWithinMs }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
}

async function checkHooks({ name: group }: LeaseGroupConfig): Promise<PreflightCheck> {
  const name = 'hooks';
  const table = tableOf(group);
  const text = await outputOf('nft', ['-t', `list table inet ${table}; list table arp ${table}`]);
  if (text === undefined)
    return {
      ...{ name, grade: 'fault' },
      sentence: `nftables has no table ${table}: nft is not installed, this process may not use it, or the group runs without effect.`,
    };
  const missing = ['prerouting', 'output', 'postrouting'].filter((hook) => !text.includes(`hook ${hook}`));
  return missing.length === 0
    ? { name, grade: 'good', sentence: 'nftables holds the rules of every hook.' }
    : { name, grade: 'fault', sentence: `nftables has no rules at ${missing.join(', ')}.` };
}

async function checkFlowtables(): Promise<PreflightCheck> {
  const name = 'offload';
  const text = await outputOf('nft', ['list', 'flowtables']);
  if (text === undefined)
    return { name, grade: 'unknown', sentence: 'Whether packets bypass the hooks cannot be read.' };
  return /flowtable /.test(text)
    ? {
        name,
        grade: 'fault',
        sentence: 'A flowtable carries packets past the hooks: connections through it are not guarded.',
      }
    : { name, grade: 'good', sentence: 'No flowtable carries packets past the hooks.' };
}

async function checkTools(config: LeaseGroupConfig): Promise<PreflightCheck[]> {
  const tools = [
    ['ip', '-V', 'puts addresses on devices'],
    ['socat', '-V', 'announces moves'],
  ] as const;
  const checks = await Promise.all(
    tools.map(
      async ([tool, flag, purpose]): Promise<PreflightCheck | undefined> =>
        (await outputOf(tool, [flag])) === undefined
          ? {
              name: 'tools',
              grade: 'fault',
              sentence: `${tool}, which ${purpose}, cannot be run (group ${config.name}).`,
            }
          : undefined,
    ),
  );
  return checks.filter((check) => check !== undefined);
}

async function checkDevice(device: string): Promise<PreflightCheck> {
  const name = `device ${device}`;
  const state = await readFile(join('/sys/class/net', device, 'operstate'), 'utf8').catch(() => undefined);
  if (state === undefined) return { name, grade: 'fault', sentence: `There is no network device ${device}.` };
  const isDown = state.trim() === 'down';
  return { name, grade: isDown ? 'fault' : 'good', sentence: `The device ${device} is ${isDown ? 'down' : 'there'}.` };
}

/** An address that the machine's own network configuration also sets would come back at every turn. */
async function checkOtherOwners(config: LeaseGroupConfig): Promise<PreflightCheck[]> {
  const checks: PreflightCheck[] = [];
  for (const [folder, owner] of configuredBy) {
    const files = (await readdir(folder, { recursive: true }).catch(() => [])).slice(0, filesMax);
    for (const file of files) {
      const path = join(folder, file);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || !found.isFile() || found.size > fileBytesMax) continue;
      const words = (await readFile(path, 'utf8').catch(() => '')).split(/[^0-9a-fA-F.:]+/);
      for (const { address } of config.addresses)
        if (words.includes(bareAddress(address)))
          checks.push({
            ...{ name: 'other owners', grade: 'fault' },
            sentence: `${bareAddress(address)} is also set by ${owner} in ${path}: take it out there.`,
          });
    }
  }
  if (checks.length === 0)
    checks.push({
      name: 'other owners',
      grade: 'good',
      sentence: 'Nobody else configures the addresses of the group.',
    });
  return checks;
}

async function checkClock(): Promise<PreflightCheck> {
  const name = 'clock source';
  const source = await readFile('/sys/devices/system/clocksource/clocksource0/current_clocksource', 'utf8').catch(
    () => undefined,
  );
  if (source === undefined) return { name, grade: 'unknown', sentence: 'The clock source cannot be read.' };
  return source.trim() === 'jiffies'
    ? { name, grade: 'warning', sentence: 'The clock source is jiffies: too coarse for short leases.' }
    : { name, grade: 'good', sentence: `The clock source is ${source.trim()}.` };
}
