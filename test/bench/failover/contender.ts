// What is asked of either contender: stand ready with the first host as owner, and suffer a fault there.
import type { ContenderName } from './world.ts';

/** In the order they are run; the last two must move nothing. */
export const faults = [
  'host-cut',
  'graceful',
  'service-killed',
  'service-killed-watched',
  'agent-killed',
  'lease-stopped',
  'nft-stopped',
  'both-stopped',
  'agent-blocked',
  'agent-gone',
] as const;
export type Fault = (typeof faults)[number];
/** Faults of Mailward's main agent alone: keepalived has nothing like it. */
export const stillFaults: readonly Fault[] = ['agent-blocked', 'agent-gone'];

/** A fault that was made on the owner's host. */
export type Strike = {
  /** Resolves when what was stopped runs again; undefined when the fault lasts. */
  readonly thawed: Promise<void> | undefined;
  /** When the lease ends that its holder can no longer renew, in ms of the machine's clock; undefined where it still can. */
  readonly leaseEndsAt: number | undefined;
  /** Takes the fault away. */
  readonly mend: () => Promise<void>;
};

export type Contender = {
  readonly name: ContenderName;
  /** Starts on all hosts in the form that the fault needs; does nothing when it runs in that form already. */
  readonly prepare: (fault: Fault) => Promise<void>;
  /** Until the first host owns and the others stand by. */
  readonly steady: () => Promise<void>;
  /** `frozenMs`: how long something is stopped, where the fault is a stop. */
  readonly strike: (fault: Fault, frozenMs: number) => Promise<Strike>;
  /** Takings of ownership since the start. */
  readonly takings: () => Promise<number>;
  readonly stop: () => Promise<void>;
};
