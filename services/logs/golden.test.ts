// One file of lines per family, and beside it what each line means. To accept a change, delete the .golden.jsonl file, run
// this test (it writes the file anew and fails once) and read the difference before committing it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { mailEventSchema } from '../protocol/mail-event.ts';
import { eventToJson } from './event-json.ts';
import { createLineParser } from './parse.ts';

const folder = join(import.meta.dirname, 'fixtures');
const logs = readdirSync(folder).filter((file) => file.endsWith('.log'));

describe.each(logs)('%s', (log) => {
  const lines = readFileSync(join(folder, log), 'utf8').trimEnd().split('\n');
  const parser = createLineParser({ now: Date.UTC(2026, 10, 22, 6), timeZone: 'UTC' });
  const events = lines.map((line) => parser.parse(line));

  test('every line is understood as it was', () => {
    const golden = join(folder, log.replace(/\.log$/, '.golden.jsonl'));
    const made = events.map(eventToJson);
    if (!existsSync(golden)) {
      writeFileSync(golden, `${made.join('\n')}\n`);
      expect.unreachable(`${golden} was absent and is written now: read it`);
    }
    const wanted = readFileSync(golden, 'utf8').trimEnd().split('\n');
    expect(made.map((json) => JSON.parse(json))).toEqual(wanted.map((json) => JSON.parse(json)));
  });

  test('none is unparsed', () => {
    expect(lines.filter((_, index) => events[index]?.kind === 'unparsed')).toEqual([]);
  });

  test('the JSON by hand is what the schema encodes', () => {
    for (const event of events) expect(eventToJson(event)).toBe(JSON.stringify(z.encode(mailEventSchema, event)));
  });
});
