// What happens to the machine, what it asks its shell to do, and the form of a row of its table.
import type { LeaseAnswer, LeaseDatagram, LeaseDurable, LeaseRequest } from '../../protocol/lease.ts';
import type { LeaseRules } from './rules.ts';
import type { Draft } from './state.ts';
import type { LeasePolicy } from './terms.ts';

/**
 * What the shell reports. Every line to the kernel is acknowledged exactly once, under its key; `isDone` false: the kernel
 * rejected it, or the child that was to write it is gone.
 */
export type ShellEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'timer' }
  | { readonly kind: 'armed'; readonly key: number; readonly isDone: boolean }
  | { readonly kind: 'fired'; readonly key: number; readonly isDone: boolean }
  | { readonly kind: 'closed' }
  | { readonly kind: 'persisted'; readonly record: LeaseDurable }
  /** Somebody else changed the ruleset: what stood there is gone. */
  | { readonly kind: 'guardLost' }
  | {
      readonly kind: 'health';
      readonly priority: number;
      readonly isHealthy: boolean;
      /** False: whatever its services do, it could or should not answer (no right, no guard, another owner without a lease). */
      readonly mayAct: boolean;
      readonly position: number | null;
      readonly isLinkUp: boolean;
    }
  | { readonly kind: 'handOver'; readonly heir: number }
  | { readonly kind: 'quarantine'; readonly isOn: boolean }
  | { readonly kind: 'changeVoters'; readonly voters: readonly number[] }
  | { readonly kind: 'retime'; readonly leaseMs: number };

/** What `decide` derives from its one `now`. */
export type DerivedEvent =
  | { readonly kind: 'deadline' }
  | { readonly kind: 'muteEnds' }
  | { readonly kind: 'learnDue' }
  | { readonly kind: 'helloDue' }
  | { readonly kind: 'contendDue' }
  | { readonly kind: 'roundEnds' }
  | { readonly kind: 'renewDue' }
  | { readonly kind: 'resignDue' }
  | { readonly kind: 'staticDue' }
  | { readonly kind: 'ceilingDue' }
  | { readonly kind: 'guardDue' }
  | { readonly kind: 'suspended' }
  | { readonly kind: 'clockJumped' }
  | { readonly kind: 'cloned' };

export type LeaseEvent = ShellEvent | DerivedEvent | LeaseDatagram;
export type EventKind = LeaseEvent['kind'];
export type EventOf<Kind extends EventKind> = Kind extends LeaseRequest['kind']
  ? LeaseRequest
  : Kind extends LeaseAnswer['kind']
    ? LeaseAnswer
    : Extract<ShellEvent | DerivedEvent, { kind: Kind }>;

/**
 * What the shell does, in this order, each after the one before. `run` and `persist` write the record of the state that
 * comes with them (state.ts); `persist` is acknowledged by `persisted`, the guard's lines by `armed`, `fired`, `closed`.
 */
export type Effect =
  /** To one voter, or to all others of `datagram.set` when `to` is 0. */
  | { readonly kind: 'send'; readonly to: number; readonly datagram: LeaseDatagram }
  | { readonly kind: 'run' }
  | { readonly kind: 'persist' }
  /** One line: an element in the arming set under this key, gone after `forMs`. */
  | { readonly kind: 'arm'; readonly key: number; readonly forMs: number }
  /** One line: open until `deadline` less what the line may wait, and delete exactly this arm last. The timeout is `fireTimeoutMs`, at the moment of writing. */
  | {
      readonly kind: 'fire';
      readonly key: number;
      readonly epoch: number;
      readonly deadline: number;
      readonly decidedAt: number;
    }
  /** One transaction: rules as at boot, lease elements and every arm of the group's addresses gone. */
  | { readonly kind: 'close' }
  /** Addresses present and hooks of this epoch run; `valid_lft` outlives the deadline by little. */
  | { readonly kind: 'assert'; readonly epoch: number; readonly deadline: number }
  | { readonly kind: 'announce'; readonly epoch: number }
  | { readonly kind: 'withdraw' }
  | { readonly kind: 'alarm'; readonly about: 'clone' | 'must-ask-operator' | 'guard-lost' };

export type Context = {
  /** The process's monotonic clock, read for this input. */
  readonly now: number;
  readonly unixMs: number;
  readonly policy: LeasePolicy;
  readonly rules: LeaseRules;
  readonly effects: Effect[];
  readonly reasons: Row[];
  /** Runs the rows of one event; rows call it for their own vote and for what follows at once. */
  readonly dispatch: (draft: Draft, event: LeaseEvent, context: Context, region?: Region) => void;
  /** The answer under way belongs to the question that is open. */
  isCounted: boolean;
  /** What the own voter said to a question of ours. */
  ownAnswer: LeaseAnswer | undefined;
};

export type Region = 'vote' | 'role' | 'guard';

/**
 * A row: in one of the states `from` of a region, when `event` happens and `guard` holds, go to `to` (`same`: stay), run
 * `effects` in order; `sentence` is the reason an operator reads. The first row whose guard holds is taken.
 */
export type RowOf<Kind extends EventKind> = {
  readonly id: string;
  /** Its place in the whole table. */
  readonly place: number;
  readonly region: Region;
  readonly from: readonly string[];
  readonly event: Kind;
  readonly to: string;
  readonly sentence: string;
  guard(draft: Draft, event: EventOf<Kind>, context: Context): boolean;
  readonly effects: readonly RowEffect<Kind>[];
};
type RowEffect<Kind extends EventKind> = {
  run(draft: Draft, event: EventOf<Kind>, context: Context): void;
}['run'];
export type Row = RowOf<EventKind>;

export const always = (): boolean => true;

/** Builds the rows of one region; the columns are those of the table. */
export function rowsOf<State extends string>(region: Region) {
  return <Kind extends EventKind>(
    from: readonly State[] | State,
    event: Kind,
    guard: (draft: Draft, event: EventOf<Kind>, context: Context) => boolean,
    to: State | 'same',
    effects: readonly ((draft: Draft, event: EventOf<Kind>, context: Context) => void)[],
    sentence: string,
  ): Row => {
    const states = typeof from === 'string' ? [from] : from;
    const id = `${region} ${states.join('|')} ${event} ${guard.name}`;
    return { id, place: 0, region, from: states, event, guard, to, effects, sentence };
  };
}
