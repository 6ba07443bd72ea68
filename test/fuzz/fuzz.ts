// Mutated lines through the parser, the schema, and what the command line prints of them.
import { z } from 'zod';
import { createParseRow } from '../../services/cli/parse-row.ts';
import { jsonSafe } from '../../services/cli/terminal.ts';
import { eventToJson } from '../../services/logs/event-json.ts';
import { createLineParser } from '../../services/logs/parse.ts';
import { mailEventSchema } from '../../services/protocol/mail-event.ts';
import { createMutator } from './mutate.ts';

export type FuzzResult = {
  readonly lines: number;
  readonly seed: number;
  readonly unparsed: number;
  /** The most processor time that one line took, of the parser alone. */
  readonly slowestMs: number;
  /** What went wrong, with the line: empty when all is well. */
  readonly faults: readonly string[];
};

const faultsMax = 20;
/** C0 without the newline, DEL, C1, overrides and isolates, and halves of surrogate pairs. */
const rawControl = new RegExp(
  String.raw`[\p{Cc}\u202a-\u202e\u2066-\u2069\u200e\u200f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]`.replace(
    String.raw`\p{Cc}`,
    String.raw`\x00-\x1f\x7f-\x9f`,
  ),
);

export function fuzz(options: { readonly lines: number; readonly seed: number }): FuzzResult {
  const mutator = createMutator(options.seed);
  const parser = createLineParser({ now: Date.UTC(2026, 10, 22), timeZone: 'Europe/Berlin' });
  const row = createParseRow({}, {});
  const faults: string[] = [];
  let unparsed = 0;
  let slowestMs = 0;
  for (let index = 0; index < options.lines && faults.length < faultsMax; index++) {
    const line = mutator.next();
    const fault = (what: string): void => void faults.push(`${what}: ${JSON.stringify(line.slice(0, 300))}`);
    try {
      const before = process.threadCpuUsage();
      const event = parser.parse(line);
      const { user, system } = process.threadCpuUsage(before);
      slowestMs = Math.max(slowestMs, (user + system) / 1000);
      if (event.kind === 'unparsed') unparsed++;
      const encoded = z.safeEncode(mailEventSchema, event);
      if (!encoded.success) {
        fault(`not an event (${z.prettifyError(encoded.error)})`);
        continue;
      }
      const json = eventToJson(event);
      if (json !== JSON.stringify(encoded.data)) fault('the JSON by hand differs from the schema’s');
      if (rawControl.test(jsonSafe(json))) fault('a raw control in the JSON');
      if (jsonSafe(json) !== json && JSON.stringify(JSON.parse(jsonSafe(json))) !== json)
        fault('the safe JSON means something else');
      if (rawControl.test(row(event, line))) fault('a raw control in the row');
    } catch (error) {
      fault(`threw ${String(error)}`);
    }
  }
  return { lines: options.lines, seed: options.seed, unparsed, slowestMs, faults };
}
