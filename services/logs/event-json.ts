// The public form of an event: what `z.encode(mailEventSchema, event)` gives, written by hand because that is slow for a stream.
import { type MailEvent, mailEventSchema } from '../protocol/mail-event.ts';

type Key = keyof MailEvent;
const keys = Object.keys(mailEventSchema.shape) as Key[];

/** One line of JSON: absent fields are left out, `time` is ISO 8601. */
export function eventToJson(event: MailEvent): string {
  let text = `{"time":"${new Date(event.time).toISOString()}"`;
  for (const key of keys) {
    if (key === 'time') continue;
    const value = event[key];
    if (value !== undefined) text += `,"${key}":${JSON.stringify(value)}`;
  }
  return `${text}}`;
}
