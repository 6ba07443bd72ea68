// The moves of a group, put together from what its lease processes told of themselves: a tenure begins when one says that it
// holds under an epoch, and ends when the same process says that it no longer does. One that keeps the addresses without a
// majority serves on: its tenure ends when it gives them up, or holds anew.
import type { FailoverMove, ToldEntry } from '../protocol/failover.ts';

type Tenure = {
  readonly node: string;
  readonly epoch: number;
  readonly since: number;
  readonly how: string;
  endedAt: number | null;
  why: string | null;
  isStatic: boolean;
};
/** Roles that one may pass through on its way to hold again, without giving up what it keeps. */
const contending: readonly string[] = ['unconfirmed', 'polling', 'preparing', 'proposing'];

/**
 * `entries` in any order; moves come the newest first. `before`: nothing is known from this instant on, so that the newest tenure
 * is told of up to it.
 */
export function movesOf(entries: readonly ToldEntry[], before?: number): FailoverMove[] {
  const tenures = new Map<number, Tenure>();
  const openByProcess = new Map<string, Tenure>();
  const told = entries
    .filter((entry) => entry.region === 'role')
    .sort((a, b) => a.startedAt - b.startedAt || a.number - b.number);
  for (const { node, startedAt, role, epoch, time, sentence } of told) {
    const process = `${node} ${startedAt}`;
    const open = openByProcess.get(process);
    if (role === 'holding' && epoch !== 0) {
      // A process that was restarted takes its epoch up again: one tenure, told twice.
      const known = tenures.get(epoch);
      const tenure = known ?? { node, epoch, since: time, how: sentence, endedAt: null, why: null, isStatic: false };
      if (open !== undefined && open !== known) open.endedAt = time;
      if (known !== undefined) Object.assign(known, { endedAt: null, why: null, isStatic: false });
      tenures.set(epoch, tenure);
      openByProcess.set(process, tenure);
    } else if (open !== undefined && role !== 'holding') {
      // Resigning takes a moment: its reason stands at its beginning, its end is when the address is given up.
      open.why ??= sentence;
      open.isStatic = role === 'unconfirmed' || (open.isStatic && contending.includes(role));
      if (open.isStatic) continue;
      open.endedAt = time;
      if (role !== 'resigning') openByProcess.delete(process);
    }
  }
  const inOrder = [...tenures.values()].sort((a, b) => a.epoch - b.epoch);
  return inOrder
    .map((tenure, at): FailoverMove => {
      const last = inOrder[at - 1];
      const endedAt = tenure.endedAt ?? inOrder[at + 1]?.since ?? before ?? null;
      return {
        ...{ epoch: tenure.epoch, to: tenure.node, at: tenure.since, how: tenure.how },
        ...{ from: last?.node ?? null, fromEndedAt: last?.endedAt ?? null, why: last?.why ?? null },
        gapMs: last === undefined || last.endedAt === null ? null : Math.max(0, tenure.since - last.endedAt),
        heldMs: endedAt === null ? null : Math.max(0, endedAt - tenure.since),
      };
    })
    .reverse();
}
