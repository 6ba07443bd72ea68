// Preflight of this node alone: the guard in the kernel, the tools it needs, who else configures the addresses, the clock.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LeaseGroupConfig } from '../protocol/lease-config.ts';
import type { LeaseGroupStatus, PreflightCheck } from '../protocol/lease-status.ts';
import { findBypasses } from './guard/bypasses.ts';
import { tableOf } from './guard/ruleset.ts';
import { askNeighbours, findConfigured, findStatic } from './other-owners.ts';

const commandWithinMs = 2000;
export async function checkNode(
  config: LeaseGroupConfig,
  status: LeaseGroupStatus,
  after: (delayMs: number, task: () => void) => () => void,
): Promise<PreflightCheck[]> {
  return [
    checkMode(status),
    ...(config.guard === 'kernel' ? [await checkHooks(config), ...(await checkBypasses(config))] : []),
    ...(await checkTools(config)),
    ...(await Promise.all(
      config.addresses
        .map(({ device }) => device)
        .filter(isFirst)
        .map(checkDevice),
    )),
    ...(await checkOtherOwners(config, status, after)),
    await checkForeignBinds(config),
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

/** Ways around the hooks, and whether the rules at the devices stand, which come before most of them. */
async function checkBypasses(config: LeaseGroupConfig): Promise<PreflightCheck[]> {
  const name = 'ways around the hooks';
  const guardsDevices = (await outputOf('nft', ['-t', `list table netdev ${tableOf(config.name)}`])) !== undefined;
  const found = await findBypasses(config, guardsDevices);
  if (found.length > 0) return found.map((sentence) => ({ name, grade: 'fault', sentence }));
  return [
    guardsDevices
      ? { name, grade: 'good', sentence: 'The rules at the devices stand, and nothing takes packets before them.' }
      : {
          ...{ name, grade: 'warning' },
          sentence:
            'No rules stand at the devices themselves: one is missing, the kernel is older than 5.16, or the group runs without effect.',
        },
  ];
}

/** A service that may speak from an address that is not here is silenced by the rules alone, and not by taking the address off. */
async function checkForeignBinds(config: LeaseGroupConfig): Promise<PreflightCheck> {
  const name = 'speaking from foreign addresses';
  const files = ['ipv4', 'ipv6'].map((family) => `/proc/sys/net/${family}/ip_nonlocal_bind`);
  const values = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '0')));
  if (values.every((value) => value.trim() === '0'))
    return {
      name,
      grade: 'good',
      sentence: 'Services speak only from addresses that are here (ip_nonlocal_bind is 0).',
    };
  return {
    name,
    grade: config.guard === 'kernel' ? 'warning' : 'fault',
    sentence:
      'Services may speak from addresses that are not here (ip_nonlocal_bind is 1): where the rules are flushed while Mailward ' +
      'is stopped, taking the address off does not silence them.',
  };
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

/** On this machine, and on others: these are asked only while nobody is known to hold a lease. */
async function checkOtherOwners(
  config: LeaseGroupConfig,
  { owner }: LeaseGroupStatus,
  after: (delayMs: number, task: () => void) => () => void,
): Promise<PreflightCheck[]> {
  const name = 'other owners';
  const found = [
    ...(await findConfigured(config)),
    ...(await findStatic(config)),
    ...(owner === null ? await askNeighbours(config, after) : []),
  ];
  return found.length === 0
    ? [{ name, grade: 'good', sentence: 'Nobody else has the addresses of the group.' }]
    : found.map((sentence) => ({ name, grade: 'fault', sentence }));
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
