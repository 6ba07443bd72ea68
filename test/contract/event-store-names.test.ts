// Nodes are named by their operators: no name may mean something to the machine that stores it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { bodyOf, makeBatch, readMs } from './event-store-batches.ts';
import { messageLines, queueIdOf } from './event-store-messages.ts';

test.each(['__proto__', 'constructor', 'toString', 'a\nb', "'; DROP TABLE source; --"])(
  'a node named %j is a node like others',
  async (node) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'mailward-names-'));
    const store = await createSqliteEventStore(
      { dataDir },
      { log: { error: (fault: unknown) => expect.fail(String(fault)) } },
    );
    try {
      const message = { queueId: queueIdOf(1), status: 'sent', from: 'a@x.example', to: 'b@y.example' } as const;
      const lines = messageLines({ at: 'Nov 22 10:00:00', ...message });
      for (const name of [node, 'mx2']) {
        const batch = makeBatch(lines, { node: name });
        expect((await store.ingest(batch.envelope, bodyOf(batch))).ack.result).toBe('stored');
      }
      const { byNode } = await store.readFlow({ since: readMs - 86_400_000, until: readMs, stepMs: 3_600_000 });
      for (const name of [node, 'mx2']) {
        const points = new Map(Object.entries(byNode)).get(name);
        expect(points?.reduce((sum, point) => sum + point.lines, 0)).toBe(lines.length);
      }
      expect(Object.getPrototypeOf(byNode)).toBe(Object.prototype);
      const { sources } = await store.readCompleteness({ since: 0, until: readMs });
      expect(sources.map((source) => source.node).toSorted()).toEqual([node, 'mx2'].toSorted());
      expect((await store.readOffsets(node)).length).toBe(1);
      expect((await store.searchStories({ node })).items.length).toBe(1);
    } finally {
      await store.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
);
