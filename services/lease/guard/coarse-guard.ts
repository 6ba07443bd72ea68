// Where nftables is missing: the address's own lifetime is the only thing that ends ownership when this process does not, in whole
// seconds. The group's terms allow for one second more (leaseTermsOf). A lifetime is a duration: a machine that stands still between
// the look at the clock and the command starts it late, by as long as it stood; only nftables can refuse such a line.
import { execFile } from 'node:child_process';
import type { LeaseGroupConfig } from '../../protocol/lease-config.ts';
import { leaseTermsOf } from '../../protocol/lease-config.ts';
import { addressWithLength, destroySockets, replaceCommand } from './address-keeper.ts';
import { createAnnouncer } from './announcer.ts';
import type { Guard } from './guard-port.ts';
import { armAgainMs, type GuardDeps } from './kernel-guard.ts';
import { createPatience, createUnfitness } from './unfitness.ts';

const commandWithinMs = 400;
const closeAgainMs = 100;
/** A lifetime of one second lasts up to 1.17 s, and its command may be late: with less left it would outlast the second allowed. */
export const leftMsMin = commandWithinMs + 200;

export function createCoarseGuard(config: LeaseGroupConfig, deps: GuardDeps): Guard {
  const { addresses } = config;
  const announcer = createAnnouncer(addresses, deps);
  let refused = 0;
  let isStopped = false;
  const faults = new Set(['Without nftables the address may answer for up to a second after the lease has ended.']);
  const allowedMs = 2 * leaseTermsOf(config).advertMs;
  const patienceWith = (part: string, why: string) => {
    const unfitness = createUnfitness(part, why, faults, {
      after: deps.after,
      onFitness: (...told) => {
        if (!isStopped) deps.onFitness(...told);
      },
    });
    return createPatience(unfitness, allowedMs, deps.monotonicMs);
  };
  const adding = patienceWith(
    'the addresses',
    `For ${allowedMs} ms the addresses could not be put on their devices: this member is not fit to hold.`,
  );
  const removing = patienceWith(
    'taking the addresses off',
    `For ${allowedMs} ms the addresses could not be taken off: this member is not fit, and they go with their lifetime.`,
  );

  /** True when every command succeeded, or failed as `isFine` allows. */
  function run(commands: readonly string[], isFine: (words: string) => boolean, done: (isDone: boolean) => void): void {
    let left = commands.length;
    let isDone = true;
    for (const command of commands)
      execFile('ip', command.split(' '), { timeout: commandWithinMs, killSignal: 'SIGKILL' }, (error, _out, words) => {
        if (error !== null && !isFine(words)) isDone = false;
        left -= 1;
        if (left === 0) done(isDone);
      });
  }
  function remove(done: (isDone: boolean) => void): void {
    const commands = addresses.map(
      ({ address, device }) => `address delete ${addressWithLength(address)} dev ${device}`,
    );
    run(commands, (words) => /cannot assign|not found/i.test(words), done);
  }
  function close(done: () => void): void {
    announcer.silence();
    remove((isDone) => {
      if (isDone) {
        removing.succeeded();
        destroySockets(addresses);
      } else {
        refused += 1;
        removing.refused();
      }
      if (isDone || isStopped) done();
      else deps.after(closeAgainMs, () => close(done));
    });
  }
  return {
    close,
    arm: (_key, _forMs, done) => done(true),
    fire: (_key, timeoutMs, done) => {
      const leftMs = timeoutMs();
      // The machine tries again at once, and would find no more left.
      const refuse = () => void deps.after(armAgainMs, () => done(false));
      if (leftMs < leftMsMin) {
        refuse();
        return;
      }
      const seconds = Math.max(1, Math.floor(leftMs / 1000));
      run(
        addresses.map((address) => replaceCommand(address, seconds)),
        () => false,
        (isDone) => {
          if (isDone) {
            adding.succeeded();
            done(true);
            return;
          }
          refused += 1;
          adding.refused();
          refuse();
        },
      );
    },
    assert: () => {},
    announce: announcer.announce,
    withdraw: () => {},
    report: () => ({ kind: 'coarse', refused, lost: 0, faults: [...faults] }),
    stop: async () => {
      isStopped = true;
      adding.succeeded();
      removing.succeeded();
      announcer.stop();
    },
  };
}
