// Who else has a group's addresses: the machine's own network configuration, somebody who put them on a device of this host, or another
// host that answers for them. Mailward fights nobody: it waits, and says whom to take them from.
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LeaseAddressConfig, LeaseGroupConfig } from '../protocol/lease-config.ts';
import { bareAddress } from '../protocol/lease-config.ts';

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
/** What `ip -j address` shows for `forever`; what Mailward puts on a device always has an end. */
const foreverSeconds = 2 ** 32 - 1;
/** A neighbour is asked twice, because one question may be lost; it answers within milliseconds. */
const questions = 2;
const answerWithinMsMax = 250;

/** Files of this machine that name an address of the group: it would come back at every turn. */
export async function findConfigured(config: LeaseGroupConfig): Promise<string[]> {
  const sentences: string[] = [];
  for (const [folder, owner] of configuredBy) {
    const files = (await readdir(folder, { recursive: true }).catch(() => [])).slice(0, filesMax);
    for (const file of files) {
      const path = join(folder, file);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || !found.isFile() || found.size > fileBytesMax) continue;
      const words = (await readFile(path, 'utf8').catch(() => '')).split(/[^0-9a-fA-F.:]+/);
      for (const { address } of config.addresses)
        if (words.includes(bareAddress(address)))
          sentences.push(`${bareAddress(address)} is also set by ${owner} in ${path}: take it out there.`);
    }
  }
  return sentences;
}

/** Addresses of the group that stand on a device of this host and have no end, so that Mailward did not put them there. */
export async function findStatic(config: LeaseGroupConfig): Promise<string[]> {
  const text = await outputOf('ip', ['-j', 'address', 'show']);
  if (text === undefined) return [];
  const links = JSON.parse(text) as {
    readonly ifname: string;
    readonly addr_info?: readonly { readonly local?: string; readonly valid_life_time?: number }[];
  }[];
  return config.addresses.flatMap(({ address }) =>
    links
      .filter(({ addr_info }) =>
        addr_info?.some(
          (each) => each.valid_life_time === foreverSeconds && bareAddress(each.local ?? '') === bareAddress(address),
        ),
      )
      .map(
        ({ ifname }) =>
          `${bareAddress(address)} is on ${ifname} already and has no end there, so somebody else put it there: ` +
          'take it off, and out of whatever sets it (keepalived, the network configuration), before Mailward owns it.',
      ),
  );
}

/**
 * Other hosts that answer for an address of the group on its device; ARP and neighbour discovery are the kernel's own. Of `withinMs`
 * half is waited for answers, at most; the other half is for the commands.
 */
export async function askNeighbours(
  config: LeaseGroupConfig,
  after: (delayMs: number, task: () => void) => () => void,
  withinMs = 2 * questions * answerWithinMsMax,
): Promise<string[]> {
  const answerWithinMs = Math.min(answerWithinMsMax, withinMs / 2 / questions);
  const wait = () => new Promise<void>((resume) => after(answerWithinMs, resume));
  const answered = await Promise.all(config.addresses.map((address) => askNeighbour(address, wait)));
  return answered.flatMap((mac, index) =>
    mac === undefined
      ? []
      : [
          `Another host (${mac}) answers for ${bareAddress(config.addresses[index]?.address ?? '')}, though nobody is known to ` +
            'hold it by a lease: take the address off there (keepalived, the network configuration).',
        ],
  );
}

async function askNeighbour(
  { address, device }: LeaseAddressConfig,
  wait: () => Promise<void>,
): Promise<string | undefined> {
  const bare = bareAddress(address);
  // A process each: a deletion that finds nothing ends a batch of them.
  const neighbour = (...words: string[]) => outputOf('ip', ['neighbour', ...words]);
  const forget = () => neighbour('delete', bare, 'dev', device);
  let mac: string | undefined;
  for (let question = 0; question < questions && mac === undefined; question++) {
    await forget();
    // `use` lets the kernel ask as if it had a packet for it (ip-neighbour(8)).
    await neighbour('replace', bare, 'dev', device, 'use');
    await wait();
    mac = /lladdr (\S+)/.exec((await neighbour('show', bare, 'dev', device)) ?? '')?.[1];
  }
  await forget();
  return mac;
}

/** Output of a command, undefined when it failed. */
function outputOf(command: string, words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, [...words], { timeout: commandWithinMs, killSignal: 'SIGKILL' }, (error, text) =>
      resolve(error === null ? text : undefined),
    );
  });
}
