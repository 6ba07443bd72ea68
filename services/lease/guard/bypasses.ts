// Ways by which packets for the group's addresses pass the guard's rules. Where one is found, the guard is `none`.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import type { LeaseGroupConfig } from '../../protocol/lease-config.ts';
import { bareAddress } from '../../protocol/lease-config.ts';
import { ipv6Number } from './ruleset.ts';

const commandWithinMs = 2000;

/** Each as a sentence. `guardsDevices`: rules at the devices stand, before all of these but the first two. Never rejects. */
export async function findBypasses(group: LeaseGroupConfig, guardsDevices: boolean): Promise<string[]> {
  const devices = [...new Set(group.addresses.map(({ device }) => device))];
  const [links, flowtables, services] = await Promise.all([
    Promise.all(devices.map((device) => outputOf('ip', ['-d', '-j', 'link', 'show', 'dev', device]))),
    outputOf('nft', ['list', 'flowtables']),
    readFile('/proc/net/ip_vs', 'utf8').catch(() => ''),
  ]);
  const found: string[] = [];
  if (flowtables === undefined || links.includes(undefined))
    found.push('Whether packets pass the rules by another way cannot be read now: it is read again.');
  for (const [index, text = ''] of links.entries()) {
    const device = devices[index] ?? '';
    if (/"xdp":\{/.test(text))
      found.push(`An XDP program on ${device} takes packets before any rule: what it passes on is not guarded.`);
    const kind = /"info_kind":"((?:mac|ip)v(?:lan|tap))"/.exec(text)?.[1];
    if (kind !== undefined && !guardsDevices)
      found.push(`${device} is a ${kind}, whose packets pass the rules of the IP stack: they are not guarded.`);
  }
  if (/^\s*flags [^\n]*offload/m.test(flowtables ?? ''))
    found.push('A flowtable is offloaded to the network card: connections through it are not guarded.');
  else if (/^\s*flowtable /m.test(flowtables ?? '') && !guardsDevices)
    found.push('A flowtable carries packets past the rules: connections through it are not guarded.');
  if (!guardsDevices)
    for (const { address } of group.addresses)
      if (servesVirtually(services, bareAddress(address)))
        found.push(`IPVS serves ${bareAddress(address)}: what its real servers answer themselves is not guarded.`);
  return found;
}

/** /proc/net/ip_vs: protocol, then address and port in hexadecimal, IPv6 in brackets. */
function servesVirtually(table: string, address: string): boolean {
  const hex = isIPv6(address)
    ? `[${(ipv6Number(address).slice(2).match(/.{4}/g) ?? []).join(':')}]`
    : Buffer.from(address.split('.').map(Number)).toString('hex');
  return table
    .toLowerCase()
    .split(/\s+/)
    .some((word) => word.startsWith(`${hex}:`));
}

/** Undefined: it took too long, or the command failed by itself; a device that is not there has nothing to tell. */
function outputOf(command: string, words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, [...words], { timeout: commandWithinMs, killSignal: 'SIGKILL' }, (error, text, why) => {
      if (error === null) resolve(text);
      else resolve(/does not exist|Cannot find device/.test(why) ? '' : undefined);
    });
  });
}
