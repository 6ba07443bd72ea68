import { expect, test, vi } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { createResultOutbox } from './result-outbox.ts';

const result = (id: string) => ({ id, outcome: 'done', detail: '', output: '', startedAt: 0, endedAt: 1 }) as const;

test('results wait for a connection, and go in their order', async () => {
  const outbox = createResultOutbox({ clock: systemClock, events: { resultDropped: () => {} } });
  outbox.add(result('a'));
  outbox.add(result('b'));
  const sent: string[] = [];
  outbox.connected(async ({ id }) => void sent.push(id));
  await vi.waitFor(() => expect(sent).toEqual(['a', 'b']));
});

test('what was not acknowledged is said again over the next connection', async () => {
  const outbox = createResultOutbox({ clock: systemClock, events: { resultDropped: () => {} } });
  outbox.connected(() => Promise.reject(new Error('gone')));
  outbox.add(result('a'));
  await Promise.resolve();
  outbox.disconnected();
  const sent: string[] = [];
  await vi.waitFor(() => {
    outbox.connected(async ({ id }) => void sent.push(id));
    expect(sent).toEqual(['a']);
  });
});

test('beyond the bound the oldest is given up, and said so', () => {
  const dropped: string[] = [];
  const outbox = createResultOutbox({
    clock: systemClock,
    events: { resultDropped: (id) => void dropped.push(id) },
    keptMax: 2,
  });
  for (const id of ['a', 'b', 'c']) outbox.add(result(id));
  expect(dropped).toEqual(['a']);
});
