import { Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import { AppError } from '../protocol/errors.ts';
import type { Logger } from '../runtime/log.ts';
import { createControlEvents } from './events.ts';
import { createTrustEvents } from './trust/trust-events.ts';

let said: Record<string, unknown>[] = [];
const log = { warn: (about: Record<string, unknown>) => said.push(about) } as unknown as Logger;
beforeEach(() => {
  said = [];
});

test.each(['certificate-needed', 'certificate-refused', 'too-many-attempts'] as const)(
  'what strangers can cause without end is counted and not logged: %s',
  async (code) => {
    const registry = new Registry();
    const events = createControlEvents({ version: '0' }, { log });
    const error = new AppError(code, 'Whoever it was');
    createTrustEvents({ log, registry }).refused(error, { address: '192.0.2.1' });
    events.batchRefused(error);
    events.scrapeRefused(error);
    events.agentRefused('mx1', code, error.message);
    expect(said).toEqual([]);
    expect(await registry.metrics()).toContain(`mailward_trust_refused_total{code="${code}"} 1`);
    expect((await events.renderMetrics()).text).toContain(`mailward_ingest_refused_total{code="${code}"} 1`);
  },
);

test('a refusal is logged with its reason and without a stack, a fault of ours with one', () => {
  const events = createControlEvents({ version: '0' }, { log });
  events.batchRefused(new AppError('wrong-node', 'The certificate is of mx1'));
  events.scrapeRefused(new AppError('bad-request', 'No envelope'));
  const fault = new Error('a fault');
  events.batchRefused(fault);
  expect(said).toEqual([
    { code: 'wrong-node', detail: 'The certificate is of mx1' },
    { code: 'bad-request', detail: 'No envelope' },
    { code: 'internal', err: fault },
  ]);
});
