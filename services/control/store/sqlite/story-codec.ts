// A story as it is stored: JSON with fields by position, because the names would be most of the bytes; line references as
// variable-length differences.

import type { LegState, Outcome, StoryState } from '../../../logs/story-state.ts';
import type { Attempt } from '../../../protocol/story.ts';

const formatVersion = 1;

const legFields = [
  ...['node', 'instance', 'role', 'firstSeenAt', 'lastSeenAt', 'queueId', 'messageId', 'from', 'queuedAt', 'removedAt'],
  ...['size', 'nrcpt', 'clientHost', 'clientIp', 'begun', 'host', 'helo', 'saslUser', 'saslMethod', 'tlsProtocol'],
  ...['traceId', 'loopback', 'whole', 'attemptsOmitted', 'outcomesOmitted', 'origQueueId'],
];
const attemptFields = [
  ...['time', 'to', 'status', 'service', 'delay', 'dsn', 'reason', 'nextQueueId', 'origTo', 'relay', 'delays'],
];
const outcomeFields = [
  ...['to', 'fate', 'time', 'attempts', 'dsn', 'reason', 'service', 'relay', 'loopback', 'nextQueueId', 'sessionId'],
  ...['origTo', 'mailbox', 'sieve'],
];

/** Values in the order of `fields`; what is absent at the end is left out, what is absent before is null. */
function toRow(value: object, fields: readonly string[]): unknown[] {
  const named = value as Record<string, unknown>;
  const row: unknown[] = [];
  for (const [at, name] of fields.entries()) {
    const field = named[name];
    if (field === undefined) continue;
    while (row.length < at) row.push(null);
    row.push(field);
  }
  return row;
}

function fromRow(row: readonly unknown[], fields: readonly string[]): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [at, name] of fields.entries()) {
    const field = row[at];
    if (field !== undefined && field !== null) value[name] = field;
  }
  return value;
}

export function encodeStory(story: StoryState): string {
  return JSON.stringify([
    formatVersion,
    story.linesOmitted,
    story.noticeOf ?? 0,
    story.notices,
    story.legs.map((leg) => [
      toRow(leg, legFields),
      leg.attempts.map((attempt) => toRow(attempt, attemptFields)),
      [...leg.outcomes].map(([key, outcome]) => [key === outcome.to ? 0 : key, toRow(outcome, outcomeFields)]),
    ]),
  ]);
}

type Row = readonly unknown[];
type StoredStory = [number, number, number, number[], [Row, Row[], [string | 0, Row][]][]];

/** The rows were written by {@link encodeStory} of this release; the schema version guards that. */
export function decodeStory(no: number, body: string, lines: Uint8Array): StoryState {
  const [, linesOmitted, noticeOf, notices, legs] = JSON.parse(body) as StoredStory;
  return {
    no,
    legs: legs.map(([fields, attempts, outcomes]) => {
      const leg = fromRow(fields, legFields) as unknown as LegState;
      leg.attempts = attempts.map((row) => fromRow(row, attemptFields) as unknown as Attempt);
      leg.outcomes = new Map(
        outcomes.map(([key, row]) => {
          const outcome = fromRow(row, outcomeFields) as unknown as Outcome;
          return [key === 0 ? outcome.to : key, outcome];
        }),
      );
      return leg;
    }),
    lines: decodeLines(lines),
    linesOmitted,
    ...(noticeOf === 0 ? {} : { noticeOf }),
    notices,
  };
}

/** Triples of block, index, leg: block and index as zigzag differences to the triple before. */
export function encodeLines(lines: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  let [block, index] = [0, 0];
  for (let at = 0; at + 2 < lines.length; at += 3) {
    const [nextBlock, nextIndex, leg] = [lines[at] ?? 0, lines[at + 1] ?? 0, lines[at + 2] ?? 0];
    putVarint(bytes, zigzag(nextBlock - block));
    putVarint(bytes, zigzag(nextIndex - index));
    putVarint(bytes, leg);
    [block, index] = [nextBlock, nextIndex];
  }
  return Uint8Array.from(bytes);
}

function decodeLines(bytes: Uint8Array): number[] {
  const lines: number[] = [];
  let at = 0;
  const next = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  let [block, index] = [0, 0];
  while (at < bytes.length) {
    block += unzigzag(next());
    index += unzigzag(next());
    lines.push(block, index, next());
  }
  return lines;
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

function putVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}
