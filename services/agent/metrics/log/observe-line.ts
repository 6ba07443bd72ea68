// What one log line adds to which metric: a pure fold, so that every rule can be tested without a registry.
import type { MailEvent } from '../../../protocol/mail-event.ts';
import type { Labels } from '../family.ts';
import type { LogMetricName } from './log-metric-table.ts';

/** For a counter the amount to add, for a histogram the value observed. */
export type Increment = { readonly metric: LogMetricName; readonly labels: Labels; readonly value: number };

const none: Labels = {};
const add = (metric: LogMetricName, labels: Labels = none, value = 1): Increment => ({ metric, labels, value });

/** `event` is `line`, understood; the line is asked only for what no field of the event holds. */
export function observeLine(event: MailEvent, line: string): readonly Increment[] {
  if (event.program === 'opendkim') return observeOpendkim(line);
  if (event.software !== 'postfix') return [];
  if (event.kind === 'unparsed')
    return [
      add('postfix_unsupported_log_entries_total', { service: event.service ?? '', level: event.severity ?? '' }),
    ];
  switch (event.service) {
    case 'cleanup':
      return observeCleanup(event);
    case 'qmgr':
      return observeQmgr(event);
    case 'smtp':
    case 'lmtp':
    case 'pipe':
    case 'virtual':
    case 'local':
    case 'error':
    case 'discard':
      return event.kind === 'delivery' ? observeDelivery(event) : observeSmtpClient(event, line);
    case 'smtpd':
      return observeSmtpd(event, line);
    case 'bounce':
      return event.kind === 'bounce-notice' && event.action === 'sender non-delivery notification'
        ? [add('postfix_bounce_non_delivery_notification_total')]
        : [];
    case 'postscreen':
      return observePostscreen(event);
    default:
      return [];
  }
}

function observeCleanup(event: MailEvent): readonly Increment[] {
  if (event.kind === 'message-id') return [add('postfix_cleanup_messages_processed_total')];
  if (event.kind !== 'reject') return [];
  return [
    add(
      event.action === 'reject'
        ? 'postfix_cleanup_messages_rejected_total'
        : 'postfix_cleanup_messages_not_accepted_total',
    ),
  ];
}

function observeQmgr(event: MailEvent): readonly Increment[] {
  if (event.kind === 'removed') return [add('postfix_qmgr_messages_removed_total')];
  if (event.kind === 'expired') return [add('postfix_qmgr_messages_expired_total')];
  if (event.kind !== 'queued' || event.size === undefined || event.nrcpt === undefined) return [];
  return [
    add('postfix_qmgr_messages_inserted_size_bytes', none, event.size),
    add('postfix_qmgr_messages_inserted_receipients', none, event.nrcpt),
    add('postfix_qmgr_messages_inserted_recipients', none, event.nrcpt),
  ];
}

function observeDelivery(event: MailEvent): readonly Increment[] {
  const { service = '', status = '', dsn } = event;
  const out = [add('mailward_deliveries_total', { postfix_instance: event.instance ?? '', service, status })];
  if (service === 'virtual' && status === 'sent') out.push(add('postfix_virtual_delivered_total'));
  if (service === 'smtp') {
    out.push(add('postfix_smtp_messages_processed_total', { status }));
    if (status === 'deferred') {
      out.push(add('postfix_smtp_status_deferred'), add('postfix_smtp_deferred_messages_total'));
      if (dsn !== undefined) out.push(add('postfix_smtp_deferred_messages_by_dsn_total', { dsn }));
    }
    if (status === 'bounced' && dsn !== undefined) out.push(add('postfix_smtp_bounced_messages_by_dsn_total', { dsn }));
  }
  out.push(...observeDelays(event));
  return out;
}

/**
 * Each attempt logs the time since the message came, so a message that is tried ten times says its waiting time ten times,
 * each longer than the last. A recipient is therefore observed once, at the attempt that settled its fate: whatever has a
 * final status holds all the time before it, and `deferred` is not final.
 */
function observeDelays(event: MailEvent): readonly Increment[] {
  const { service, delays, status } = event;
  if (delays === undefined || status === undefined || status === 'deferred') return [];
  if (service !== 'smtp' && service !== 'lmtp' && service !== 'pipe') return [];
  const relay: Labels = service === 'pipe' ? { relay: event.relay?.host ?? '' } : none;
  const stage = (name: string, seconds: number): Increment =>
    add(`postfix_${service}_delivery_delay_seconds`, { ...relay, stage: name }, seconds);
  return [
    stage('before_queue_manager', delays.beforeQmgr),
    stage('queue_manager', delays.qmgr),
    stage('connection_setup', delays.connection),
    stage('transmission', delays.transmission),
  ];
}

