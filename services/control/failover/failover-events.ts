// What control knows of lease groups, in the log and in the metrics. Groups are bounded, and so are their voters. What a node
// knows itself is mailward_lease_… of its agent; what control makes of what all say is mailward_group_….
import { Counter, Gauge, type Registry } from 'prom-client';
import type { AuditRecord, FailoverGroup, LeaseHistoryMessage } from '../../protocol/failover.ts';
import type { LeaseLook } from '../../runtime/lease/lease-watch.ts';
import type { Logger } from '../../runtime/log.ts';

export type FailoverEvents = ReturnType<typeof createFailoverEvents>;

/** `not-listed`: of a group whose voters do not know the node; `to-come`: entries of days to come. */
export type ReportRefusal = 'wrong-node' | 'too-large' | 'not-understood' | 'not-kept' | 'not-listed' | 'to-come';

export function createFailoverEvents(deps: { readonly log: Logger; readonly registry: Registry }) {
  const { log, registry } = deps;
  const registers = [registry];
  const gauge = <Name extends string>(name: string, help: string, labelNames: readonly Name[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  const states = gauge('mailward_group_states', 'Lease groups by what is known of them', ['state']);
  const owner = gauge('mailward_group_owner', 'Which node owns the addresses of the group', ['group', 'node']);
  const epoch = gauge('mailward_group_epoch', 'Epoch of the owner, the ballot that it won', ['group']);
  const deadline = gauge('mailward_group_deadline_seconds', 'Left of the lease when its holder last spoke', ['group']);
  const voters = gauge('mailward_group_voters', 'Voters of the group', ['group']);
  const heard = gauge('mailward_group_voters_heard', 'Voters of the group that control hears and that vote', ['group']);
  const votes = gauge('mailward_group_votes', 'Voters that are heard and name the owner', ['group']);
  const open = gauge('mailward_group_guard_open', 'Whether the guard of the member is open', ['group', 'node']);
  const eligible = gauge('mailward_group_eligible', 'Whether the member may hold', ['group', 'node']);
  const moves = new Counter({
    ...{ name: 'mailward_group_moves_total', help: 'Epochs of the group that began since this process started' },
    ...{ labelNames: ['group'], registers },
  });
  const entries = new Counter({
    ...{
      name: 'mailward_group_history_entries_total',
      help: 'Entries of histories that were taken, those that came again among them',
    },
    registers,
  });
  const refused = new Counter({
    ...{ name: 'mailward_group_reports_refused_total', help: 'Forwarded reports that were not taken, by reason' },
    ...{ labelNames: ['reason'], registers },
  });
  const gauges = [states, owner, epoch, deadline, voters, heard, votes, open, eligible];
  const epochById = new Map<string, { readonly epoch: number; readonly label: string }>();
  let said = new Map<string, string>();
  let notKept = '';
  let witnessSilence: string | undefined = '';

  return {
    /** Sets every gauge anew; says in the log what is another than before. */
    groupsObserved(groups: readonly FailoverGroup[]): void {
      for (const each of gauges) each.reset();
      for (const view of groups) {
        const isShared = groups.some(({ id, group }) => id !== view.id && group === view.group);
        const group = isShared ? `${view.group} ${view.id}` : view.group;
        states.inc({ state: view.sentence.code });
        if (view.owner !== null) {
          owner.set({ group, node: view.owner.node }, 1);
          epoch.set({ group }, view.owner.epoch);
          const before = epochById.get(view.id);
          moves.inc({ group }, before !== undefined && view.owner.epoch > before.epoch ? 1 : 0);
          if (before !== undefined && before.label !== group) moves.remove({ group: before.label });
          epochById.set(view.id, { epoch: Math.max(before?.epoch ?? 0, view.owner.epoch), label: group });
        }
        if (view.leaseLeftMs !== null) deadline.set({ group }, view.leaseLeftMs / 1000);
        voters.set({ group }, view.votes.voters);
        heard.set({ group }, view.votes.heard);
        votes.set({ group }, view.votes.agree);
        for (const { node, word, unfit, isWitness } of view.voters) {
          if (word === null || word.isStale || isWitness) continue;
          open.set({ group, node }, word.guard.openMs === null ? 0 : 1);
          eligible.set({ group, node }, unfit.length === 0 ? 1 : 0);
        }
      }
      const now = new Map(groups.map(({ id, sentence }) => [id, `${sentence.code} ${sentence.args.node ?? ''}`]));
      for (const { id, group, sentence } of groups)
        if (said.get(id) !== now.get(id))
          log.info({ group, id, state: sentence.code, ...sentence.args }, 'what is known of a lease group has changed');
      for (const [id, { label }] of epochById) {
        if (now.has(id)) continue;
        epochById.delete(id);
        moves.remove({ group: label });
      }
      said = now;
    },
    entriesKept({ entries: told }: LeaseHistoryMessage): void {
      notKept = '';
      entries.inc(told.length);
    },
    reportRefused(reason: ReportRefusal, error?: unknown): void {
      refused.inc({ reason });
      // Every agent may have its own sent again each second: it is said when it is another fault than before.
      if (reason !== 'not-kept' || notKept === String(error)) return;
      notKept = String(error);
      log.error({ err: error }, 'what a lease group did could not be kept; it is sent again');
    },
    /** Said when it is another than before. */
    witnessLooked({ why }: LeaseLook): void {
      if (why === witnessSilence) return;
      witnessSilence = why;
      if (why === undefined) log.info('the witness beside control answers');
      else log.warn({ why }, 'the witness beside control does not answer');
    },
    wordsNotKept(error: unknown): void {
      log.error({ err: error }, 'what voters said last could not be kept; it is lost with a restart of control');
    },
    orderNotRecorded({ id, action, target, node, outcome }: AuditRecord, error: unknown): void {
      const what = { id, action, target, node, outcome };
      log.error({ err: error, ...what }, 'what came of an order could not be put on record');
    },
    orderRecorded({ id, action, target, node, outcome, detail }: AuditRecord): void {
      log.warn({ id, action, target, node, outcome, detail }, 'an order to a lease group is on record');
    },
  };
}
