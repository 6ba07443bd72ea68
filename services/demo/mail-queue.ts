import type { Clock } from '../runtime/clock.ts';
import type { Party } from './cast.ts';
import { composeNotice } from './mail.ts';
import type { NodeLog, Pids } from './node-log.ts';
import * as lines from './postfix-lines.ts';

/** Bounds and times of a queue; the three times are Postfix parameters, set short so that a demo shows them at work. */
export const queueLimits = {
  entriesMax: 500,
  minimalBackoffMs: 45_000,
  maximalBackoffMs: 300_000,
  maximalLifetimeMs: 25 * 60_000,
} as const;

/** Where a recipient's mail goes next. `relay` is as a delivery line names it, `relayHost` the same without the port. */
export type Hop = {
  readonly service: 'smtp' | 'lmtp';
  readonly target: string;
  readonly relay: string;
  readonly relayHost: string;
};

export type Parcel = { readonly from: string; readonly to: readonly string[]; readonly raw: string };

/** How a hop went: a reply for each recipient, or no conversation at all. */
export type DialOutcome =
  | {
      readonly kind: 'answered';
      readonly replies: readonly { readonly reply: lines.Reply; readonly command: string }[];
      readonly connectionMs: number;
      readonly transmissionMs: number;
    }
  | { readonly kind: 'no-connection'; readonly reason: string };
export type Dial = (target: string, client: Party, parcel: Parcel, done: (outcome: DialOutcome) => void) => void;

export type MailQueue = {
  readonly isFull: () => boolean;
  readonly newId: () => string;
  /** Takes what smtpd and cleanup accepted. */
  readonly accept: (
    queueId: string,
    parcel: Parcel,
    options: { readonly isFiltered: boolean; readonly arrivedAt: number },
  ) => void;
  readonly hold: (queueId: string, parcel: Parcel) => void;
  /** What `postsuper -H ALL` does. */
  readonly releaseHeld: () => void;
};

type Entry = {
  readonly queueId: string;
  readonly from: string;
  readonly raw: string;
  readonly isFiltered: boolean;
  readonly arrivedAt: number;
  waiting: string[];
};
type Failure = { readonly to: string; readonly reason: string };

/**
 * qmgr, the delivery agents and bounce of one node: tries each message, retries what was deferred, returns what failed for
 * good or grew too old, and writes what Postfix would write. Runs on the clock it is given, real or virtual.
 */
