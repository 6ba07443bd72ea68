import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { batchEnvelopeSchema } from '../../../protocol/ingest.ts';
import { protocolVersion } from '../../../protocol/version.ts';
import { readBatch } from './store-writer.ts';

const sound = {
  ...{ protocolVersion, node: 'mx1', sourceId: 'a', path: '/var/log/mail.log', sequence: 0, firstOffset: 0 },
  ...{ lastOffset: 8, lines: 2, rawBytes: 8, cutBytes: 0, readMs: 0, timeZone: 'UTC' },
};
const read = (text: string, envelope: Partial<typeof sound>) =>
  readBatch(batchEnvelopeSchema.parse({ ...sound, ...envelope }), zstdCompressSync(text));

test('a batch is whole lines, as many as its envelope says', () => {
  expect(read('one\ntwo\n', {}).raw.toString()).toBe('one\ntwo\n');
  expect(read('', { lastOffset: 0, lines: 0, rawBytes: 0 }).raw).toHaveLength(0);
  expect(() => read('one\ntwo', { rawBytes: 7, lines: 2 })).toThrow('has no end');
  expect(() => read('one\ntwo', { rawBytes: 7, lines: 1 })).toThrow('has no end');
  expect(() => read('one\ntwo\n', { lines: 3 })).toThrow('The batch holds 2 lines, its envelope says 3.');
  expect(() => read('one\ntwo\n', { rawBytes: 9 })).toThrow('its envelope says 9');
});

test('an envelope of a zone that nobody knows is refused', () => {
  const parse = (timeZone: string) => batchEnvelopeSchema.safeParse({ ...sound, timeZone });
  expect(parse('Asia/Shanghai').success).toBe(true);
  for (const zone of ['Mars/Olympus', '', 'x'.repeat(65), 'Europe/Berlin '])
    expect(parse(zone).error?.issues[0]?.path).toEqual(['timeZone']);
});
