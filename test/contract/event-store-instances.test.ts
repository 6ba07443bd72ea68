// A submission service with a syslog_name of its own: one message, whatever its lines are tagged, when they come and when they
// are read again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { bodyOf, makeBatch, readMs } from './event-store-batches.ts';
import { messageLines, queueIdOf } from './event-store-messages.ts';

test('lines of one queue are one message, also where a service has a name of its own', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mailward-instances-'));
  const store = await createSqliteEventStore(
    { dataDir },
    { log: { error: (fault: unknown) => expect.fail(String(fault)) } },
  );
  try {
    const linesOf = (no: number) => {
      const message = { queueId: queueIdOf(no), from: 'a@x.example', to: 'b@y.example', status: 'sent' } as const;
      return messageLines({ at: 'Nov 22 10:00:00', ...message }).map((line) =>
        line.replace('postfix/smtpd', 'submission/smtpd'),
      );
    };
    const learned = makeBatch(linesOf(1));
    const envelope = { ...learned.envelope, syslogNames: [{ name: 'submission', instance: 'postfix' }] };
    await store.ingest(envelope, bodyOf(learned));
    // Lines of the past say nothing of names: those that the node told hold.
    const past = makeBatch(linesOf(2), { sourceId: 'old' });
    await store.ingest({ ...past.envelope, isPast: true }, bodyOf(past));
    const { items } = await store.searchStories({});
    expect(items.map(({ queueIds, fate }) => [queueIds, fate])).toEqual([
      [[queueIdOf(2)], 'delivered'],
      [[queueIdOf(1)], 'delivered'],
    ]);
    const { story } = (await store.readStory(items[0]?.id ?? '')) ?? {};
    expect(story?.legs.map((leg) => leg.instance)).toEqual(['postfix']);
    const report = await store.readReport({ since: 0, until: readMs, timeZone: 'UTC', rows: 5 });
    expect(report.totals).toMatchObject({ received: 2, delivered: 2 });
  } finally {
    await store.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