export function createMailQueue(
  options: { readonly party: Party; readonly routeOf: (recipient: string, isFiltered: boolean) => Hop },
  deps: {
    readonly clock: Clock;
    readonly log: NodeLog;
    readonly pids: Pids;
    readonly dial: Dial;
    readonly newId: () => string;
  },
): MailQueue {
  const { party, routeOf } = options;
  const { clock, log, pids, dial, newId } = deps;
  const entries = new Map<string, Entry>();
  const held = new Map<string, Entry>();
  const qmgrPid = pids.acquire('qmgr');

  const say = (service: string, text: string) => {
    const pid = pids.acquire(service);
    log(`postfix/${service}`, pid, text);
    pids.release(service, pid);
  };
  const sayQmgr = (text: string) => log('postfix/qmgr', qmgrPid, text);

  function take(queueId: string, parcel: Parcel, isFiltered: boolean, arrivedAt = clock.now()): Entry {
    return { queueId, from: parcel.from, raw: parcel.raw, isFiltered, arrivedAt, waiting: [...parcel.to] };
  }

  function activate(entry: Entry): void {
    if (!entries.has(entry.queueId)) return;
    const activeAt = clock.now();
    sayQmgr(lines.queuedText(entry.queueId, entry.from, entry.raw.length, entry.waiting.length));
    const hops = new Map<string, { hop: Hop; to: string[] }>();
    for (const recipient of entry.waiting) {
      const hop = routeOf(recipient, entry.isFiltered);
      // LMTP takes one recipient a transaction, so that each gets a reply of its own.
      const key = hop.service === 'lmtp' ? `${hop.target} ${recipient}` : hop.target;
      const group = hops.get(key) ?? { hop, to: [] };
      group.to.push(recipient);
      hops.set(key, group);
    }
    let open = hops.size;
    const failures: Failure[] = [];
    const deferred: Failure[] = [];
    for (const { hop, to } of hops.values()) {
      dial(hop.target, party, { from: entry.from, to, raw: entry.raw }, (outcome) => {
        record(entry, hop, to, outcome, activeAt, failures, deferred);
        open -= 1;
        if (open === 0) settle(entry, failures, deferred);
      });
    }
  }

  function record(
    entry: Entry,
    hop: Hop,
    to: readonly string[],
    outcome: DialOutcome,
    activeAt: number,
    failures: Failure[],
    deferred: Failure[],
  ): void {
    const pid = pids.acquire(hop.service);
    const program = `postfix/${hop.service}`;
    const beforeQmgr = activeAt - entry.arrivedAt;
    if (outcome.kind === 'no-connection') {
      log(program, pid, outcome.reason);
      const delays = { beforeQmgr, qmgr: 10, connection: Math.max(0, clock.now() - activeAt), transmission: 0 };
      for (const recipient of to) {
        const line = {
          queueId: entry.queueId,
          to: recipient,
          relay: 'none',
          delays,
          dsn: '4.4.1',
          reason: outcome.reason,
        };
        log(program, pid, lines.deliveryText({ ...line, status: 'deferred' }));
        deferred.push({ to: recipient, reason: outcome.reason });
      }
    } else {
      const { connectionMs: connection, transmissionMs: transmission } = outcome;
      const spent = clock.now() - activeAt;
      const delays = { beforeQmgr, qmgr: Math.max(0, spent - connection - transmission), connection, transmission };
      for (const [at, recipient] of to.entries()) {
        const answer = outcome.replies[at];
        if (answer === undefined) continue;
        const { reply, command } = answer;
        const line = { queueId: entry.queueId, to: recipient, relay: hop.relay, delays, dsn: reply.enhanced };
        const said = lines.saidText(hop.relayHost, reply, command);
        if (lines.isSuccess(reply)) {
          log(program, pid, lines.deliveryText({ ...line, status: 'sent', reason: lines.replyText(reply) }));
        } else if (lines.isTemporary(reply)) {
          log(program, pid, lines.deliveryText({ ...line, status: 'deferred', reason: said }));
          deferred.push({ to: recipient, reason: said });
        } else {
          log(program, pid, lines.deliveryText({ ...line, status: 'bounced', reason: said }));
          failures.push({ to: recipient, reason: said });
        }
      }
    }
    pids.release(hop.service, pid);
  }

  function settle(entry: Entry, failures: readonly Failure[], deferred: readonly Failure[]): void {
    const age = clock.now() - entry.arrivedAt;
    const isExpired = deferred.length > 0 && age > queueLimits.maximalLifetimeMs;
    if (isExpired) sayQmgr(lines.expiredText(entry.queueId, entry.from));
    const returned = isExpired ? [...failures, ...deferred] : failures;
    const [first] = returned;
    // A notice about a notice is not sent (RFC 5321 section 6.1).
    if (first !== undefined && entry.from !== '') sendNotice(entry, first);
    entry.waiting = isExpired ? [] : deferred.map(({ to }) => to);
    if (entry.waiting.length === 0) {
      entries.delete(entry.queueId);
      sayQmgr(lines.removedText(entry.queueId));
      return;
    }
    const retryMs = Math.min(Math.max(age, queueLimits.minimalBackoffMs), queueLimits.maximalBackoffMs);
    clock.after(retryMs, () => activate(entry));
  }

  function sendNotice(entry: Entry, failure: Failure): void {
    const noticeId = newId();
    const time = clock.now();
    const stamp = new Date(time).toISOString().replace(/\D/g, '').slice(0, 14);
    const messageId = `<${stamp}.${noticeId}@${party.host}>`;
    const { to: recipient, reason } = failure;
    const raw = composeNotice({ messageId, host: party.host, to: entry.from, recipient, reason, time });
    say('cleanup', lines.messageIdText(noticeId, messageId));
    say('bounce', lines.noticeText(entry.queueId, noticeId));
    enter(take(noticeId, { from: '', to: [entry.from], raw }, true));
  }

  function enter(entry: Entry): void {
    entries.set(entry.queueId, entry);
    clock.after(1, () => activate(entry));
  }

  return {
    isFull: () => entries.size + held.size >= queueLimits.entriesMax,
    newId,
    accept: (queueId, parcel, { isFiltered, arrivedAt }) => enter(take(queueId, parcel, isFiltered, arrivedAt)),
    hold: (queueId, parcel) => {
      held.set(queueId, take(queueId, parcel, false));
    },
    releaseHeld: () => {
      if (held.size === 0) return;
      const pid = pids.acquire('postsuper');
      for (const entry of held.values()) log('postfix/postsuper', pid, lines.releasedText(entry.queueId));
      log('postfix/postsuper', pid, `Released from hold: ${held.size} message${held.size === 1 ? '' : 's'}`);
      for (const entry of held.values()) enter(entry);
      held.clear();
    },
  };
}
