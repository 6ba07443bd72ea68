import { z } from 'zod';
import { batchLimits } from '../../protocol/ingest.ts';

/** A field is text, or an array of bytes where it is no UTF-8 or holds control characters; of several values the first counts. */
const bytes = z.array(z.number().int().min(0).max(255));
const field = z.union([z.string(), bytes, z.array(z.union([z.string(), bytes])), z.null()]).optional();
const entrySchema = z.object({
  __CURSOR: z.string(),
  __REALTIME_TIMESTAMP: z.string().regex(/^\d{1,19}$/),
  ...{ MESSAGE: field, SYSLOG_IDENTIFIER: field, SYSLOG_PID: field, _PID: field, _HOSTNAME: field, _COMM: field },
});

/** Fields that are asked of journalctl(1); the cursor and the time come without asking. */
export const journalFields = ['MESSAGE', 'SYSLOG_IDENTIFIER', 'SYSLOG_PID', '_PID', '_HOSTNAME', '_COMM'];

export type JournalLine = { readonly cursor: string; readonly bytes: Buffer };

/**
 * One entry of `journalctl --output=json` (systemd.journal-fields(7)) as the line that rsyslog would have written:
 * `2026-11-22T05:24:26.000000+00:00 mx1 postfix/smtpd[4711]: message`, ended by a newline. The same entry always gives the
 * same bytes: places in the stream are counted in them. `undefined` for what is no entry.
 */
export function readJournalEntry(json: string): JournalLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const entry = entrySchema.safeParse(value);
  if (!entry.success) return undefined;
  const { data } = entry;
  const micros = data.__REALTIME_TIMESTAMP.padStart(7, '0');
  const seconds = new Date(Number(micros.slice(0, -6)) * 1000);
  if (Number.isNaN(seconds.getTime())) return undefined;
  const time = `${seconds.toISOString().slice(0, 19)}.${micros.slice(-6)}+00:00`;
  const name = wordOf(data.SYSLOG_IDENTIFIER) ?? wordOf(data._COMM) ?? 'unknown';
  const pid = wordOf(data.SYSLOG_PID) ?? wordOf(data._PID);
  const head = `${time} ${wordOf(data._HOSTNAME) ?? '-'} ${name}${pid === undefined ? '' : `[${pid}]`}: `;
  const line = Buffer.concat([Buffer.from(head), onOneLine(bytesOf(data.MESSAGE))]);
  const kept = line.subarray(0, batchLimits.lineBytesMax - 1);
  return { cursor: data.__CURSOR, bytes: Buffer.concat([kept, Buffer.of(0x0a)]) };
}

type Field = z.infer<typeof field>;

function bytesOf(value: Field): Buffer {
  if (value === undefined || value === null) return Buffer.alloc(0);
  if (typeof value === 'string') return Buffer.from(value);
  const [first] = value;
  if (typeof first === 'number' || first === undefined) return Buffer.from(value as number[]);
  return bytesOf(first);
}

function wordOf(value: Field): string | undefined {
  const word = bytesOf(value).toString('utf8').replace(/\s+/g, '_');
  return word === '' ? undefined : word;
}

/** Line ends inside a message as rsyslog escapes them: a line of ours is one line. */
export function onOneLine(message: Buffer): Buffer {
  if (!message.includes(0x0a)) return message;
  return Buffer.from(message.toString('latin1').replace(/\n+$/, '').replace(/\n/g, '#012'), 'latin1');
}
