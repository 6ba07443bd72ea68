import type { Heartbeat } from '../../protocol/live.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { AgentEvents } from '../events.ts';
import { type FollowedSource, follow, followLimits, type OpenFile } from './follow.ts';
import type { ListedFile } from './list-files.ts';
import { unknownSizeBytes } from './packed.ts';
import { openSourceFile, type PackedNews, type SourceFile } from './source-file.ts';

/** Without a file for this long, what was not read of a source is lost: a rotation's copy or archive is there sooner. */
export const lostAfterMs = 5000;

/** A stream of lines and how far it got. One at a time works on it: `isBusy` while a batch of it is on its way. */
export type Source = {
  readonly sourceId: string;
  path: string;
  group: number;
  /** Bytes that control has. */
  offset: number;
  readToBytes: number;
  sequence: number;
  sizeBytes: number;
  linesRead: number;
  changedAt: number;
  /** The most that its file was seen to hold; what is beyond `offset` and no file holds any more is lost. */
  seenBytes: number;
  /** Of that, what control was told of as lost, or had already. */
  toldBytes: number;
  /** When the file was last written, as the file system says: the order in which sources of a group are read. */
  modifiedAt: number;
  file: SourceFile | undefined;
  isBusy: boolean;
};

/** Every source of this agent. `start` is what control holds already; `sequences` continue the checkpoint's. */
export function createSources(
  options: {
    readonly node: string;
    readonly awaySince: number;
    readonly quietMs: number;
    readonly start: ReadonlyArray<{ readonly sourceId: string; readonly lastOffset: number }>;
    readonly checkpoint: Checkpoint | undefined;
  },
  deps: { readonly now: () => number; readonly events: AgentEvents; readonly onPackedEnd: PackedNews['onEnd'] },
) {
  const { node, awaySince, quietMs } = options;
  const { now, events } = deps;
  const news: PackedNews = { onFault: events.fileFault, onEnd: deps.onPackedEnd };
  const sourcesById = new Map<string, Source>();
  let lookedAt = awaySince;

  const add = (sourceId: string, path: string, offset: number, sequence: number): Source => {
    const source: Source = {
      ...{ sourceId, path, group: 0, offset, readToBytes: offset, sequence, sizeBytes: offset, linesRead: 0 },
      ...{ changedAt: now(), modifiedAt: 0, file: undefined, isBusy: false, seenBytes: offset, toldBytes: 0 },
    };
    sourcesById.set(sourceId, source);
    return source;
  };
  // What another control had acknowledged, and this one lacks, was never lost.
  const seenOf = ({ offset, seenBytes = 0 }: Checkpoint['sources'][number]) => ({ seenBytes, toldBytes: offset });
  // Control alone knows what control has: where it knows nothing of a source, its lines are sent again, and stored once.
  for (const saved of options.checkpoint?.sources ?? [])
    Object.assign(add(saved.sourceId, saved.path, 0, saved.sequence), seenOf(saved));
  for (const { sourceId, lastOffset } of options.start) {
    const saved = sourcesById.get(sourceId);
    const source = add(sourceId, saved?.path ?? '', lastOffset, saved?.sequence ?? 0);
    Object.assign(source, { seenBytes: Math.max(lastOffset, saved?.seenBytes ?? 0), toldBytes: saved?.offset ?? 0 });
  }

  async function lookAt(source: Source): Promise<OpenFile | undefined> {
    if (source.file === undefined) return undefined;
    const open = await source.file.look();
    if (open.sizeBytes !== source.sizeBytes) source.changedAt = now();
    source.sizeBytes = open.sizeBytes;
    if (open.sourceId === source.sourceId && open.sizeBytes < unknownSizeBytes)
      source.seenBytes = Math.max(source.seenBytes, open.sizeBytes);
    return open;
  }

  async function close(source: Source): Promise<void> {
    const { file } = source;
    source.file = undefined;
    await file?.close();
  }

  async function openAt(sourceId: string, listed: ListedFile): Promise<void> {
    const source = sourcesById.get(sourceId) ?? add(sourceId, listed.path, 0, 0);
    try {
      source.file = await openSourceFile(node, listed.path, news);
    } catch (error) {
      events.fileFault(listed.path, error);
      return;
    }
    const { path, group, modifiedAt } = listed;
    Object.assign(source, { path, group, modifiedAt, changedAt: now(), readToBytes: source.offset });
    const opened = await lookAt(source);
    if (opened?.sourceId !== sourceId) {
      // Another file took the name in the meantime; the next round sees where ours is now.
      await close(source);
      return;
    }
    events.sourceOpened(source.path, source.sourceId, source.offset);
    forgetOldest();
  }

  function forgetOldest(): void {
    for (const source of sourcesById.values()) {
      if (sourcesById.size <= followLimits.sourcesMax) return;
      if (source.file === undefined && !source.isBusy) sourcesById.delete(source.sourceId);
    }
  }

  return {
    /** Brings what is open in line with `files`, as they were found from `listedAt` on. Sources with a batch on its way are left for the next time. */
    follow: async (files: readonly ListedFile[], listedAt: number): Promise<void> => {
      const followed: FollowedSource[] = [];
      for (const source of sourcesById.values()) {
        if (source.isBusy) continue;
        const { sourceId, path, offset, readToBytes } = source;
        followed.push({ sourceId, path, offset, readToBytes, open: await lookAt(source), changedAt: source.changedAt });
      }
      const isIdle = (id: string | undefined) => id === undefined || sourcesById.get(id)?.isBusy !== true;
      const idleFiles = files.filter((file) => isIdle(file.sourceId));
      for (const step of follow({ now: now(), files: idleFiles, sources: followed, awaySince, quietMs })) {
        const source = sourcesById.get(step.sourceId);
        // A batch may have set out while we looked; then the next round decides.
        if (source?.isBusy) continue;
        const listed = 'path' in step ? files.find((file) => file.path === step.path) : undefined;
        if (step.step === 'open' && listed !== undefined) await openAt(step.sourceId, listed);
        if (step.step === 'moved' && source !== undefined) {
          events.sourceMoved(source.path, step.path);
          source.path = step.path;
        }
        if (step.step === 'close' && source !== undefined) {
          events.sourceClosed(source.path, step.why, Math.max(0, source.sizeBytes - source.offset));
          await close(source);
        }
      }
      // A file that waits for its turn to be opened must be found again by the next process, should this one be killed now.
      const isWaiting = ({ sourceId, isWanted, modifiedAt }: ListedFile) =>
        sourceId !== undefined && !sourcesById.has(sourceId) && (isWanted || modifiedAt >= awaySince);
      if (!files.some(isWaiting)) lookedAt = listedAt;
      for (const file of files) {
        const source = file.sourceId === undefined ? undefined : sourcesById.get(file.sourceId);
        if (source === undefined) continue;
        if (source.path === file.path) source.modifiedAt = file.modifiedAt;
        // Also of one that is at work, which may be for as long as control is away.
        if (file.sizeBytes < unknownSizeBytes) source.seenBytes = Math.max(source.seenBytes, file.sizeBytes);
      }
    },
    /** The next source of each group that has something to ship, none of a group that is at work: oldest file first. */
    listReady: (): Source[] => {
      const readyByGroup = new Map<number, Source>();
      const busyGroups = new Set([...sourcesById.values()].filter(({ isBusy }) => isBusy).map(({ group }) => group));
      for (const source of sourcesById.values()) {
        if (source.file === undefined || source.isBusy || busyGroups.has(source.group)) continue;
        if (source.sizeBytes <= source.readToBytes) continue;
        const other = readyByGroup.get(source.group);
        if (other === undefined || source.modifiedAt < other.modifiedAt) readyByGroup.set(source.group, source);
      }
      return [...readyByGroup.values()];
    },
    /**
     * Sources of which more was seen than control has, and that no file holds any more, for long enough that a copy or a packed
     * one would have turned up. To be told to control; should the file turn up after all, it is read from where it was left.
     */
    listLost: (files: readonly ListedFile[]): Source[] =>
      [...sourcesById.values()].filter(
        ({ sourceId, file, isBusy, offset, seenBytes, toldBytes, changedAt }) =>
          file === undefined &&
          !isBusy &&
          seenBytes > Math.max(offset, toldBytes) &&
          now() - changedAt > lostAfterMs &&
          !files.some((other) => other.sourceId === sourceId && other.sizeBytes > offset),
      ),
    /** What the heartbeat says of the sources that have a file. */
    report: (): Heartbeat['sources'] =>
      [...sourcesById.values()]
        .filter((source) => source.file !== undefined)
        .slice(0, 1000)
        .map((source) => ({
          sourceId: source.sourceId,
          path: source.path,
          readOffset: Math.max(source.offset, source.readToBytes),
          ackedOffset: source.offset,
          sizeBytes: Math.max(
            source.sizeBytes === unknownSizeBytes ? source.offset : source.sizeBytes,
            source.seenBytes,
          ),
          linesRead: source.linesRead,
        })),
    checkpoint: (): Checkpoint => ({
      version: 1,
      node,
      lookedMs: lookedAt,
      sources: [...sourcesById.values()].map(({ sourceId, path, offset, sequence, seenBytes }) => ({
        sourceId,
        path,
        offset,
        sequence,
        seenBytes,
      })),
    }),
    closeAll: async (): Promise<void> => {
      for (const source of sourcesById.values()) await close(source);
    },
  };
}
export type Sources = ReturnType<typeof createSources>;
