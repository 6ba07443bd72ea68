import { expect, test } from 'vitest';
import { createLineCounter, sourcesMax } from './line-counter.ts';

const startedAt = Date.parse('2026-11-22T12:00:00.700Z');

function setUp() {
  const seen: string[] = [];
  const counter = createLineCounter(
    { startedAt, timeZone: 'UTC' },
    { observe: (event) => void seen.push(`${event.service} ${event.kind}`), now: () => startedAt + 60_000 },
  );
  const count = (sourceId: string, firstOffset: number, lines: readonly string[]) => {
    const body = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    return counter.count({ sourceId, firstOffset, lastOffset: firstOffset + body.length }, body);
  };
  return { seen, count };
}

const old = 'Nov 22 11:59:00 mx1 postfix/smtpd[1]: connect from a.test[192.0.2.1]';
const fresh = 'Nov 22 12:00:00 mx1 postfix/smtpd[1]: connect from a.test[192.0.2.1]';
const later = '2026-11-22T12:00:30.5+00:00 mx1 postfix/qmgr[2]: 4F1234ABCD: removed';

test('lines since the start are counted, in a batch that begins before it too', async () => {
  const { seen, count } = setUp();
  await count('log', 0, [old, old]);
  expect(seen).toEqual([]);
  await count('log', 500, [old, fresh, later]);
  expect(seen).toEqual(['smtpd connect', 'qmgr removed']);
});

test('a batch that is read again is counted once, and what follows it is counted', async () => {
  const { seen, count } = setUp();
  await count('log', 0, [fresh]);
  await count('log', 0, [fresh]);
  await count('other', 0, [fresh]);
  await count('log', fresh.length + 1, [later]);
  expect(seen).toEqual(['smtpd connect', 'smtpd connect', 'qmgr removed']);
});

test('a batch without lines, or with half a character, is no trouble', async () => {
  const { seen, count } = setUp();
  await count('log', 0, []);
  await count('log', 0, [`${fresh}\ufffd`]);
  expect(seen).toEqual(['smtpd connect']);
});

test('the place of so many sources is remembered, the oldest is forgotten', async () => {
  const { seen, count } = setUp();
  for (let at = 0; at <= sourcesMax; at++) await count(`source ${at}`, 100, [fresh]);
  seen.length = 0;
  await count('source 1', 50, [fresh]);
  expect(seen).toEqual([]);
  await count('source 0', 50, [fresh]);
  expect(seen).toEqual(['smtpd connect']);
});

test('others get their turn while a large batch is counted', async () => {
  const { seen, count } = setUp();
  let turns = 0;
  const turn = setInterval(() => turns++, 0);
  await count('log', 0, new Array(20_000).fill(fresh));
  clearInterval(turn);
  expect(seen).toHaveLength(20_000);
  expect(turns).toBeGreaterThan(0);
});
