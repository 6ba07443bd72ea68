// Events → report: one pass, bounded memory. Totals follow pflogsumm's meaning, but for what is said at each of them.
import type { MailEvent } from '../protocol/mail-event.ts';
import { type Report, type ReportTotals, reportLimits, reportTotalsSchema } from '../protocol/report.ts';
import { isLoopback } from './correlate-leg.ts';
import { createDomainScope } from './mail-domain.ts';
import { createReportClock } from './report-clock.ts';
import { createOpenMessages, type OpenMessage } from './report-messages.ts';
import { clientHostOf, clientLabel, domainOf, providerName, withLowerDomain } from './report-names.ts';
import { normaliseReason, rejectReason } from './report-reason.ts';
import type { ReportTable } from './report-table.ts';
import { createHours, createReportTables, type Traffic, tableResults } from './report-tables.ts';
import { own } from './story-state.ts';

export type ReportOptions = {
  /** Epoch milliseconds, both included; lines before `since` are read for what they tell of messages that go on. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Only mail from or to this domain, and failed sign-ins of its users; see mail-domain.ts for its forms. */
  readonly domain?: string | undefined;
  /** IANA zone of the days and hours. */
  readonly timeZone: string;
  readonly rowsMax?: number | undefined;
};

export type ReportFold = {
  /** Takes one event, in the order of its source. Queue ids are told apart by `node`. */
  readonly add: (event: MailEvent, node?: string) => void;
  readonly result: () => Report;
};

