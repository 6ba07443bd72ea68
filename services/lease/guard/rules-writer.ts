// Writes the rules that open and close: what must stand, and with it what only some kernels and devices allow, so that whatever they
// refuse takes nothing of the rest away.
import type { LeaseGroupConfig } from '../../protocol/lease-config.ts';
import { createNftChild, type NftChild } from './nft-child.ts';
import { armLine, closeLine, deviceLines, emptyLine, fireLine, shutLines } from './ruleset.ts';

export type RulesWriter = {
  /** One transaction: closed, nothing armed. False: refused, or its writer is gone. */
  readonly close: (done: (isDone: boolean) => void) => void;
  /** Somebody else changed the rules: the next closing makes them anew. */
  readonly distrust: () => void;
  readonly arm: (key: number, forMs: number, done: (isDone: boolean) => void) => void;
  /** `timeoutMs` is asked for when the line is written; below 1 it is not. */
  readonly fire: (key: number, timeoutMs: () => number, done: (isDone: boolean) => void) => void;
  /** Whether the rules at the devices stand, beside those of the IP stack. */
  readonly guardsDevices: () => boolean;
  readonly stop: NftChild['stop'];
};

export function createRulesWriter(
  group: LeaseGroupConfig,
  deps: {
    readonly after: (delayMs: number, task: () => void) => () => void;
    /** What stands beside the rules of the IP stack was made or refused. */
    readonly onLaid: () => void;
    readonly onFault: (what: string, error?: unknown) => void;
  },
): RulesWriter {
  /** `works`: the kernel took it when it was written last. `isLaid`: it may stand now, so opening must open it too. */
  const device = { ...deviceLines(group), works: false, isLaid: false };
  const shut = { ...shutLines(group), works: false, isLaid: false };
  const extras = [device, shut];
  const closing = closeLine(group);
  let isClosed = false;
  const nft = createNftChild({
    ...deps,
    first: {
      text: () => (isClosed && shut.works ? shut.make : undefined),
      done: (isDone) => {
        shut.isLaid = isDone;
      },
    },
    onEnd: () => {
      shut.isLaid = false;
    },
  });

  /** The chains stand as they were made, as far as is known: then their sets are emptied and their rules made anew. */
  let areWhole = false;
  function close(done: (isDone: boolean) => void): void {
    if (!areWhole) {
      makeAnew(done);
      return;
    }
    nft.write(
      () => emptyLine(group, { device: device.isLaid }),
      (isDone) => {
        if (!isDone || !areWhole) {
          makeAnew(done);
          return;
        }
        isClosed = true;
        done(true);
        // The second copy was taken away to open.
        nft.write(
          () => (isClosed && shut.works && !shut.isLaid ? shut.make : undefined),
          (isLaid) => {
            shut.isLaid ||= isLaid;
          },
        );
      },
    );
  }
  function makeAnew(done: (isDone: boolean) => void): void {
    areWhole = false;
    const along = extras.filter(({ works }) => works);
    nft.write(
      () => [closing, ...along.map(({ make }) => make)].join('; '),
      (isDone) => {
        for (const extra of along) extra.works = isDone;
        if (isDone) {
          isClosed = true;
          areWhole = true;
          for (const extra of along) extra.isLaid = true;
          for (const extra of extras) if (!extra.works) tryAlone(extra);
          done(true);
        } else if (along.length === 0) done(false);
        // One of them may be what was refused: a device can go away.
        else makeAnew(done);
      },
    );
  }
  function tryAlone(extra: (typeof extras)[number]): void {
    nft.write(
      () => (isClosed ? extra.make : undefined),
      (isDone) => {
        extra.works = isDone;
        extra.isLaid = isDone;
        deps.onLaid();
        // What was refused may have stood from before, and would stay shut.
        if (!isDone) nft.write(() => extra.remove, deps.onLaid);
      },
    );
  }

  return {
    close,
    distrust: () => {
      areWhole = false;
    },
    arm: (key, forMs, done) => nft.write(() => armLine(group.name, key, forMs), done),
    fire: (key, timeoutMs, done) =>
      nft.write(
        () => {
          const leftMs = timeoutMs();
          if (leftMs < 1) return undefined;
          return fireLine(group.name, key, leftMs, { device: device.isLaid, shut: shut.isLaid });
        },
        (isDone) => {
          if (isDone) {
            isClosed = false;
            shut.isLaid = false;
          }
          done(isDone);
        },
      ),
    guardsDevices: () => device.isLaid,
    stop: nft.stop,
  };
}
