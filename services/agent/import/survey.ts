// What the files hold, before anything of them is sent: which log, from when, and in which year.
import { stat } from 'node:fs/promises';
import { createLineClock, timeOfLine } from '../../logs/line-clock.ts';
import { readNamedEnd, readRotation } from '../../logs/rotation.ts';
import { AppError } from '../../protocol/errors.ts';
import { packedFormatOf } from '../tail/packed.ts';
import { openSourceFile, type PackedNews, readBytesMax, type SourceFile } from '../tail/source-file.ts';

const dayMs = 86_400_000;
/** A file's clock may stand this far behind its lines' (another machine's clock, another zone). */
const aheadMs = 2 * dayMs;
/** Between two marks, see {@link Survey}. */
const markMs = 30 * dayMs;
/** Years that are tried for one file: more than any log has. */
const triesMax = 32;

/** How the year of the first line is known, from the surest to the least sure. */
export type YearFrom = 'stated' | 'option' | 'name' | 'next-file' | 'file-time';

export type Survey = {
  readonly path: string;
  readonly sourceId: string;
  /** Of its lines, unpacked. */
  readonly sizeBytes: number;
  readonly isPacked: boolean;
  readonly modifiedAt: number;
  readonly firstTime: number;
  readonly yearFrom: YearFrom;
  /** Where the file's clock stood at an offset, now and then: who begins to read in its midst begins there. */
  readonly marks: readonly Mark[];
};
type Mark = { readonly offset: number; readonly time: number };

type SurveyOptions = {
  readonly node: string;
  readonly timeZone: string;
  /** Year of the first line of each log's oldest file. */
  readonly year: number | undefined;
  /** A file was looked through; `bytes` of its lines, unpacked. */
  readonly onLooked: (bytes: number) => void;
};

/**
 * Surveys every file of `paths`, the oldest line first. Files without a whole line are left out and told to `onEmpty`.
 * @throws AppError `missing` for what is no file or cannot be opened.
 */
export async function surveyFiles(
  paths: readonly string[],
  options: SurveyOptions,
  news: PackedNews & { readonly onEmpty: (path: string) => void },
): Promise<Survey[]> {
  const logs = new Map<string, { path: string; rank: number }[]>();
  for (const path of new Set(paths)) {
    const { log, rank } = readRotation(path);
    logs.set(log, [...(logs.get(log) ?? []), { path, rank }]);
  }
  const surveys: Survey[] = [];
  for (const files of logs.values()) {
    // With a year to begin from, each file goes on where the one before it ended; else each ends where the next begins.
    files.sort((a, b) => (options.year === undefined ? b.rank - a.rank : a.rank - b.rank));
    let neighbour: number | undefined;
    for (const { path } of files) {
      const found = await surveyFile(path, neighbour, options, news);
      if (found === undefined) {
        news.onEmpty(path);
        continue;
      }
      surveys.push(found.survey);
      neighbour = options.year === undefined ? found.survey.firstTime : found.lastTime;
    }
  }
  return surveys.sort((a, b) => a.firstTime - b.firstTime);
}

