import { AppError } from '../protocol/errors.ts';

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `90m` is an age; anything else is a date and time, local where it states no zone. */
export function readTime(option: string, text: string, now: number): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const time = count === undefined ? Date.parse(text) : now - Number(count) * (unitMs[unit ?? ''] ?? 0);
  if (!Number.isFinite(time))
    throw new AppError('bad-query', `${option} ${text} is no time.`, {
      hint: 'Give a date and time such as 2026-11-22T10:00, or an age such as 24h.',
    });
  return time;
}

/** A date or time as a word of a search, such as 2026-11-22 or 2026-11-22T10:00: where it states no zone, that of this machine. */
export function localTimeWord(word: string): string {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$/.test(word)) return word;
  const local = new Date(word.includes('T') ? word : `${word}T00:00`);
  if (!Number.isFinite(local.getTime())) return word;
  const eastMinutes = -local.getTimezoneOffset();
  const size = Math.abs(eastMinutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${word}${eastMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
