import { expect, test } from 'vitest';
import * as lines from './postfix-lines.ts';
import { makeQueueId } from './queue-id.ts';

const client = { host: 'a.example.net', ip: '192.0.2.1', helo: 'a.example.net' };

test.each([
  [0, '0'],
  [4, '0'],
  [20, '0.02'],
  [199, '0.2'],
  [1540, '1.5'],
  [12_345, '12'],
  [301_600, '302'],
])('%i ms are printed as a delay of %s', (ms, text) => {
  expect(lines.formatDelay(ms)).toBe(text);
});

test('the four delays add up to the delay of the line', () => {
  const text = lines.deliveryText({
    queueId: '422AB9B2',
    to: 'alice@example.org',
    relay: 'mx3.example.org[198.51.100.13]:25',
    delays: { beforeQmgr: 61_000, qmgr: 10, connection: 120, transmission: 300 },
    dsn: '2.0.0',
    status: 'sent',
    reason: '250 2.0.0 Ok: queued as 5ABFCA73',
  });
  expect(text).toBe(
    '422AB9B2: to=<alice@example.org>, relay=mx3.example.org[198.51.100.13]:25, delay=61, delays=61/0.01/0.12/0.3, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5ABFCA73)',
  );
});

test('a session that was refused counts what was tried', () => {
  const counts = { ehlo: [1, 1], mail: [1, 1], rcpt: [0, 1], quit: [1, 1] } as const;
  expect(lines.disconnectText(client, counts)).toBe(
    'disconnect from a.example.net[192.0.2.1] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4',
  );
});

test.each([
  ['250 2.0.0 Ok: queued as 1', { code: 250, enhanced: '2.0.0', text: 'Ok: queued as 1' }],
  ['550 No such user', { code: 550, enhanced: '5.0.0', text: 'No such user' }],
])('the reply %j is read', (text, reply) => {
  expect(lines.parseReply(text)).toEqual(reply);
});

test('queue ids are those of Postfix', () => {
  const time = Date.UTC(2026, 10, 22, 5, 40, 19) + 270.5;
  expect(makeQueueId({ time, inode: 0x9b2, long: false })).toBe('420A49B2');
  expect(makeQueueId({ time, inode: 0x9b2, long: true })).toMatch(
    /^[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10}z[0-9A-Za-z]+$/,
  );
});
