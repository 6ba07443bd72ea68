import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createLineParser } from '../../../logs/parse.ts';
import { createLogCounters, seriesPerMetricMax } from './log-counters.ts';
import { logMetrics } from './log-metric-table.ts';
import { type Increment, observeLine } from './observe-line.ts';

const parser = createLineParser({ now: Date.parse('2026-11-22T12:00:00Z'), timeZone: 'UTC' });

function observe(program: string, message: string): readonly Increment[] {
  const line = `2026-11-22T05:24:26.493275+00:00 mx1 ${program}[251]: ${message}`;
  return observeLine(parser.parse(line), line);
}

/** `metric{labels} value` for each increment. */
function seen(program: string, message: string): string[] {
  return observe(program, message).map(({ metric, labels, value }) => {
    const pairs = Object.entries(labels).map(([name, text]) => `${name}=${text}`);
    return `${metric}{${pairs.join(',')}} ${value}`;
  });
}

const delivered =
  'relay=mx.example[192.0.2.7]:25, delay=3.5, delays=0.1/0.2/1.2/2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9A8B7C6D5E)';
const tls = 'TLSv1.2 with cipher DES-CBC3-SHA (112/168 bits)';

/** Program, message, and what it adds; `mailward_deliveries_total` stands in one case only. */
const cases: readonly (readonly [program: string, message: string, increments: readonly string[]])[] = [
  ['postfix/cleanup', '4F1234ABCD: message-id=<a@b>', ['postfix_cleanup_messages_processed_total{} 1']],
  ['postfix/cleanup', '4F1234ABCD: resent-message-id=<a@b>', []],
  [
    'postfix/cleanup',
    '4F1234ABCD: reject: header Subject: spam from x.test[192.0.2.1]; from=<a@b.test> to=<c@d.test> proto=ESMTP helo=<x>: 5.7.1 no',
    ['postfix_cleanup_messages_rejected_total{} 1'],
  ],
  [
    'postfix/cleanup',
    '4F1234ABCD: milter-reject: END-OF-MESSAGE from x.test[192.0.2.1]: 5.7.1 Spam; from=<a@b.test> to=<c@d.test> proto=ESMTP helo=<x>',
    ['postfix_cleanup_messages_not_accepted_total{} 1'],
  ],
  [
    'postfix/qmgr',
    '4F1234ABCD: from=<a@b.test>, size=1234, nrcpt=3 (queue active)',
    [
      'postfix_qmgr_messages_inserted_size_bytes{} 1234',
      'postfix_qmgr_messages_inserted_receipients{} 3',
      'postfix_qmgr_messages_inserted_recipients{} 3',
    ],
  ],
  ['postfix/qmgr', '4F1234ABCD: removed', ['postfix_qmgr_messages_removed_total{} 1']],
  [
    'postfix/qmgr',
    '4F1234ABCD: from=<a@b.test>, status=expired, returned to sender',
    ['postfix_qmgr_messages_expired_total{} 1'],
  ],
  [
    'postfix-out/smtp',
    `4F1234ABCD: to=<c@d.test>, ${delivered}`,
    [
      'mailward_deliveries_total{postfix_instance=postfix-out,service=smtp,status=sent} 1',
      'postfix_smtp_messages_processed_total{status=sent} 1',
      'postfix_smtp_delivery_delay_seconds{stage=before_queue_manager} 0.1',
      'postfix_smtp_delivery_delay_seconds{stage=queue_manager} 0.2',
      'postfix_smtp_delivery_delay_seconds{stage=connection_setup} 1.2',
      'postfix_smtp_delivery_delay_seconds{stage=transmission} 2',
    ],
  ],
  [
    'postfix/smtp',
    '4F1234ABCD: to=<c@d.test>, relay=none, delay=4000, delays=3990/0.01/10/0, dsn=4.4.1, status=deferred (connect to d.test[192.0.2.9]:25: Connection timed out)',
    [
      'postfix_smtp_messages_processed_total{status=deferred} 1',
      'postfix_smtp_status_deferred{} 1',
      'postfix_smtp_deferred_messages_total{} 1',
      'postfix_smtp_deferred_messages_by_dsn_total{dsn=4.4.1} 1',
    ],
  ],
  [
    'postfix/smtp',
    '4F1234ABCD: to=<c@d.test>, relay=mx[192.0.2.7]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx[192.0.2.7] said: 550 5.1.1 no such user)',
    [
      'postfix_smtp_messages_processed_total{status=bounced} 1',
      'postfix_smtp_bounced_messages_by_dsn_total{dsn=5.1.1} 1',
      'postfix_smtp_delivery_delay_seconds{stage=before_queue_manager} 0',
      'postfix_smtp_delivery_delay_seconds{stage=queue_manager} 0',
      'postfix_smtp_delivery_delay_seconds{stage=connection_setup} 0',
      'postfix_smtp_delivery_delay_seconds{stage=transmission} 1',
    ],
  ],
  [
    'postfix/lmtp',
    '4F1234ABCD: to=<c@d.test>, relay=mx[private/dovecot-lmtp], delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 <c@d.test> x Saved)',
    [
      'postfix_lmtp_delivery_delay_seconds{stage=before_queue_manager} 0',
      'postfix_lmtp_delivery_delay_seconds{stage=queue_manager} 0',
      'postfix_lmtp_delivery_delay_seconds{stage=connection_setup} 0',
      'postfix_lmtp_delivery_delay_seconds{stage=transmission} 1',
    ],
  ],
  [
    'postfix/lmtp',
    '4F1234ABCD: to=<c@d.test>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (connection refused)',
    [],
  ],
  [
    'postfix/pipe',
    '4F1234ABCD: to=<c@d.test>, relay=spamfilter, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered via spamfilter service)',
    [
      'postfix_pipe_delivery_delay_seconds{relay=spamfilter,stage=before_queue_manager} 0',
      'postfix_pipe_delivery_delay_seconds{relay=spamfilter,stage=queue_manager} 0',
      'postfix_pipe_delivery_delay_seconds{relay=spamfilter,stage=connection_setup} 0',
      'postfix_pipe_delivery_delay_seconds{relay=spamfilter,stage=transmission} 1',
    ],
  ],
  [
    'postfix/virtual',
    '4F1234ABCD: to=<c@d.test>, relay=virtual, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to maildir)',
    ['postfix_virtual_delivered_total{} 1'],
  ],
  [
    'postfix/smtp',
    'connect to d.test[192.0.2.9]:25: Connection timed out',
    ['postfix_smtp_connection_timed_out_total{} 1'],
  ],
  ['postfix/smtp', 'connect to d.test[192.0.2.9]:25: Connection refused', []],
  [
    'postfix/smtp',
    `Untrusted TLS connection established to mx[192.0.2.7]:25: ${tls}`,
    [
      'postfix_smtp_tls_connections_total{trust=Untrusted,protocol=TLSv1.2,cipher=DES-CBC3-SHA,secret_bits=112,algorithm_bits=168} 1',
    ],
  ],
  ['postfix/smtp', `Untrusted TLS connection reused to mx[192.0.2.7]:25: ${tls}`, []],
  ['postfix/submission/smtpd', 'connect from x.test[192.0.2.1]', ['postfix_smtpd_connects_total{} 1']],
  [
    'postfix/smtpd',
    'disconnect from x.test[192.0.2.1] ehlo=1 quit=1 commands=2',
    ['postfix_smtpd_disconnects_total{} 1'],
  ],
  [
    'postfix/smtpd',
    'warning: hostname x.test does not resolve to address 192.0.2.1: Name or service not known',
    ['postfix_smtpd_forward_confirmed_reverse_dns_errors_total{} 1'],
  ],
  [
    'postfix/smtpd',
    'lost connection after DATA (53 bytes) from x.test[192.0.2.1]',
    ['postfix_smtpd_connections_lost_total{after_stage=DATA} 1'],
  ],
  [
    'postfix/smtpd',
    'lost connection after AUTH from x.test[192.0.2.1]',
    ['postfix_smtpd_connections_lost_total{after_stage=AUTH} 1'],
  ],
  ['postfix/smtpd', 'timeout after DATA from x.test[192.0.2.1]', []],
  ['postfix/smtpd', '4F1234ABCD: client=x.test[192.0.2.1]', ['postfix_smtpd_messages_processed_total{sasl_method=} 1']],
  [
    'postfix/smtps/smtpd',
    '4F1234ABCD: client=x.test[192.0.2.1], sasl_method=PLAIN, sasl_username=a@b.test',
    ['postfix_smtpd_messages_processed_total{sasl_method=PLAIN} 1'],
  ],
  [
    'postfix/smtpd',
    'NOQUEUE: reject: RCPT from x.test[192.0.2.1]: 554 5.7.1 <c@d.test>: Relay access denied; from=<a@b.test> to=<c@d.test> proto=ESMTP helo=<x>',
    ['postfix_smtpd_messages_rejected_total{code=554} 1'],
  ],
  [
    'postfix/smtpd',
    'NOQUEUE: reject: CONNECT from x.test[192.0.2.1]: 554 5.7.1 <x.test[192.0.2.1]>: Client host rejected; proto=SMTP',
    [],
  ],
  [
    'postfix/smtpd',
    'warning: x.test[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6',
    ['postfix_smtpd_sasl_authentication_failures_total{} 1'],
  ],
  [
    'postfix/smtpd',
    'Anonymous TLS connection established from x.test[192.0.2.1]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits)',
    [
      'postfix_smtpd_tls_connections_total{trust=Anonymous,protocol=TLSv1.3,cipher=TLS_AES_256_GCM_SHA384,secret_bits=256,algorithm_bits=256} 1',
    ],
  ],
  [
    'postfix/bounce',
    '4F1234ABCD: sender non-delivery notification: 4F9999ABCD',
    ['postfix_bounce_non_delivery_notification_total{} 1'],
  ],
  ['postfix/bounce', '4F1234ABCD: postmaster non-delivery notification: 4F9999ABCD', []],
  ['postfix/postscreen', 'CONNECT from [192.0.2.1]:567 to [192.0.2.2]:25', ['postfix_postscreen_connects_total{} 1']],
  [
    'postfix/postscreen',
    'NOQUEUE: reject: CONNECT from [192.0.2.1]:567: too many connections',
    ['postfix_postscreen_connects_rejected_total{reason=too many connections} 1'],
  ],
  ['postfix/postscreen', 'PASS NEW [192.0.2.1]:567', ['postfix_postscreen_passes_total{type=new} 1']],
  ['postfix/postscreen', 'DNSBL rank 4 for [192.0.2.1]:567', ['postfix_postscreen_dnsbl_rank{} 4']],
  [
    'postfix/postscreen',
    'NOQUEUE: reject: RCPT from [192.0.2.1]:567: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using bl.test; from=<a@b.test>, to=<c@d.test>, proto=ESMTP, helo=<x>',
    ['postfix_postscreen_messages_rejected_total{code=550} 1'],
  ],
  [
    'postfix/postscreen',
    'NON-SMTP COMMAND from [192.0.2.1]:567 after CONNECT: GET / HTTP/1.1',
    ['postfix_postscreen_tests_failed_total{test=NON_SMTP_COMMAND} 1'],
  ],
  [
    'postfix/postscreen',
    'PREGREET 14 after 0.1 from [192.0.2.1]:567: EHLO ylmf-pc\\r\\n',
    ['postfix_postscreen_tests_failed_total{test=PREGREET} 1'],
  ],
  [
    'postfix/postscreen',
    'HANGUP after 0.1 from [192.0.2.1]:567 in tests before SMTP handshake',
    ['postfix_postscreen_hangups_total{} 1'],
  ],
  ['postfix/postscreen', 'DENYLISTED [192.0.2.1]:567', ['postfix_postscreen_access_list_matches_total{action=deny} 1']],
  [
    'postfix/postscreen',
    'WHITELISTED [192.0.2.1]:567',
    ['postfix_postscreen_access_list_matches_total{action=allow} 1'],
  ],
  [
    'opendkim',
    '4F1234ABCD: DKIM-Signature field added (s=mail2026, d=d.test)',
    ['opendkim_signatures_added_total{subject=mail2026,domain=d.test} 1'],
  ],
  [
    'postfix/smtpd',
    'a form of words that no release of Postfix has used so far',
    ['postfix_unsupported_log_entries_total{service=smtpd,level=} 1'],
  ],
  ['sshd', 'Accepted publickey for root', []],
];

