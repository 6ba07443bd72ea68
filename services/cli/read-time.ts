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

/** A length of time such as 90m, 24h or 7d, in milliseconds. */
export function readDuration(option: string, text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (unitMs[unit ?? ''] ?? 0);
  throw new AppError('bad-query', `${option} ${text} is no length of time.`, {
    hint: 'Give one such as 90m, 24h or 7d.',
  });
}
