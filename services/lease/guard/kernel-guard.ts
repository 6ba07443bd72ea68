// The guard in the kernel: addresses answer only while the gate's element lives, whatever becomes of this process. The order of
// every line is the machine's; here is only how each is written.
import type { LeaseGroupConfig } from '../../protocol/lease-config.ts';
import { leaseTermsOf } from '../../protocol/lease-config.ts';
import { createAddressKeeper } from './address-keeper.ts';
import { createAnnouncer } from './announcer.ts';
import { findBypasses } from './bypasses.ts';
import type { Guard } from './guard-port.ts';
import { createRulesWriter } from './rules-writer.ts';
import { createRulesetWatch } from './ruleset-watch.ts';
import { createPatience, createUnfitness } from './unfitness.ts';

/** A closing that was refused is tried again: until it stands the machine does nothing else. */
const closeAgainMs = 50;
/** The machine arms again at once; an arm is never late, so that a refused one would only be refused again. */
export const armAgainMs = 50;
const faultsMax = 8;
/** Somebody may make another way for packets while this runs. */
const lookForBypassesEveryMs = 10_000;
/** After a refused line the rules are read; not more often than this, because most refusals are mere lateness on a busy machine. */
const verifyAfterRefusalMs = 500;

export type GuardDeps = {
  readonly after: (delayMs: number, task: () => void) => () => void;
  readonly every: (periodMs: number, task: () => void) => () => void;
  readonly monotonicMs: () => number;
  /** Somebody else changed the rules. */
  readonly onLost: () => void;
  /** Whether this member could open what it would hold, as far as `part` tells; told on change. */
  readonly onFitness: (part: string, isFit: boolean, why: string) => void;
  readonly onFault: (what: string, error?: unknown) => void;
};

export function createKernelGuard(config: LeaseGroupConfig, deps: GuardDeps): Guard {
  const { after, monotonicMs } = deps;
  const faults = new Set<string>();
  let refused = 0;
  let lost = 0;
  let isStopped = false;
  let verifiedAt = Number.NEGATIVE_INFINITY;
  const openWithinMs = 2 * leaseTermsOf(config).advertMs;
  const fitness = {
    after,
    onFitness: (part: string, isFit: boolean, why: string) => {
      if (!isStopped) deps.onFitness(part, isFit, why);
    },
  };
  const opening = createUnfitness(
    'the guard',
    `For ${openWithinMs} ms the guard could not be opened: this member is not fit.`,
    faults,
    fitness,
  );
  const presence = createUnfitness(
    'the addresses',
    'An address that should be here is not on its device: this member is not fit to hold.',
    faults,
    fitness,
  );
  const patience = createPatience(opening, openWithinMs, monotonicMs);
  function noteRefused(): void {
    refused += 1;
    patience.refused();
  }
  const onFault = (what: string, error?: unknown) => {
    if (isStopped) return;
    const isMissing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    if (isMissing && faults.size < faultsMax) faults.add(`${what}: the command is not installed.`);
    deps.onFault(what, error);
  };
  function onLaid(): void {
    watch.noteOwnChange();
    watch.learn();
    lookForBypasses();
  }
  const rules = createRulesWriter(config, { after, onFault, onLaid });
  const addresses = createAddressKeeper(config.addresses, {
    ...{ monotonicMs, onFault, every: deps.every, absentMsMax: openWithinMs },
    onAbsent: presence.note,
    onPresent: presence.clear,
  });
  const announcer = createAnnouncer(config.addresses, { after, every: deps.every, onFault });
  const watch = createRulesetWatch(config.name, {
    ...{ after, every: deps.every, monotonicMs, onFault, guardsDevices: rules.guardsDevices },
    onLost: () => {
      lost += 1;
      rules.distrust();
      deps.onLost();
    },
  });

  function close(done: () => void): void {
    if (isStopped) return;
    announcer.silence();
    watch.noteOwnChange();
    rules.close((isDone) => {
      watch.noteOwnChange();
      if (isDone) {
        faults.delete(closeFault);
        done();
        watch.learn();
        return;
      }
      noteRefused();
      faults.add(closeFault);
      after(closeAgainMs, () => close(done));
    });
  }
  let bypasses: readonly string[] = [];
  const lookForBypasses = () =>
    void findBypasses(config, rules.guardsDevices()).then((found) => {
      for (const sentence of found) if (!bypasses.includes(sentence)) deps.onFault(sentence);
      bypasses = found;
    });
  const stopLooking = deps.every(lookForBypassesEveryMs, lookForBypasses);
  const closeFault = 'The kernel does not take the rules of the guard: this member cannot hold.';
  const counted = (done: (isDone: boolean) => void) => (isDone: boolean) => {
    if (!isDone) {
      noteRefused();
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
    arm: (key, forMs, done) => {
      const answer = (isDone: boolean) => (isDone ? done(true) : void after(armAgainMs, () => done(false)));
      rules.arm(key, forMs, counted(answer));
    },
    fire: (key, timeoutMs, done) => {
      if (timeoutMs() < 1) {
        done(false);
        return;
      }
      const answer = (isDone: boolean) => {
        if (isDone) patience.succeeded();
        done(isDone);
      };
      rules.fire(key, timeoutMs, counted(answer));
    },
    assert: (_epoch, deadline) => addresses.assert(deadline),
    announce: announcer.announce,
    withdraw: addresses.withdraw,
    report: () => {
      const all = [...faults, ...bypasses];
      return { kind: all.length === 0 ? 'kernel' : 'none', faults: all, refused, lost };
    },
    stop: async () => {
      isStopped = true;
      opening.clear();
      presence.clear();
      stopLooking();
      watch.stop();
      announcer.stop();
      await rules.stop();
      await addresses.stop();
    },
  };
}
