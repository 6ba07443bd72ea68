// The guard in the kernel: addresses answer only while the gate's element lives, whatever becomes of this process. The order of
// every line is the machine's; here is only how each is written.
import type { LeaseGroupConfig } from '../../protocol/lease-config.ts';
import { createAddressKeeper } from './address-keeper.ts';
import { createAnnouncer } from './announcer.ts';
import type { Guard } from './guard-port.ts';
import { createNftChild } from './nft-child.ts';
import { armLine, closeLine, fireLine } from './ruleset.ts';
import { createRulesetWatch } from './ruleset-watch.ts';

/** A closing that was refused is tried again: until it stands the machine does nothing else. */
const closeAgainMs = 50;
const faultsMax = 8;
/** After a refused line the rules are read; not more often than this, because most refusals are mere lateness on a busy machine. */
const verifyAfterRefusalMs = 500;

export type GuardDeps = {
  readonly after: (delayMs: number, task: () => void) => () => void;
  readonly every: (periodMs: number, task: () => void) => () => void;
  readonly monotonicMs: () => number;
  /** Somebody else changed the rules. */
  readonly onLost: () => void;
  readonly onFault: (what: string, error?: unknown) => void;
};

export function createKernelGuard(config: LeaseGroupConfig, deps: GuardDeps): Guard {
  const { after, monotonicMs } = deps;
  const faults = new Set<string>();
  let refused = 0;
  let lost = 0;
  let isStopped = false;
  let verifiedAt = Number.NEGATIVE_INFINITY;
  const onFault = (what: string, error?: unknown) => {
    if (isStopped) return;
    const isMissing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    if (isMissing && faults.size < faultsMax) faults.add(`${what}: the command is not installed.`);
    deps.onFault(what, error);
  };
  const nft = createNftChild({ after, onFault });
  const addresses = createAddressKeeper(config.addresses, { monotonicMs, onFault });
  const announcer = createAnnouncer(config.addresses, { after, onFault });
  const watch = createRulesetWatch(config.name, {
    ...{ after, every: deps.every, monotonicMs, onFault },
    onLost: () => {
      lost += 1;
      deps.onLost();
    },
  });
  const closing = closeLine(config);

  function close(done: () => void): void {
    if (isStopped) return;
    watch.noteOwnChange();
    nft.write(closing, (isDone) => {
      watch.noteOwnChange();
      if (isDone) {
        faults.delete(closeFault);
        watch.learn();
        done();
        return;
      }
      refused += 1;
      faults.add(closeFault);
      after(closeAgainMs, () => close(done));
    });
  }
  const closeFault = 'The kernel does not take the rules of the guard: this member cannot hold.';
  const counted = (done: (isDone: boolean) => void) => (isDone: boolean) => {
    if (!isDone) {
      refused += 1;
      // Perhaps the tables are gone; a refusal because of lateness finds them as they should be.
      if (monotonicMs() - verifiedAt > verifyAfterRefusalMs) {
        verifiedAt = monotonicMs();
        watch.verify();
      }
    }
    done(isDone);
  };

  return {
    close,
    arm: (key, forMs, done) => nft.write(armLine(config.name, key, forMs), counted(done)),
    fire: (key, timeoutMs, done) => {
      const leftMs = timeoutMs();
      if (leftMs < 1) done(false);
      else nft.write(fireLine(config.name, key, leftMs), counted(done));
    },
    assert: (_epoch, deadline) => addresses.assert(deadline),
    announce: announcer.announce,
    withdraw: addresses.withdraw,
    report: () => ({ kind: faults.size === 0 ? 'kernel' : 'none', faults: [...faults], refused, lost }),
    stop: async () => {
      isStopped = true;
      watch.stop();
      announcer.stop();
      await nft.stop();
      await addresses.stop();
    },
  };
}
