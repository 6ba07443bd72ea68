// Where nftables is missing: the address's own lifetime is the only thing that ends ownership when this process does not, in whole
// seconds. The group's terms allow for one second more (leaseTermsOf).
import { execFile } from 'node:child_process';
import type { LeaseGroupConfig } from '../../protocol/lease-config.ts';
import { addressWithLength, replaceCommand } from './address-keeper.ts';
import { createAnnouncer } from './announcer.ts';
import type { Guard } from './guard-port.ts';
import type { GuardDeps } from './kernel-guard.ts';

const commandWithinMs = 400;
const closeAgainMs = 100;
/** A lifetime of one second lasts up to 1.17 s; with less left than this it would outlast the second that is allowed. */
const leftMsMin = 200;

export function createCoarseGuard(config: LeaseGroupConfig, deps: GuardDeps): Guard {
  const { addresses } = config;
  const announcer = createAnnouncer(addresses, deps);
  let refused = 0;
  let isStopped = false;

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
      if (isDone || isStopped) done();
      else deps.after(closeAgainMs, () => close(done));
    });
  }
  return {
    close,
    arm: (_key, _forMs, done) => done(true),
    fire: (_key, timeoutMs, done) => {
      const leftMs = timeoutMs();
      if (leftMs < leftMsMin) {
        done(false);
        return;
      }
      const seconds = Math.max(1, Math.floor(leftMs / 1000));
      run(
        addresses.map((address) => replaceCommand(address, seconds)),
        () => false,
        (isDone) => {
          if (!isDone) refused += 1;
          done(isDone);
        },
      );
    },
    assert: () => {},
    announce: announcer.announce,
    withdraw: () => {},
    report: () => ({
      ...{ kind: 'coarse', refused, lost: 0 },
      faults: ['Without nftables the address may answer for up to a second after the lease has ended.'],
    }),
    stop: async () => {
      isStopped = true;
      announcer.stop();
    },
  };
}
