import { glob, stat } from 'node:fs/promises';
import { fileKeyOf } from './byte-file.ts';
import type { SeenFile } from './follow.ts';
import { packedFormatOf } from './packed.ts';
import { identify } from './source-file.ts';

/** Files looked at in one round; what is beyond is not followed, and said. */
export const filesMax = 1000;

/** Compressed in ways that cannot be read here. */
const unreadable = /\.(bz2|lz4|Z)$/;

export type FileList = { readonly files: readonly ListedFile[]; readonly isCutShort: boolean };
/**
 * `group`: index of the pattern that named it. Files of one group follow one another in time. `diskBytes`: what it takes up,
 * which tells a packed file from what it was before.
 */
export type ListedFile = SeenFile & { readonly group: number; readonly diskBytes: number };

export type FileLister = {
  readonly list: () => Promise<FileList>;
  /** A packed file was read to its end: how many bytes it holds. Until it changes it is listed with that size. */
  readonly sized: (path: string, sizeBytes: number) => void;
};

/**
 * Looks for the files that `patterns` (paths or globs) name, and their neighbours: what a rotation makes of `mail.log` is
 * `mail.log.1`, `mail.log-20261122` or `mail.log.2.gz`. Fingerprints are taken only of files that changed since the last round.
 */
export function createFileLister(
  node: string,
  patterns: readonly string[],
  onFault: (path: string, error: unknown) => void,
): FileLister {
  let lastByPath = new Map<string, ListedFile>();

  async function look(path: string, isWanted: boolean, group: number): Promise<ListedFile | undefined> {
    try {
      const before = lastByPath.get(path);
      const now = await stat(path);
      if (!now.isFile()) return undefined;
      const [fileKey, diskBytes] = [fileKeyOf(now), now.size];
      const isSame = before?.fileKey === fileKey && before.diskBytes === diskBytes && before.modifiedAt === now.mtimeMs;
      if (isSame) return { ...before, isWanted, group };
      const identified = await identify(node, path, { onFault, onEnd: () => {} });
      const isPacked = packedFormatOf(path) !== undefined;
      const { sizeBytes, sourceId } = identified;
      return {
        ...{ path, fileKey: identified.fileKey, sizeBytes, sourceId, isPacked, isWanted, group },
        // A plain file may have grown since; its disk size is then behind, and it is looked at once more.
        ...{ diskBytes, modifiedAt: now.mtimeMs },
      };
    } catch (error) {
      // Gone between the listing and the look: the next round sees what became of it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onFault(path, error);
      return undefined;
    }
  }

  const list = async () => {
    const byPath = new Map<string, ListedFile>();
    let isCutShort = false;
    for (const [group, pattern] of patterns.entries()) {
      for (const [form, isWanted] of [
        [pattern, true],
        [`${pattern}.*`, false],
        [`${pattern}-*`, false],
      ] as const) {
        for await (const path of glob(form)) {
          if (byPath.has(path) || unreadable.test(path)) continue;
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
  return {
    list,
    sized: (path, sizeBytes) => {
      const file = lastByPath.get(path);
      if (file?.isPacked) lastByPath.set(path, { ...file, sizeBytes });
    },
  };
}
