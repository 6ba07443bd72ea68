// What an import says to a person: where it is, what it found, what it did.
import type { ImportTotals } from './import-files.ts';
import type { Survey, YearFrom } from './survey.ts';

const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** `1.2 GB`; powers of a thousand, as disks are sold and ls --si shows them. */
export function sizeWords(bytes: number): string {
  let unit = 0;
  let size = bytes;
  for (; size >= 999.5 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** `40 s`, `12 min`, `3 h 5 min`. */
export function durationWords(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const count = (number: number): string => Math.round(number).toLocaleString('en-US');

/** Where the import is, in a line: `1.2 GB of 3.4 GB, 52,000 lines/s, 4 min left`. */
export function progressWords(
  totals: ImportTotals,
  pace: { readonly linesPerSecond: number; readonly bytesPerSecond: number },
): string {
  const { bytesDone, bytesAll } = totals;
  const left = pace.bytesPerSecond > 0 ? ((bytesAll - bytesDone) / pace.bytesPerSecond) * 1000 : undefined;
  return [
    `${sizeWords(bytesDone)} of ${sizeWords(bytesAll)}`,
    `${count(pace.linesPerSecond)} lines/s`,
    ...(left === undefined ? [] : [`${durationWords(left)} left`]),
  ].join(', ');
}

export function doneWords(totals: ImportTotals): string {
  const { linesStored, linesKnown, filesAll, bytesAll } = totals;
  const files = `${count(filesAll)} ${filesAll === 1 ? 'file' : 'files'} with ${sizeWords(bytesAll)}`;
  if (linesStored === 0) return `Nothing was new: control has ${files} already.`;
  const known = linesKnown === 0 ? '' : ` ${count(linesKnown)} lines were there already.`;
  return `${count(linesStored)} lines are stored now, from ${files}.${known}`;
}

const yearWords: Record<YearFrom, string> = {
  stated: 'its lines say so',
  option: '--year says so',
  name: 'year from its name',
  'next-file': 'year from the file after it',
  'file-time': 'year from the time of the file',
};

/** One file of the survey: what it is and when it begins, and how that is known. */
export function surveyWords({ path, sizeBytes, firstTime, yearFrom }: Survey): string {
  return `${new Date(firstTime).toISOString().slice(0, 19)}Z  ${path}  ${sizeWords(sizeBytes)}, ${yearWords[yearFrom]}`;
}
