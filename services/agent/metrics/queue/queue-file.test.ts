import { expect, test } from 'vitest';
import { parseQueueFileHead } from './queue-file.ts';

/** Heads of files that Postfix 3.7.11 wrote. */
const deferred =
  '435f202020202020202020202020323335202020202020202020202020203233322020202020202020202020202020203120' +
  '2020202020202020202020202020302020202020202020202020202032333520202020202020202020202020202030541131' +
  '3739353336353030342032353538343741166372656174655f74696d653d31373935333635303034';
const maildrop =
  '541131373935333635303034203436313130364115726577726974655f636f6e746578743d6c6f63616c4604726f6f7453086140622e74657374';

test('a queued message has the size that mailq shows, and its arrival', () => {
  expect(parseQueueFileHead(Buffer.from(deferred, 'hex'))).toEqual({ sizeBytes: 235, arrivedAt: 1795365004255 });
});

test('a message in maildrop has no size of its own', () => {
  expect(parseQueueFileHead(Buffer.from(maildrop, 'hex'))).toEqual({ sizeBytes: undefined, arrivedAt: 1795365004461 });
});

test('whatever the bytes are, reading them ends and throws nothing', () => {
  const bytes = Buffer.from(deferred, 'hex');
  for (let length = 0; length <= bytes.length; length++) parseQueueFileHead(bytes.subarray(0, length));
  for (let at = 0; at < bytes.length; at++) {
    const broken = Buffer.from(bytes);
    broken[at] = 0xff;
    parseQueueFileHead(broken);
  }
  expect(parseQueueFileHead(Buffer.alloc(256, 0xff))).toEqual({ sizeBytes: undefined, arrivedAt: undefined });
});