test.each(cases)('%s: %s', (program, message, increments) => {
  const found = seen(program, message);
  const isAboutAll = increments.some((text) => text.startsWith('mailward_deliveries_total'));
  expect(isAboutAll ? found : found.filter((text) => !text.startsWith('mailward_deliveries_total'))).toEqual(
    increments,
  );
});

test('every metric that is declared is counted by some line', () => {
  const counted = new Set(cases.flatMap(([program, message]) => observe(program, message).map(({ metric }) => metric)));
  expect(Object.keys(logMetrics).filter((name) => !counted.has(name as keyof typeof logMetrics))).toEqual([]);
});

test('a recipient that is retried for days is one observation of its delays', () => {
  const retries = [60, 600, 6000].flatMap((delay) =>
    seen(
      'postfix/smtp',
      `4F1234ABCD: to=<c@d.test>, relay=mx[192.0.2.7]:25, delay=${delay}, delays=${delay}/0/0/0, dsn=4.0.0, status=deferred (later)`,
    ),
  );
  expect(retries.filter((text) => text.includes('delay_seconds'))).toEqual([]);
  const last = seen(
    'postfix/smtp',
    '4F1234ABCD: to=<c@d.test>, relay=mx[192.0.2.7]:25, delay=86402, delays=86400/0/1/1, dsn=2.0.0, status=sent (250 ok)',
  );
  expect(last).toContain('postfix_smtp_delivery_delay_seconds{stage=before_queue_manager} 86400');
});

