// Metrics drawn from what control stored, under the names that dashboards for Postfix exporters already use. A row says
// which counted events make one metric; a batch stored twice counts nothing, so a retry never counts twice.
import { Counter, type Registry } from 'prom-client';

/** `kind|software|service|status` of an ingest report, taken apart. */
type CountKey = { readonly kind: string; readonly software: string; readonly service: string; readonly status: string };

type Row = {
  readonly name: string;
  readonly help: string;
  readonly kind: string;
  /** The Postfix daemon; `*` for any. */
  readonly service: string;
  /** Only this status counts. */
  readonly status?: string;
  /** Labels besides `node`. */
  readonly labels?: ReadonlyArray<'status' | 'service'>;
};

const rows: readonly Row[] = [
  { name: 'postfix_smtpd_connects_total', help: 'Connections to smtpd', kind: 'connect', service: 'smtpd' },
  { name: 'postfix_smtpd_disconnects_total', help: 'Disconnections from smtpd', kind: 'disconnect', service: 'smtpd' },
  {
    name: 'postfix_smtpd_connections_lost_total',
    help: 'Connections to smtpd that broke',
    kind: 'connection-lost',
    service: 'smtpd',
  },
  {
    name: 'postfix_smtpd_messages_processed_total',
    help: 'Messages that smtpd took in',
    kind: 'client',
    service: 'smtpd',
  },
  { name: 'postfix_smtpd_messages_rejected_total', help: 'Refusals by smtpd', kind: 'reject', service: 'smtpd' },
  {
    name: 'postfix_smtpd_sasl_authentication_failures_total',
    help: 'Failed SASL authentications at smtpd',
    kind: 'auth-failure',
    service: 'smtpd',
  },
  {
    name: 'postfix_cleanup_messages_processed_total',
    help: 'Messages that cleanup passed on',
    kind: 'message-id',
    service: 'cleanup',
  },
  {
    name: 'postfix_cleanup_messages_rejected_total',
    help: 'Messages that cleanup rejected',
    kind: 'reject',
    service: 'cleanup',
  },
  {
    name: 'postfix_qmgr_messages_removed_total',
    help: 'Messages removed from the queue',
    kind: 'removed',
    service: 'qmgr',
  },
  {
    name: 'postfix_qmgr_messages_expired_total',
    help: 'Messages that expired in the queue',
    kind: 'expired',
    service: 'qmgr',
  },
  {
    name: 'postfix_smtp_messages_processed_total',
    help: 'Delivery attempts of smtp by status',
    kind: 'delivery',
    service: 'smtp',
    labels: ['status'],
  },
  {
    name: 'postfix_smtp_deferred_messages_total',
    help: 'Delivery attempts of smtp that were deferred',
    kind: 'delivery',
    service: 'smtp',
    status: 'deferred',
  },
  {
    name: 'postfix_lmtp_messages_processed_total',
    help: 'Delivery attempts of lmtp by status',
    kind: 'delivery',
    service: 'lmtp',
    labels: ['status'],
  },
  {
    name: 'postfix_virtual_delivered_total',
    help: 'Deliveries by virtual',
    kind: 'delivery',
    service: 'virtual',
    status: 'sent',
  },
  {
    name: 'postfix_bounce_non_delivery_notification_total',
    help: 'Notices of non-delivery that were made',
    kind: 'bounce-notice',
    service: '*',
  },
  {
    name: 'postfix_unsupported_log_entries_total',
    help: 'Lines that no rule understood',
    kind: 'unparsed',
    service: '*',
    labels: ['service'],
  },
];

export const seriesLimits = {
  /** Label sets of one metric; the first ones keep their names, whatever comes later is counted under `other`. */
  seriesMax: 2000,
} as const;

export type MailMetrics = {
  /** Adds one stored batch's counts of `node`. */
  readonly add: (node: string, counts: Readonly<Record<string, number>>) => void;
};

/** Registers the mail metrics in `registry`. No label ever holds an address, a user, a queue id or free text. */
export function createMailMetrics(registry: Registry): MailMetrics {
  const counters = rows.map((row) => ({
    row,
    count: createBoundedCounter(registry, row.name, row.help, ['node', ...(row.labels ?? [])]),
  }));
  const countEvents = createBoundedCounter(registry, 'mailward_mail_events_total', 'Stored lines by what they say', [
    'node',
    'software',
    'service',
    'kind',
    'status',
  ]);
  return {
    add: (node, counts) => {
      for (const [text, count] of Object.entries(counts)) {
        const key = readKey(text);
        countEvents({ node, ...key }, count);
        for (const { row, count: add } of counters) {
          if (!matches(row, key)) continue;
          const labels: Record<string, string> = { node };
          for (const label of row.labels ?? []) labels[label] = key[label];
          add(labels, count);
        }
      }
    },
  };
}

function readKey(text: string): CountKey {
  const [kind = '', software = '', service = '', status = ''] = text.split('|');
  return { kind, software, service, status };
}

function matches(row: Row, key: CountKey): boolean {
  return (
    row.kind === key.kind &&
    (row.service === '*' || (key.software === 'postfix' && row.service === key.service)) &&
    (row.status === undefined || row.status === key.status)
  );
}

/** A counter that never holds more than `seriesMax` label sets, `other` included. */
export function createBoundedCounter(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  seriesMax: number = seriesLimits.seriesMax,
): (labels: Readonly<Record<string, string>>, count: number) => void {
  const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
  const admitted = new Set<string>();
  const other = Object.fromEntries(labelNames.map((label) => [label, 'other']));
  return (labels, count) => {
    const key = JSON.stringify(labels);
    if (!admitted.has(key)) {
      if (admitted.size >= seriesMax - 1) {
        counter.inc(other, count);
        return;
      }
      admitted.add(key);
    }
    counter.inc({ ...labels }, count);
  };
}
