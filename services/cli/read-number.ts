import { AppError } from '../protocol/errors.ts';

/** A whole number of an option. @throws AppError `bad-query` that names it and its range. */
export function readNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
    throw new AppError('bad-query', `${option} ${text} is not a number from ${least} to ${most}.`);
  return value;
}
