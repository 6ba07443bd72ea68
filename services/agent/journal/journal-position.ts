import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../../runtime/durable-file.ts';

const placeSchema = z.object({ offset: z.number().int().nonnegative(), cursor: z.string() });
const positionSchema = z.object({
  version: z.literal(1),
  sourceId: z.string().min(1).max(128),
  /** What control is known to have. */
  acked: placeSchema.optional(),
  /** The end of the last batch that was sent: control may have it. */
  sent: placeSchema,
});
/** A place in the journal: how many bytes of lines were made up to there, and the cursor of the last entry in them. */
export type JournalPlace = z.infer<typeof placeSchema>;
export type JournalPosition = z.infer<typeof positionSchema>;

const fileIn = (dataDir: string): string => join(dataDir, 'journal.json');

/** `undefined` when there is none, or it cannot be understood (`onFault`). */
export async function loadPosition(
  dataDir: string,
  onFault: (error: unknown) => void,
): Promise<JournalPosition | undefined> {
  try {
    return positionSchema.parse(JSON.parse(await readFile(fileIn(dataDir), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onFault(error);
    return undefined;
  }
}

export const savePosition = (dataDir: string, position: JournalPosition): Promise<void> =>
  writeDurably(fileIn(dataDir), JSON.stringify(position));

/**
 * Where to go on, of the two places that are kept: the last one that control, which has `storedBytes`, has reached. A batch
 * is sent only after its end is kept, so one of them is where control stands.
 */
export function placeToResume(position: JournalPosition, storedBytes: number): JournalPlace | undefined {
  return position.sent.offset <= storedBytes ? position.sent : position.acked;
}
