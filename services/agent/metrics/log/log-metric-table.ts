// The metrics that are counted from log lines: names, types, labels and buckets of the Prometheus Postfix exporters, so that
// existing dashboards and alerts go on working. `postfix_qmgr_messages_inserted_receipients` is spelt as it lives.

const delayBounds = [1e-3, 1e-2, 0.1, 1, 10, 60, 3600, 86_400, 172_800];
const sizeBounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const recipientBounds = [1, 2, 4, 8, 16, 32, 64, 128];
const rankBounds = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15];
const tlsLabels = ['trust', 'protocol', 'cipher', 'secret_bits', 'algorithm_bits'];

export type LogMetric = {
  readonly type: 'counter' | 'histogram' | 'untyped';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly bounds?: readonly number[];
};

const counter = (help: string, labels: readonly string[] = []): LogMetric => ({ type: 'counter', help, labels });
const histogram = (help: string, bounds: readonly number[], labels: readonly string[] = []): LogMetric => ({
  type: 'histogram',
  help,
  labels,
  bounds,
});

export const logMetrics = {
  postfix_cleanup_messages_processed_total: counter('Messages that cleanup processed.'),
  postfix_cleanup_messages_rejected_total: counter('Messages that cleanup rejected by header or body checks.'),
  postfix_cleanup_messages_not_accepted_total: counter('Messages that a milter made cleanup refuse.'),

  postfix_qmgr_messages_inserted_receipients: histogram(
    'Recipients of a message that entered the active queue; the name is a known misspelling, kept.',
    recipientBounds,
  ),
  postfix_qmgr_messages_inserted_recipients: histogram(
    'Recipients of a message that entered the active queue.',
    recipientBounds,
  ),
  postfix_qmgr_messages_inserted_size_bytes: histogram('Size of a message that entered the active queue.', sizeBounds),
  postfix_qmgr_messages_removed_total: counter('Messages removed from the queues.'),
  postfix_qmgr_messages_expired_total: counter('Messages given up and returned to their senders.'),

  postfix_smtp_delivery_delay_seconds: histogram(
    'Time of a recipient that SMTP dealt with for good, by stage; a deferred attempt is not observed.',
    delayBounds,
    ['stage'],
  ),
  postfix_lmtp_delivery_delay_seconds: histogram(
    'Time of a recipient that LMTP dealt with for good, by stage; a deferred attempt is not observed.',
    delayBounds,
    ['stage'],
  ),
  postfix_pipe_delivery_delay_seconds: histogram(
    'Time of a recipient that a pipe dealt with for good, by stage; a deferred attempt is not observed.',
    delayBounds,
    ['relay', 'stage'],
  ),
  postfix_smtp_messages_processed_total: counter('Recipients that SMTP tried to deliver to, by result.', ['status']),
  // An exporter's counter without `_total`. Stated without a type, because the linter of Prometheus accepts a counter only
  // with the suffix; the type is documentation and no query sees it.
  postfix_smtp_status_deferred: {
    type: 'untyped',
    help: 'Attempts that SMTP deferred; the name is kept, postfix_smtp_messages_processed_total says the same.',
    labels: [],
  },
  postfix_smtp_deferred_messages_total: counter('Attempts that SMTP deferred.'),
  postfix_smtp_deferred_messages_by_dsn_total: counter('Attempts that SMTP deferred, by status code.', ['dsn']),
  postfix_smtp_bounced_messages_by_dsn_total: counter('Recipients that SMTP bounced, by status code.', ['dsn']),
  postfix_smtp_connection_timed_out_total: counter('Connections to other servers that timed out.'),
  postfix_smtp_tls_connections_total: counter('TLS connections to other servers.', tlsLabels),

  postfix_smtpd_connects_total: counter('Connections of clients.'),
  postfix_smtpd_disconnects_total: counter('Disconnections of clients.'),
  postfix_smtpd_forward_confirmed_reverse_dns_errors_total: counter(
    'Clients whose name does not lead back to their address.',
  ),
  postfix_smtpd_connections_lost_total: counter('Connections lost, by what the client said last.', ['after_stage']),
  postfix_smtpd_messages_processed_total: counter('Messages of clients, by how they authenticated.', ['sasl_method']),
  postfix_smtpd_messages_rejected_total: counter('Recipients refused before there was a queue id, by reply code.', [
    'code',
  ]),
  postfix_smtpd_sasl_authentication_failures_total: counter('Authentications of clients that failed.'),
  postfix_smtpd_tls_connections_total: counter('TLS connections of clients.', tlsLabels),

  postfix_bounce_non_delivery_notification_total: counter('Notices to senders that a message was not delivered.'),
  postfix_virtual_delivered_total: counter('Recipients delivered to a virtual mailbox.'),
  postfix_unsupported_log_entries_total: counter('Lines of Postfix that could not be understood.', [
    'service',
    'level',
  ]),

  postfix_postscreen_connects_total: counter('Connections that postscreen took.'),
  postfix_postscreen_connects_rejected_total: counter('Connections that postscreen refused at once, by reason.', [
    'reason',
  ]),
  postfix_postscreen_passes_total: counter('Clients that postscreen passed on, new or known.', ['type']),
  postfix_postscreen_dnsbl_rank: histogram('Rank of clients on block lists, as postscreen adds it up.', rankBounds),
  postfix_postscreen_messages_rejected_total: counter('Recipients that postscreen refused, by reply code.', ['code']),
  postfix_postscreen_tests_failed_total: counter('Tests of postscreen that clients failed.', ['test']),
  postfix_postscreen_hangups_total: counter('Clients that went away while postscreen tested them.'),
  postfix_postscreen_access_list_matches_total: counter('Clients on an access list of postscreen.', ['action']),

  opendkim_signatures_added_total: counter('Messages that OpenDKIM signed, by selector and domain.', [
    'subject',
    'domain',
  ]),
  mailward_deliveries_total: counter('Attempts to deliver to a recipient, over all delivery agents.', [
    'postfix_instance',
    'service',
    'status',
  ]),
} as const satisfies Readonly<Record<string, LogMetric>>;
export type LogMetricName = keyof typeof logMetrics;
