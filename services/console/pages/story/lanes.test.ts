import { describe, expect, test } from 'vitest';
import type { AttemptWire, LegWire, StoryWire } from '../../../protocol/wire.ts';
import { layLanes, sumPhases } from './lanes.ts';

const start = Date.UTC(2026, 10, 22, 16);
const iso = (ms: number): string => new Date(start + ms).toISOString();
const attempt = (ms: number, more: Partial<AttemptWire> = {}): AttemptWire => ({
  ...{ time: iso(ms), to: 'a@example.org', status: 'sent', delay: 2 },
  ...{ delays: { beforeQmgr: 0.4, qmgr: 0.1, connection: 0.5, transmission: 1 } },
  ...more,
});
const leg = (more: Partial<LegWire> = {}): LegWire => ({
  ...{ node: 'mx1', instance: 'postfix', queueId: '4Xa', firstSeenAt: iso(0), lastSeenAt: iso(2000), role: 'smtp-in' },
  ...{ queuedAt: iso(0), removedAt: iso(2000), attempts: [attempt(2000)] },
  ...more,
});
const story = (legs: LegWire[], more: Partial<StoryWire> = {}): StoryWire => ({
  ...{ id: 's', firstSeenAt: iso(0), lastSeenAt: iso(2000), fate: 'delivered', closed: true, legs, recipients: [] },
  ...more,
});
const lay = (legs: LegWire[], more: Partial<StoryWire> = {}) => layLanes(story(legs, more), start + 60_000);

describe('lanes', () => {
  test('delays become bars that end at the delivery line and sharpen whole seconds', () => {
    const [lane] = lay([leg()]);
    expect(lane?.before).toEqual({ phase: 'before', since: start, until: start + 400 });
    expect(lane?.attempts[0]?.bars).toEqual([
      { phase: 'queue', since: start + 400, until: start + 500 },
      { phase: 'connect', since: start + 500, until: start + 1000 },
      { phase: 'transmit', since: start + 1000, until: start + 2000 },
    ]);
    expect(sumPhases(lane === undefined ? [] : [lane])).toEqual({
      before: 400,
      queue: 100,
      connect: 500,
      transmit: 1000,
    });
  });
  test('the beginning that was not seen is not made up', () => {
    const [lane] = lay([leg({ role: 'unknown', attempts: [attempt(2000, { delay: 4000 })] })]);
    expect(lane?.before).toBeUndefined();
    expect(lane?.since).toBe(start);
  });
  test('recipients of one transaction are one mark, other outcomes are marks of their own', () => {
    const [lane] = lay([
      leg({
        attempts: [
          attempt(2000),
          attempt(2001, { to: 'b@example.org' }),
          attempt(2002, { to: 'c@example.org', status: 'bounced' }),
          attempt(600_000),
        ],
      }),
    ]);
    expect(lane?.attempts.map(({ fate, count }) => [fate, count])).toEqual([
      ['delivered', 2],
      ['bounced', 1],
      ['delivered', 1],
    ]);
  });
  test('a transaction leads to the lane that took the message over', () => {
    const lanes = lay([
      leg({ attempts: [attempt(2000, { nextQueueId: '4Xb' })] }),
      leg({ queueId: '4Xb', role: 'reinjected' }),
    ]);
    expect(lanes[0]?.attempts[0]?.nextLeg).toBe(1);
  });
  test('a refusal without a queue id ends in its refusal', () => {
    const { queueId: _, queuedAt: __, removedAt: ___, ...rest } = leg();
    const [lane] = lay([{ ...rest, role: 'refused', attempts: [] }], { fate: 'rejected' });
    expect(lane).toMatchObject({
      queueId: undefined,
      open: false,
      attempts: [{ fate: 'rejected', time: start + 2000 }],
    });
  });
  test('an open lane reaches to now, a closed one to its removal', () => {
    const { removedAt: _, ...rest } = leg({ attempts: [attempt(2000, { status: 'deferred' })] });
    expect(lay([rest], { closed: false })[0]).toMatchObject({ open: true, until: start + 60_000 });
    expect(lay([leg()])[0]).toMatchObject({ open: false, until: start + 2000 });
  });
  test('retries over days stand in one row', () => {
    const attempts = Array.from({ length: 80 }, (_, at) => attempt(2000 + at * 4_000_000, { status: 'deferred' }));
    expect(lay([leg({ attempts })])[0]?.rows).toBe(1);
  });
  test('a thousand recipients to few hosts stay readable', () => {
    const attempts = Array.from({ length: 1000 }, (_, at) =>
      attempt(2000 + at * 20, {
        to: `${at}@example.org`,
        relay: { host: `mx${at % 5}.example` },
        delays: { beforeQmgr: 0.4, qmgr: 0.1, connection: 0.5 + (at % 13) / 10, transmission: 1 },
      }),
    );
    const [lane] = lay([leg({ attempts })]);
    expect(lane?.attempts.reduce((sum, group) => sum + group.count, 0)).toBe(1000);
    expect(lane?.attempts.length).toBeLessThan(50);
    expect(lane?.rows).toBeLessThanOrEqual(8);
  });
});
