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

/** The same for each word of a search. */
export const localTimeWords = (q: string): string => q.split(/\s+/).map(localTimeWord).join(' ');