function observeSmtpClient(event: MailEvent, line: string): readonly Increment[] {
  if (event.service !== 'smtp') return [];
  if (event.kind === 'tls') return observeTls(event, line, 'postfix_smtp_tls_connections_total');
  const isTimeout = event.kind === 'connection-lost' && /^(Connection|Operation) timed out$/.test(event.reason ?? '');
  return isTimeout ? [add('postfix_smtp_connection_timed_out_total')] : [];
}

function observeTls(
  event: MailEvent,
  line: string,
  metric: 'postfix_smtp_tls_connections_total' | 'postfix_smtpd_tls_connections_total',
): readonly Increment[] {
  const bits = /\((\d+)\/(\d+) bits\)/.exec(line);
  // A connection that is used again is not another one.
  if (event.tls?.cipher === undefined || bits === null || !line.includes(' TLS connection established ')) return [];
  const { trust = '', protocol = '', cipher } = event.tls;
  return [add(metric, { trust, protocol, cipher, secret_bits: bits[1] ?? '', algorithm_bits: bits[2] ?? '' })];
}

function observeSmtpd(event: MailEvent, line: string): readonly Increment[] {
  switch (event.kind) {
    case 'connect':
      return [add('postfix_smtpd_connects_total')];
    case 'disconnect':
      return [add('postfix_smtpd_disconnects_total')];
    case 'client':
      return [add('postfix_smtpd_messages_processed_total', { sasl_method: event.saslMethod ?? '' })];
    case 'tls':
      return observeTls(event, line, 'postfix_smtpd_tls_connections_total');
    case 'warning':
      return /^hostname \S+ does not resolve to address /.test(event.reason ?? '')
        ? [add('postfix_smtpd_forward_confirmed_reverse_dns_errors_total')]
        : [];
    case 'auth-failure':
      // `authentication aborted` is a client that changed its mind.
      return event.reason?.includes(' authentication failed') === true
        ? [add('postfix_smtpd_sasl_authentication_failures_total')]
        : [];
    case 'connection-lost': {
      const stage = /^lost connection after (\S+)/.exec(event.reason ?? '')?.[1];
      return stage === undefined ? [] : [add('postfix_smtpd_connections_lost_total', { after_stage: stage })];
    }
    case 'reject':
      return isRecipientRefused(event)
        ? [add('postfix_smtpd_messages_rejected_total', { code: String(event.reply?.code ?? '') })]
        : [];
    default:
      return [];
  }
}

/** `NOQUEUE: reject: RCPT from …`: of the refusals without a queue id only those at RCPT TO name a recipient. */
function isRecipientRefused(event: MailEvent): boolean {
  return event.queueId === 'NOQUEUE' && event.action === 'reject' && event.to !== undefined;
}

function observePostscreen(event: MailEvent): readonly Increment[] {
  const { kind, action = '', reason = '' } = event;
  if (kind === 'connect') return [add('postfix_postscreen_connects_total')];
  if (kind === 'reject')
    return isRecipientRefused(event)
      ? [add('postfix_postscreen_messages_rejected_total', { code: String(event.reply?.code ?? '') })]
      : [add('postfix_postscreen_connects_rejected_total', { reason })];
  if (kind !== 'postscreen') return [];
  switch (action) {
    case 'PASS NEW':
    case 'PASS OLD':
      return [add('postfix_postscreen_passes_total', { type: action.slice(5).toLowerCase() })];
    case 'DNSBL': {
      const rank = /^DNSBL rank (\d+) for /.exec(reason)?.[1];
      return rank === undefined ? [] : [add('postfix_postscreen_dnsbl_rank', none, Number(rank))];
    }
    case 'HANGUP':
      return [add('postfix_postscreen_hangups_total')];
    case 'WHITELISTED':
    case 'ALLOWLISTED':
      return [add('postfix_postscreen_access_list_matches_total', { action: 'allow' })];
    case 'BLACKLISTED':
    case 'DENYLISTED':
      return [add('postfix_postscreen_access_list_matches_total', { action: 'deny' })];
    case 'WHITELIST VETO':
    case 'ALLOWLIST VETO':
      return [];
    default:
      return [add('postfix_postscreen_tests_failed_total', { test: action.replace(/[ -]/g, '_') })];
  }
}

/** `QID: DKIM-Signature field added (s=SELECTOR, d=DOMAIN)`. */
function observeOpendkim(line: string): readonly Increment[] {
  const [, subject, domain] = /: DKIM-Signature field added \(s=([\w.-]+), d=([^)]*)\)$/.exec(line) ?? [];
  return subject === undefined || domain === undefined
    ? []
    : [add('opendkim_signatures_added_total', { subject, domain })];
}
