import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../runtime/durable-file.ts';

const checkpointSchema = z.object({
  version: z.literal(1),
  node: z.string(),
  /** When the files were last looked at: a file that was written later may never have been seen. */
  lookedMs: z.number(),
  sources: z.array(
    z.object({
      /** The fingerprint. */
      sourceId: z.string(),
      path: z.string(),
      /** Bytes that control has acknowledged as durable. */
      offset: z.number().int().nonnegative(),
      /** Number of the next batch. */
      sequence: z.number().int().nonnegative(),
      /** The most that its file was seen to hold. */
      seenBytes: z.number().int().nonnegative().optional(),
    }),
  ),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** Between two writes; acknowledgements in between are gathered. Losing them costs nothing: control is asked at the start. */
const saveEveryMs = 1000;

/**
 * Reads the checkpoint of `node` in `dataDir`. `undefined` when there is none, or it is of another node, or it cannot be
 * understood (`onFault`): then control is asked how far it has each source.
 */
export async function loadCheckpoint(
  dataDir: string,
  node: string,
  onFault: (error: unknown) => void,
): Promise<Checkpoint | undefined> {
  try {
    const checkpoint = checkpointSchema.parse(JSON.parse(await readFile(fileIn(dataDir), 'utf8')));
    return checkpoint.node === node ? checkpoint : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onFault(error);
    return undefined;
  }
}

/** A crash at any moment leaves the old one or the new one whole. */
export const saveCheckpoint = (dataDir: string, checkpoint: Checkpoint): Promise<void> =>
  writeDurably(fileIn(dataDir), JSON.stringify(checkpoint));

const fileIn = (dataDir: string): string => join(dataDir, 'checkpoint.json');

export type CheckpointSaver = {
  readonly touch: () => void;
  readonly saveNow: () => Promise<void>;
};

/** Saves what `read` gives soon after `touch`, one write at a time. */
export function createCheckpointSaver(
  dataDir: string,
  deps: {
    readonly read: () => Checkpoint;
    readonly after: (delayMs: number, task: () => void) => () => void;
    readonly onFault: (error: unknown) => void;
  },
): CheckpointSaver {
  let cancel: (() => void) | undefined;
  let writing = Promise.resolve();
  const write = () => {
    cancel = undefined;
    writing = writing.then(() => saveCheckpoint(dataDir, deps.read())).catch(deps.onFault);
    return writing;
  };
  return {
    touch: () => {
      cancel ??= deps.after(saveEveryMs, write);
    },
    saveNow: () => {
      cancel?.();
      return write();
    },
  };
}