async function surveyFile(
  path: string,
  neighbour: number | undefined,
  options: SurveyOptions,
  news: PackedNews,
): Promise<{ readonly survey: Survey; readonly lastTime: number } | undefined> {
  const { node, timeZone } = options;
  const file = await openNamed(node, path, news);
  try {
    const modifiedAt = (await stat(path)).mtimeMs;
    const { sourceId, sizeBytes } = await file.look();
    if (sourceId === undefined) return undefined;
    const isPacked = packedFormatOf(path) !== undefined;
    const known = { path, sourceId, isPacked, modifiedAt };
    const pass = (startsAt: number) => readThrough(file, sourceId, { startsAt, timeZone });

    const bound = latestEnd(path, modifiedAt, neighbour);
    const first = await firstDatedLine(file, sourceId, { now: bound.time, timeZone });
    if (first === undefined || first.isYearStated) {
      const firstTime = first?.time ?? bound.time;
      const whole = isPacked ? await pass(firstTime) : { sizeBytes, lastTime: firstTime, marks: [] };
      options.onLooked(whole.sizeBytes);
      const survey = {
        ...known,
        firstTime,
        sizeBytes: whole.sizeBytes,
        marks: whole.marks,
        yearFrom: 'stated' as const,
      };
      return { survey, lastTime: whole.lastTime };
    }

    let firstTime = first.time;
    if (options.year !== undefined) {
      const after = neighbour ?? Date.UTC(options.year, 0, 1);
      firstTime = createLineClock({ time: after, timeZone }).read(first.line);
      const whole = await pass(firstTime);
      options.onLooked(whole.sizeBytes);
      const { sizeBytes: bytes, marks, lastTime } = whole;
      return { survey: { ...known, firstTime, sizeBytes: bytes, marks, yearFrom: 'option' }, lastTime };
    }
    // Taken for as late as can be; a file of several years then ends too late, and began that much earlier.
    for (let attempt = 1; ; attempt += 1) {
      const { lastTime, marks, isAstray, sizeBytes: bytes } = await pass(firstTime);
      const yearsLate = Math.max(isAstray ? 1 : 0, Math.ceil((lastTime - bound.time - aheadMs) / (365 * dayMs)));
      if (yearsLate <= 0 || attempt >= triesMax) {
        options.onLooked(bytes);
        return { survey: { ...known, firstTime, sizeBytes: bytes, marks, yearFrom: bound.from }, lastTime };
      }
      for (let years = 0; years < yearsLate; years += 1)
        firstTime = timeOfLine(first.line, { now: firstTime - 200 * dayMs, timeZone })?.time ?? firstTime;
    }
  } finally {
    await file.close();
  }
}

/** No line of the file is later than this, as far as anything tells. */
function latestEnd(
  path: string,
  modifiedAt: number,
  nextFileAt: number | undefined,
): { readonly time: number; readonly from: YearFrom } {
  const ends: { time: number; from: YearFrom }[] = [{ time: modifiedAt, from: 'file-time' }];
  const named = readNamedEnd(path);
  if (named !== undefined) ends.push({ time: named, from: 'name' });
  if (nextFileAt !== undefined) ends.push({ time: nextFileAt, from: 'next-file' });
  return ends.reduce((earliest, end) => (end.time < earliest.time ? end : earliest));
}

async function firstDatedLine(
  file: SourceFile,
  sourceId: string,
  context: { readonly now: number; readonly timeZone: string },
) {
  const read = await file.read(sourceId, 0, Buffer.allocUnsafe(readBytesMax));
  if (read.result !== 'batch') return undefined;
  for (const line of Buffer.concat(read.cut.body).toString('latin1').split('\n')) {
    const found = timeOfLine(line, context);
    if (found !== undefined) return { line, ...found };
  }
  return undefined;
}

/** Every line's time from a known first one on. */
async function readThrough(
  file: SourceFile,
  sourceId: string,
  start: { readonly startsAt: number; readonly timeZone: string },
) {
  const clock = createLineClock({ time: start.startsAt, timeZone: start.timeZone });
  const buffer = Buffer.allocUnsafe(readBytesMax);
  const marks: Mark[] = [];
  let lastTime = start.startsAt;
  let markedAt = start.startsAt;
  for (let offset = 0; ; ) {
    const read = await file.read(sourceId, offset, buffer);
    if (read.result === 'changed') throw changed();
    if (read.result === 'nothing') return { sizeBytes: read.sizeBytes, lastTime, marks, isAstray: clock.isAstray() };
    const [bytes] = read.cut.body;
    const text =
      bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at);
      const time = clock.read(text.slice(at, end < 0 ? text.length : end));
      if (time > lastTime) lastTime = time;
      if (time >= markedAt + markMs) {
        marks.push({ offset: offset + at, time });
        markedAt = time;
      }
      at = end < 0 ? text.length : end + 1;
    }
    offset += read.cut.consumedBytes;
  }
}

export const changed = (): AppError =>
  new AppError('missing', 'The file changed while it was read', { hint: 'Start the import again' });

async function openNamed(node: string, path: string, news: PackedNews): Promise<SourceFile> {
  try {
    if (!(await stat(path)).isFile()) throw new Error('it is no file; name the files in it');
    return await openSourceFile(node, path, news);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('missing', `${path} cannot be read: ${why}`, { cause });
  }
}
