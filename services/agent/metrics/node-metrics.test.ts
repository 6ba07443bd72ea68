import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { logMetrics } from './log/log-metric-table.ts';
import { nodeMetricsConfigSchema } from './metrics-config.ts';
import { createNodeMetrics } from './node-metrics.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailward-node-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** What dashboards ask for: name, type and labels as the Prometheus exporters for Postfix have them. */
const expected: Readonly<Record<string, readonly [type: string, ...labels: string[]]>> = {
  postfix_up: ['gauge', 'path'],
  postfix_showq_queue_depth: ['gauge', 'queue'],
  postfix_showq_message_size_bytes: ['histogram', 'queue'],
  postfix_showq_message_age_seconds: ['histogram', 'queue'],
  postfix_cleanup_messages_processed_total: ['counter'],
  postfix_cleanup_messages_rejected_total: ['counter'],
  postfix_cleanup_messages_not_accepted_total: ['counter'],
  postfix_qmgr_messages_inserted_receipients: ['histogram'],
  postfix_qmgr_messages_inserted_recipients: ['histogram'],
  postfix_qmgr_messages_inserted_size_bytes: ['histogram'],
  postfix_qmgr_messages_removed_total: ['counter'],
  postfix_qmgr_messages_expired_total: ['counter'],
  postfix_smtp_delivery_delay_seconds: ['histogram', 'stage'],
  postfix_lmtp_delivery_delay_seconds: ['histogram', 'stage'],
  postfix_pipe_delivery_delay_seconds: ['histogram', 'relay', 'stage'],
  postfix_smtp_messages_processed_total: ['counter', 'status'],
  postfix_smtp_status_deferred: ['untyped'],
  postfix_smtp_deferred_messages_total: ['counter'],
  postfix_smtp_connection_timed_out_total: ['counter'],
  postfix_smtp_deferred_messages_by_dsn_total: ['counter', 'dsn'],
  postfix_smtp_bounced_messages_by_dsn_total: ['counter', 'dsn'],
  postfix_smtp_tls_connections_total: ['counter', 'trust', 'protocol', 'cipher', 'secret_bits', 'algorithm_bits'],
  postfix_smtpd_tls_connections_total: ['counter', 'trust', 'protocol', 'cipher', 'secret_bits', 'algorithm_bits'],
  postfix_smtpd_connects_total: ['counter'],
  postfix_smtpd_disconnects_total: ['counter'],
  postfix_smtpd_forward_confirmed_reverse_dns_errors_total: ['counter'],
  postfix_smtpd_connections_lost_total: ['counter', 'after_stage'],
  postfix_smtpd_messages_processed_total: ['counter', 'sasl_method'],
  postfix_smtpd_messages_rejected_total: ['counter', 'code'],
  postfix_smtpd_sasl_authentication_failures_total: ['counter'],
  postfix_unsupported_log_entries_total: ['counter', 'service', 'level'],
  postfix_bounce_non_delivery_notification_total: ['counter'],
  postfix_virtual_delivered_total: ['counter'],
  opendkim_signatures_added_total: ['counter', 'subject', 'domain'],
  postfix_postscreen_connects_total: ['counter'],
  postfix_postscreen_connects_rejected_total: ['counter', 'reason'],
  postfix_postscreen_passes_total: ['counter', 'type'],
  postfix_postscreen_dnsbl_rank: ['histogram'],
  postfix_postscreen_messages_rejected_total: ['counter', 'code'],
  postfix_postscreen_tests_failed_total: ['counter', 'test'],
  postfix_postscreen_hangups_total: ['counter'],
  postfix_postscreen_access_list_matches_total: ['counter', 'action'],
};

async function expose(): Promise<string> {
  await mkdir(join(root, 'etc'), { recursive: true });
  await mkdir(join(root, 'proc/self'), { recursive: true });
  await writeFile(join(root, 'etc/main.cf'), `queue_directory = ${root}/spool\n`);
  await writeFile(join(root, 'proc/stat'), 'btime 1795000000\n');
  const config = nodeMetricsConfigSchema.parse({
    procRoot: join(root, 'proc'),
    sysRoot: join(root, 'sys'),
    postfixDirectory: join(root, 'etc'),
    dovecotDirectory: join(root, 'none'),
    directories: [],
    dovecotStatsUrl: null,
    rspamd: null,
  });
  const metrics = createNodeMetrics(config, {
    clock: systemClock,
    log: createLog({ process: 'test', level: 'silent' }),
    readCommand: async () => undefined,
  });
  await metrics.collect();
  const text = await metrics.registry.metrics();
  await metrics.stop();
  return text;
}

test('every name that dashboards know is there, with its type', async () => {
  const types = new Map([...(await expose()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  for (const [name, [type]] of Object.entries(expected)) expect(types.get(name), name).toBe(type);
});

test('labels are those that dashboards group by', async () => {
  const text = await expose();
  for (const [name, [, ...labels]] of Object.entries(expected)) {
    const declared = (logMetrics as Readonly<Record<string, { labels: readonly string[] }>>)[name]?.labels;
    if (declared !== undefined) expect(declared, name).toEqual(labels);
  }
  expect(text).toMatch(/^postfix_up\{path="[^"]+\/public\/showq"\} 0$/m);
  expect(text).toMatch(/^postfix_showq_message_size_bytes_count\{queue="deferred",postfix_instance="postfix"\} 0$/m);
  expect(text).toMatch(
    /^postfix_showq_message_age_seconds_bucket\{queue="hold",postfix_instance="postfix",le="100000000"\} 0$/m,
  );
});

test('each sampler tells of its errors and when it last succeeded', async () => {
  const text = await expose();
  for (const sampler of ['postfix-queue', 'connections', 'processes', 'network', 'filesystems', 'raid', 'clock']) {
    expect(text).toContain(`mailward_sampler_errors_total{sampler="${sampler}"} 0\n`);
    expect(text).toMatch(
      new RegExp(`^mailward_sampler_last_success_timestamp_seconds\\{sampler="${sampler}"\\} \\d`, 'm'),
    );
  }
});
