// Puts announcements on the wire. Node has no raw sockets; socat(1) has, and one that waits for its frame costs no start when it
// matters. A socat sends one frame and ends, so that two frames never become one.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { LeaseAddressConfig } from '../../protocol/lease-config.ts';
import { bareAddress } from '../../protocol/lease-config.ts';
import { arpAnnouncement, neighbourAdvertisement } from './announcement-frames.ts';

/** After the opening, and after a link has come up, in ms: switches and neighbours may miss one. */
export const announceAfterMs = [0, 20, 200, 1000, 5000] as const;
/** A switch that was started anew, or a cable in another port, knows nothing of the addresses. */
const lookAtLinksEveryMs = 200;

export type Announcer = {
  readonly announce: (isCurrent: () => boolean) => void;
  /** Nothing is said any more: a frame that a delayed socat holds passes by the rules, so the socat is ended. */
  readonly silence: () => void;
  readonly stop: () => void;
};

export function createAnnouncer(
  addresses: readonly LeaseAddressConfig[],
  deps: {
    readonly after: (delayMs: number, task: () => void) => () => void;
    readonly every: (periodMs: number, task: () => void) => () => void;
    readonly onFault: (what: string, error?: unknown) => void;
  },
): Announcer {
  const waiting = new Map<LeaseAddressConfig, ChildProcess>();
  const sending = new Set<ChildProcess>();
  let cancels: (() => void)[] = [];
  let isStopped = false;

  function prepare(address: LeaseAddressConfig): void {
    if (isStopped) return;
    const child = spawn('socat', ['-u', 'STDIN', `INTERFACE:${address.device}`], {
      ...{ detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
    });
    child.stdin?.on('error', () => {});
    child.once('error', (error) => deps.onFault('socat cannot be started, so that no move is announced', error));
    child.once('close', () => {
      sending.delete(child);
      if (waiting.get(address) === child) waiting.delete(address);
    });
    waiting.set(address, child);
  }
  function tell(address: LeaseAddressConfig): void {
    if (!waiting.has(address)) prepare(address);
    const child = waiting.get(address);
    waiting.delete(address);
    const frame = frameOf(address);
    if (child !== undefined) {
      sending.add(child);
      child.stdin?.end(frame);
    }
    prepare(address);
  }

  /** What is announced while it is current; undefined: nothing since the last silence. */
  let isAnnounced: (() => boolean) | undefined;
  function announce(isCurrent: () => boolean): void {
    isAnnounced = isCurrent;
    for (const cancel of cancels) cancel();
    const tellAll = () => {
      if (!isCurrent()) return;
      for (const address of addresses) {
        try {
          tell(address);
        } catch (error) {
          deps.onFault(`${address.address} could not be announced on ${address.device}`, error);
        }
      }
    };
    const [, ...later] = announceAfterMs;
    cancels = later.map((delayMs) => deps.after(delayMs, tellAll));
    tellAll();
  }
  function silence(): void {
    isAnnounced = undefined;
    for (const cancel of cancels) cancel();
    for (const child of sending) child.kill('SIGKILL');
  }
  let linksUp = timesUp(addresses);
  const stopLooking = deps.every(lookAtLinksEveryMs, () => {
    const before = linksUp;
    linksUp = timesUp(addresses);
    if (linksUp !== before && isAnnounced !== undefined) announce(isAnnounced);
  });

  for (const address of addresses) prepare(address);
  return {
    announce,
    silence,
    stop: () => {
      isStopped = true;
      stopLooking();
      silence();
      for (const child of waiting.values()) child.stdin?.end();
    },
  };
}

/** How often each device's link has come up; one that is not there has none. */
function timesUp(addresses: readonly LeaseAddressConfig[]): string {
  return addresses
    .map(({ device }) => {
      try {
        return readFileSync(`/sys/class/net/${device}/carrier_up_count`, 'latin1').trim();
      } catch {
        return '';
      }
    })
    .join(' ');
}

/** Throws when the device is not there. */
function frameOf({ address, device }: LeaseAddressConfig): Buffer {
  const mac = readFileSync(`/sys/class/net/${device}/address`, 'latin1').trim();
  const bare = bareAddress(address);
  return bare.includes(':') ? neighbourAdvertisement(bare, mac) : arpAnnouncement(bare, mac);
}
