import { Registry } from 'prom-client';
import { expect, test, vi } from 'vitest';
import type { Logger } from '../../runtime/log.ts';
import { createFailoverEvents } from './failover-events.ts';

test('what cannot be kept is said once for as long as it is the same, and again after it could be', async () => {
  const log = { error: vi.fn(), info: vi.fn(), warn: vi.fn() };
  const registry = new Registry();
  const events = createFailoverEvents({ log: log as unknown as Logger, registry });
  for (let times = 0; times < 200; times++) events.reportRefused('not-kept', new Error('too much is asked'));
  expect(log.error).toHaveBeenCalledTimes(1);
  events.reportRefused('not-kept', new Error('disk full'));
  expect(log.error).toHaveBeenCalledTimes(2);
  events.entriesKept({ node: 'mx1', group: 'mail', incarnation: 'i', startedAt: 0, entries: [] });
  events.reportRefused('not-kept', new Error('disk full'));
  expect(log.error).toHaveBeenCalledTimes(3);
  expect(await registry.metrics()).toContain('mailward_group_reports_refused_total{reason="not-kept"} 202');
});
