import { glob, stat } from 'node:fs/promises';
import type { SeenFile } from './follow.ts';
import { identify } from './source-file.ts';

/** Files looked at in one round; what is beyond is not followed, and said. */
export const filesMax = 1000;

/** Compressed rotations are whole already or not ours to read yet. */
const compressed = /\.(gz|bz2|xz|zst|lz4|Z)$/;

export type FileList = { readonly files: readonly ListedFile[]; readonly isCutShort: boolean };
/** `group`: index of the pattern that named it. Files of one group follow one another in time. */
export type ListedFile = SeenFile & { readonly group: number };

/**
 * Looks for the files that `patterns` (paths or globs) name, and their neighbours: what a rotation makes of `mail.log` is
 * `mail.log.1` or `mail.log-20261122`. Fingerprints are taken only of files that changed since the last round.
 */
export function createFileLister(
  node: string,
  patterns: readonly string[],
  onFault: (path: string, error: unknown) => void,
): () => Promise<FileList> {
  let lastByPath = new Map<string, ListedFile>();

  async function look(path: string, isWanted: boolean, group: number): Promise<ListedFile | undefined> {
    try {
      const before = lastByPath.get(path);
      const now = await stat(path);
      if (!now.isFile()) return undefined;
      const fileKey = `${now.dev}:${now.ino}`;
      const isSame = before?.fileKey === fileKey && before.sizeBytes === now.size && before.modifiedAt === now.mtimeMs;
      if (isSame) return { ...before, isWanted, group };
      const { stat: identified, sourceId } = await identify(node, path);
      return {
        path,
        fileKey: `${identified.dev}:${identified.ino}`,
        sizeBytes: identified.size,
        modifiedAt: identified.mtimeMs,
        sourceId,
        isWanted,
        group,
      };
    } catch (error) {
      // Gone between the listing and the look: the next round sees what became of it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onFault(path, error);
      return undefined;
    }
  }

  return async () => {
    const byPath = new Map<string, ListedFile>();
    let isCutShort = false;
    for (const [group, pattern] of patterns.entries()) {
      for (const [form, isWanted] of [
        [pattern, true],
        [`${pattern}.*`, false],
        [`${pattern}-*`, false],
      ] as const) {
        for await (const path of glob(form)) {
          if (byPath.has(path) || compressed.test(path)) continue;
          if (byPath.size >= filesMax) {
            isCutShort = true;
            break;
          }
          const file = await look(path, isWanted, group);
          if (file !== undefined) byPath.set(path, file);
        }
      }
    }
    lastByPath = byPath;
    return { files: [...byPath.values()], isCutShort };
  };
}