export function createReport(options: ReportOptions): ReportFold {
  const { timeZone, rowsMax = reportLimits.rowsDefault } = options;
  const since = options.since ?? Number.NEGATIVE_INFINITY;
  const until = options.until ?? Number.POSITIVE_INFINITY;
  const scope = options.domain === undefined ? undefined : createDomainScope(options.domain);
  const localHour = createReportClock(timeZone);
  const messages = createOpenMessages();
  const totals = Object.fromEntries(Object.keys(reportTotalsSchema.shape).map((name) => [name, 0])) as ReportTotals;
  const byHour = createHours();
  const tables = createReportTables();
  let firstAt: number | undefined;
  let lastAt: number | undefined;

  const isOurs = (address: string | undefined): boolean => scope === undefined || scope.covers(address);

  function countTraffic(time: number, what: Traffic, amount = 1): void {
    const { day, hour } = localHour(time);
    const row = byHour[hour];
    if (row !== undefined) row[what] += amount;
    tables.byDay.add(day, { [what]: amount });
  }

  /** Counts a message as received as soon as it is known to be in scope, and its sender when its size is known. */
  function admit(message: OpenMessage): void {
    const { receivedAt, size } = message;
    if (receivedAt === undefined || receivedAt < since || message.isContinued || !message.isInScope) return;
    if (!message.isCounted) {
      message.isCounted = true;
      totals.received += 1;
      countTraffic(receivedAt, 'received');
    }
    if (size === undefined || message.isSized) return;
    message.isSized = true;
    countSender(message, size, 1);
  }

  function countSender(message: OpenMessage, size: number, sign: 1 | -1): void {
    const amounts = { messages: sign, bytes: sign * size };
    totals.bytesReceived += sign * size;
    const { from = '' } = message;
    tables.senders.add(from === '' ? '<>' : withLowerDomain(from), amounts);
    const isNamed = from.includes('@');
    tables.sendingDomains.add(isNamed ? domainOf(from) : (clientHostOf(message) ?? (from || '<>')), amounts);
    const client = clientLabel(message);
    if (client !== undefined) tables.clients.add(client, amounts);
    if (message.saslUser !== undefined) tables.saslUsers.add(message.saslUser, amounts);
  }

  /** What a filter handed back was counted as a message of its own before the hand-over was logged: take it back. */
  function continueAs(queueId: string, event: MailEvent, node: string): void {
    const next = messages.find(queueId, event, node);
    if (next === undefined || next.isContinued) return;
    next.isContinued = true;
    if (next.isCounted && next.receivedAt !== undefined) {
      totals.received -= 1;
      countTraffic(next.receivedAt, 'received', -1);
    }
    if (next.isSized && next.size !== undefined) countSender(next, next.size, -1);
  }

  function addDelivery(event: MailEvent, node: string): void {
    const message = messages.of(event, node);
    const isTo = isOurs(event.to);
    if (!isTo && !isOurs(message.from)) return;
    message.isInScope = true;
    admit(message);
    const to = event.to ?? '';
    const { status, reason = '' } = event;
    const isFirstDeferral = status === 'deferred' && !message.isDeferred;
    if (status === 'deferred') message.isDeferred = true;
    const isStep = status === 'sent' && event.nextQueueId !== undefined && isLoopback(event.relay?.ip);
    if (isStep && event.nextQueueId !== undefined) continueAs(event.nextQueueId, event, node);
    if (event.time < since) return;
    // Whole numbers add up to the same sum in any order.
    const delayMs = Math.round((event.delay ?? 0) * 1000);
    const domainName = domainOf(to);
    const where = (amounts: Parameters<typeof tables.domains.add>[1]): void => {
      tables.domains.add(domainName, amounts);
      tables.providers.add(providerName(event, domainName), amounts);
    };
    if (status === 'sent' && reason.startsWith('forwarded as ')) totals.forwarded += 1;
    else if (isStep) totals.filtered += 1;
    else if (status === 'sent') {
      const bytes = message.size ?? 0;
      if (message.size === undefined) totals.deliveredWithoutSize += 1;
      totals.delivered += 1;
      totals.bytesDelivered += bytes;
      countTraffic(event.time, 'delivered');
      tables.recipients.add(withLowerDomain(to), { messages: 1, bytes });
      where({ delivered: 1, bytes, delayMs, delayMaxMs: delayMs });
    } else if (status === 'deferred') {
      totals.deferrals += 1;
      if (isFirstDeferral) totals.deferred += 1;
      countTraffic(event.time, 'deferred');
      tables.deferralReasons.add(normaliseReason(reason), { count: 1 });
      where({ deferred: 1 });
    } else if (status === 'bounced') {
      totals.bounced += 1;
      countTraffic(event.time, 'bounced');
      tables.bounceReasons.add(normaliseReason(reason), { count: 1 });
      where({ bounced: 1 });
    }
  }

  /** The line names the sender alone; the recipients were named when they were tried. */
  const isExpiredOurs = (event: MailEvent, queueId: string, node: string): boolean =>
    isOurs(event.from) || messages.find(queueId, event, node)?.isInScope === true;

  /** Refused, warned about, held or dropped by a rule. */
  function addVerdict(
    event: MailEvent,
    total: 'rejected' | 'rejectWarnings' | 'held' | 'discarded',
    reasons: ReportTable<'count'>,
  ): void {
    if (event.time < since || !(isOurs(event.to) || isOurs(event.from))) return;
    totals[total] += 1;
    reasons.add(rejectReason(event.reply, event.reason), { count: 1 });
    if (total !== 'rejected') return;
    countTraffic(event.time, 'rejected');
    const client = clientLabel(event);
    if (client !== undefined) tables.clients.add(client, { rejected: 1 });
  }

  function addAuthFailure(event: MailEvent): void {
    // The authentication service gives the details of what the session's own line reports, and another server refuses us.
    if (event.time < since || event.service?.startsWith('auth') === true || event.clientIp === undefined) return;
    const user = event.saslUser ?? event.user;
    if (!isOurs(user)) return;
    totals.authFailures += 1;
    tables.authFailuresByUser.add(user === undefined || user === '' ? '(none given)' : user, { count: 1 });
    tables.authFailuresByAddress.add(event.clientIp, { count: 1 });
  }

  function addTrouble(event: MailEvent): void {
    const { severity } = event;
    if (scope !== undefined || event.time < since || event.kind === 'auth-failure') return;
    if (severity !== 'warning' && severity !== 'error' && severity !== 'fatal' && severity !== 'panic') return;
    const daemon = `${event.software ?? event.program ?? '-'}${event.service === undefined ? '' : `/${event.service}`}`;
    const words = `${daemon}: ${normaliseReason(event.reason ?? '')}`;
    totals[`${severity}s`] += 1;
    if (severity === 'warning') tables.warnings.add(words, { count: 1 });
    else tables.failures.add(`${severity}: ${words}`, { count: 1 });
  }

  function addMessage(event: MailEvent, node: string): void {
    const message = event.kind === 'queued' ? messages.of(event, node) : messages.begin(event, node);
    if (event.kind === 'queued') {
      message.from ??= own(event.from ?? '');
      message.size ??= event.size;
      message.isInScope ||= isOurs(message.from);
    } else message.isInScope = scope === undefined;
    admit(message);
  }

  return {
    add: (event, node = event.host ?? '') => {
      if (event.time > until) return;
      if (event.time >= since) {
        totals.lines += 1;
        if (event.kind === 'unparsed') totals.unparsed += 1;
        if (firstAt === undefined || event.time < firstAt) firstAt = event.time;
        if (lastAt === undefined || event.time > lastAt) lastAt = event.time;
      }
      if (event.severity !== undefined) addTrouble(event);
      switch (event.kind) {
        case 'client':
        case 'pickup':
        case 'queued':
          if (event.queueId !== undefined && event.queueId !== 'NOQUEUE') addMessage(event, node);
          break;
        case 'delivery':
          if (event.queueId !== undefined) addDelivery(event, node);
          break;
        case 'removed':
          if (event.queueId !== undefined) messages.remove(event, node);
          break;
        case 'expired':
          if (event.queueId !== undefined && event.time >= since && isExpiredOurs(event, event.queueId, node))
            totals.expired += 1;
          break;
        case 'reject':
          addVerdict(event, 'rejected', tables.rejectReasons);
          break;
        case 'hold':
          addVerdict(event, 'held', tables.heldReasons);
          break;
        case 'discard':
          addVerdict(event, 'discarded', tables.discardReasons);
          break;
        case 'policy':
        case 'header':
          if (event.action === 'reject_warning' || (event.kind === 'header' && event.action === 'warning'))
            addVerdict(event, 'rejectWarnings', tables.rejectWarningReasons);
          break;
        case 'auth-failure':
          addAuthFailure(event);
          break;
        default:
      }
    },
    result: () => {
      return {
        ...(options.since === undefined ? {} : { since: options.since }),
        ...(options.until === undefined ? {} : { until: options.until }),
        ...(firstAt === undefined ? {} : { firstAt }),
        ...(lastAt === undefined ? {} : { lastAt }),
        timeZone,
        ...(scope === undefined ? {} : { domain: scope.name }),
        totals: {
          ...totals,
          senders: tables.senders.namesWith('messages'),
          sendingDomains: tables.sendingDomains.namesWith('messages'),
          recipients: tables.recipients.namesWith('messages'),
          recipientDomains: tables.domains.namesWith('delivered'),
        },
        byHour,
        ...tableResults(tables, rowsMax),
      };
    },
  };
}