test('label sets beyond the bound are counted under other, and nothing is lost', async () => {
  const registry = new Registry();
  const counters = createLogCounters();
  counters.register(registry);
  const extra = 25;
  for (let at = 0; at < seriesPerMetricMax + extra; at++)
    counters.add([{ metric: 'postfix_smtp_deferred_messages_by_dsn_total', labels: { dsn: `4.0.${at}` }, value: 1 }]);
  const text = await registry.getSingleMetricAsString('postfix_smtp_deferred_messages_by_dsn_total');
  const rows = text.split('\n').filter((line) => !line.startsWith('#'));
  expect(rows).toHaveLength(seriesPerMetricMax + 1);
  expect(rows).toContain(`postfix_smtp_deferred_messages_by_dsn_total{dsn="other"} ${extra}`);
});

test('metrics without labels are 0 before the first line, and buckets are cumulative', async () => {
  const registry = new Registry();
  const counters = createLogCounters();
  counters.register(registry);
  expect(await registry.getSingleMetricAsString('postfix_smtpd_connects_total')).toMatch(
    /^postfix_smtpd_connects_total 0$/m,
  );
  for (const value of [1, 3, 1000]) counters.add([{ metric: 'postfix_postscreen_dnsbl_rank', labels: {}, value }]);
  const text = await registry.getSingleMetricAsString('postfix_postscreen_dnsbl_rank');
  expect(text).toContain('postfix_postscreen_dnsbl_rank_bucket{le="2"} 1\n');
  expect(text).toContain('postfix_postscreen_dnsbl_rank_bucket{le="15"} 2\n');
  expect(text).toContain('postfix_postscreen_dnsbl_rank_bucket{le="+Inf"} 3\n');
  expect(text).toContain('postfix_postscreen_dnsbl_rank_sum 1004\n');
});
