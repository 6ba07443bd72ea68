// The group's addresses on their devices, each with a lifetime that outlives the lease by little: the second layer of the guard,
// which a flushed firewall cannot remove. Written through a lasting `ip -batch -`; each refresh also restores what somebody took off.
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import type { LeaseAddressConfig } from '../../protocol/lease-config.ts';
import { bareAddress } from '../../protocol/lease-config.ts';

/** Lifetimes are whole seconds, so refreshing them more often changes nothing. */
const refreshEveryMs = 400;
const commandWithinMs = 2000;
/** What was written may have come to nothing: a device that is down, a child that is stopped. So it is read back this often. */
const lookEveryMs = 1000;
/** Lines that wait for a child that takes none; then it is ended, and a new one gets the newest. */
export const waitingBytesMax = 64 * 1024;

export type AddressKeeper = {
  /** Present, for what is left until `deadline` (monotonic ms), rounded up, and a second. */
  readonly assert: (deadline: number) => void;
  readonly withdraw: () => void;
  readonly stop: () => Promise<void>;
};

/** With its prefix length; a route to this host alone when it has none. */
export function addressWithLength(address: string): string {
  if (address.includes('/')) return address;
  return address.includes(':') ? `${address}/128` : `${address}/32`;
}

/** `ip address replace` with a lifetime in seconds; an IPv6 address is not probed for duplicates and is no source by itself. */
export function replaceCommand({ address, device }: LeaseAddressConfig, seconds: number): string {
  const lifetime = address.includes(':')
    ? `valid_lft ${seconds} preferred_lft 0 nodad`
    : `valid_lft ${seconds} preferred_lft ${seconds}`;
  return `address replace ${addressWithLength(address)} dev ${device} ${lifetime}`;
}

/** An old session's retransmission would announce this node again; kernels without INET_DIAG_DESTROY leave it be. */
export function destroySockets(addresses: readonly LeaseAddressConfig[]): void {
  for (const { address } of addresses)
    execFile('ss', ['-K', 'src', address.split('/')[0] ?? ''], { timeout: commandWithinMs }, () => {});
}

export function createAddressKeeper(
  addresses: readonly LeaseAddressConfig[],
  deps: {
    readonly monotonicMs: () => number;
    readonly every: (periodMs: number, task: () => void) => () => void;
    /** An address may be away for this long, and is put back within. */
    readonly absentMsMax: number;
    /** At each look that finds an address away for longer. */
    readonly onAbsent: () => void;
    readonly onPresent: () => void;
    readonly onFault: (what: string, error?: unknown) => void;
  },
): AddressKeeper {
  let child: ChildProcessWithoutNullStreams | undefined;
  let refreshedAt = Number.NEGATIVE_INFINITY;
  let isAsserted = false;
  let isStopped = false;

  function start(): ChildProcessWithoutNullStreams {
    const started = spawn('ip', ['-force', '-batch', '-'], { detached: true });
    started.stdout.resume();
    // Taking off what is not there is refused, and is what was wanted.
    started.stderr.resume();
    started.stdin.on('error', () => {});
    const end = (error?: unknown) => {
      if (child !== started) return;
      child = undefined;
      refreshedAt = Number.NEGATIVE_INFINITY;
      if (!isStopped) deps.onFault('the ip child has ended; a new one is started with the next change', error);
    };
    started.once('error', end);
    started.once('close', () => end());
    return started;
  }
  function write(lines: readonly string[]): void {
    child ??= start();
    if (child.stdin.writableLength > waitingBytesMax) replace();
    else child.stdin.write(`${lines.join('\n')}\n`);
  }

  /** Its end is told by `close`; the next line starts another. */
  const replace = () => void child?.kill('SIGKILL');

  let absentSince: number | undefined;
  let isLooking = false;
  async function look(): Promise<void> {
    if (!isAsserted || isLooking) return;
    isLooking = true;
    const found = await Promise.all(addresses.map(isPresent));
    isLooking = false;
    if (!isAsserted || isStopped) return;
    if (found.every((isThere) => isThere)) {
      absentSince = undefined;
      deps.onPresent();
      return;
    }
    const now = deps.monotonicMs();
    absentSince ??= now;
    if (now - absentSince < deps.absentMsMax) return;
    deps.onAbsent();
    replace();
  }
  const stopLooking = deps.every(lookEveryMs, () => void look());

  child = start();
  return {
    assert: (deadline) => {
      const now = deps.monotonicMs();
      if (isAsserted && now - refreshedAt < refreshEveryMs) return;
      refreshedAt = now;
      isAsserted = true;
      const seconds = Math.ceil(Math.max(0, deadline - now) / 1000) + 1;
      write(addresses.map((address) => replaceCommand(address, seconds)));
    },
    withdraw: () => {
      write(addresses.map(({ address, device }) => `address delete ${addressWithLength(address)} dev ${device}`));
      refreshedAt = Number.NEGATIVE_INFINITY;
      if (!isAsserted) return;
      isAsserted = false;
      absentSince = undefined;
      destroySockets(addresses);
    },
    stop: async () => {
      isStopped = true;
      stopLooking();
      const last = child;
      if (last === undefined) return;
      const ended = new Promise<void>((resolve) => last.once('close', () => resolve()));
      last.stdin.end();
      const killer = setTimeout(() => last.kill('SIGKILL'), commandWithinMs);
      await ended;
      clearTimeout(killer);
    },
  };
}

/** Whether the device has the address with its prefix length; false also when the device is not there. */
function isPresent({ address, device }: LeaseAddressConfig): Promise<boolean> {
  const [, length] = addressWithLength(address).split('/');
  const words = ['-o', 'address', 'show', 'dev', device];
  return new Promise((resolve) => {
    execFile('ip', words, { timeout: commandWithinMs, killSignal: 'SIGKILL' }, (error, text) =>
      resolve(error === null && text.split(/\s+/).includes(`${bareAddress(address)}/${length}`)),
    );
  });
}
