import { expect, test } from 'vitest';
import type { MailEvent } from '../protocol/mail-event.ts';
import { addDelays, type DelayHistogram } from './delay-counts.ts';
import { createDelayMetrics } from './delay-metrics.ts';

const delivery = (status: string, service = 'smtp') =>
  ({
    ...{ kind: 'delivery', service, status, time: 0, timeConfidence: 'exact' },
    delays: { beforeQmgr: 0.05, qmgr: 300_000, connection: 0.1, transmission: 0 },
  }) as MailEvent;

test('a wait is counted once, when it ends, at its stage', () => {
  const counts = new Map<string, DelayHistogram>();
  for (const status of ['deferred', 'deferred', 'sent']) addDelays(counts, delivery(status));
  addDelays(counts, delivery('bounced', 'lmtp'));
  addDelays(counts, delivery('sent', 'local'));
  const metrics = createDelayMetrics();
  metrics.add('mx1', Object.fromEntries(counts));
  const text = metrics.render();
  const samples = (stage: string) =>
    text.split('\n').filter((line) => line.includes('_smtp_') && line.includes(`"${stage}"`));
  expect(text).toContain('# TYPE postfix_smtp_delivery_delay_seconds histogram');
  expect(text).not.toContain('stage=""');
  expect(text).toContain('postfix_lmtp_delivery_delay_seconds_count{node="mx1",stage="transmission"} 1');
  expect(samples('before_queue_manager')).toEqual([
    ...['0.001', '0.01'].map((le) => bucket(le, 'before_queue_manager', 0)),
    ...['0.1', '1', '10', '60', '3600', '86400', '172800', '+Inf'].map((le) => bucket(le, 'before_queue_manager', 1)),
    'postfix_smtp_delivery_delay_seconds_sum{node="mx1",stage="before_queue_manager"} 0.05',
    'postfix_smtp_delivery_delay_seconds_count{node="mx1",stage="before_queue_manager"} 1',
  ]);
  // Longer than the last bound: only the bucket without one.
  expect(samples('queue_manager').slice(8, 10)).toEqual([
    bucket('172800', 'queue_manager', 0),
    bucket('+Inf', 'queue_manager', 1),
  ]);
  // A value on a bound belongs to it.
  expect(samples('connection_setup')[2]).toBe(bucket('0.1', 'connection_setup', 1));
});
const bucket = (le: string, stage: string, count: number) =>
  `postfix_smtp_delivery_delay_seconds_bucket{le="${le}",node="mx1",stage="${stage}"} ${count}`;

test('beyond so many nodes they share one histogram', () => {
  const metrics = createDelayMetrics();
  const counts = new Map<string, DelayHistogram>();
  addDelays(counts, delivery('sent'));
  for (let node = 0; node < 205; node++) metrics.add(node === 0 ? 'a"\\' : `n${node}`, Object.fromEntries(counts));
  const lines = metrics
    .render()
    .split('\n')
    .filter((line) => line.includes('_count{') && line.includes('"transmission"'));
  expect(lines[0]).toContain('node="a\\"\\\\",');
  expect(lines.length).toBe(201);
  expect(lines).toContain('postfix_smtp_delivery_delay_seconds_count{node="other",stage="transmission"} 5');
});
