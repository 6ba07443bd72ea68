// What the lease's loop asks of whatever opens and closes the group's addresses. Lines are given one at a time.
export type Acknowledge = (isDone: boolean) => void;

export type GuardReport = {
  readonly kind: 'kernel' | 'coarse' | 'none' | 'shadow' | 'observe-only';
  /** What does not stand as it should, in sentences. */
  readonly faults: readonly string[];
  /** Lines that were refused or lost since the start. */
  readonly refused: number;
  /** Times that somebody else's change was found. */
  readonly lost: number;
};

export type Guard = {
  readonly arm: (key: number, forMs: number, done: Acknowledge) => void;
  /** `timeoutMs` is read when the line is written. */
  readonly fire: (key: number, timeoutMs: () => number, done: Acknowledge) => void;
  /** Repeats until it stands; rules as at boot, nothing open, nothing armed. */
  readonly close: (done: () => void) => void;
  /** Addresses present until shortly after the deadline (monotonic ms). */
  readonly assert: (epoch: number, deadline: number) => void;
  /** Tells the neighbours, several times; silent once `isCurrent` says no. */
  readonly announce: (isCurrent: () => boolean) => void;
  readonly withdraw: () => void;
  readonly report: () => GuardReport;
  readonly stop: () => Promise<void>;
};

/** For a witness, a group in shadow, an agent without the right: acknowledges all and touches nothing. */
export function createGuardWithoutEffect(kind: GuardReport['kind']): Guard {
  return {
    arm: (_key, _forMs, done) => done(true),
    fire: (_key, timeoutMs, done) => done(timeoutMs() > 0),
    close: (done) => done(),
    assert: () => {},
    announce: () => {},
    withdraw: () => {},
    report: () => ({ kind, faults: [], refused: 0, lost: 0 }),
    stop: async () => {},
  };
}
