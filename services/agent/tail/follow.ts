// What to do about the files that are there, decided from what was seen of them. A source is known by its fingerprint; a
// file is only where it happens to lie. Nothing here touches a file.

export const followLimits = {
  /** Files held open at once; when more have news, they take turns, the oldest first. */
  openMax: 128,
  /** Of these, packed ones: each holds a decompressor and up to a batch of its bytes. */
  packedOpenMax: 4,
  /** Sources remembered; beyond, those that were not seen for longest are forgotten. */
  sourcesMax: 2000,
} as const;

/** A file as it lies in a folder. */
export type SeenFile = {
  readonly path: string;
  /** Device and inode: tells whether an open file is this one, and nothing more. */
  readonly fileKey: string;
  /** Of a packed file the bytes that it holds, `unknownSizeBytes` until somebody saw its end. */
  readonly sizeBytes: number;
  readonly isPacked: boolean;
  readonly modifiedAt: number;
  /** Absent while its first line is not whole. */
  readonly sourceId: string | undefined;
  /** False for a neighbour (`mail.log.1` of `mail.log`): followed only for what we began or missed. */
  readonly isWanted: boolean;
};

/** The file that is open for a source, looked at through its descriptor. */
export type OpenFile = {
  readonly fileKey: string;
  readonly sizeBytes: number;
  readonly sourceId: string | undefined;
  readonly isPacked: boolean;
  /** False once its last name was deleted. */
  readonly hasName: boolean;
};

export type FollowedSource = {
  readonly sourceId: string;
  readonly path: string;
  /** Bytes that control has. */
  readonly offset: number;
  /** A file of this size holds nothing more to ship: `offset`, or beyond it the beginning of an unfinished line. */
  readonly readToBytes: number;
  readonly open: OpenFile | undefined;
  /** When its size was last seen to change. */
  readonly changedAt: number;
};

export type FollowStep =
  | { readonly step: 'open'; readonly sourceId: string; readonly path: string }
  | { readonly step: 'moved'; readonly sourceId: string; readonly path: string }
  | { readonly step: 'close'; readonly sourceId: string; readonly why: 'truncated' | 'deleted' | 'quiet' };

export type FollowInput = {
  readonly now: number;
  readonly files: readonly SeenFile[];
  readonly sources: readonly FollowedSource[];
  /** Neighbours written after this hold lines that nobody has read: the time of the last checkpoint, or of the start. */
  readonly awaySince: number;
  /** A file that is read to its end and did not change for this long is closed; it is opened again when it grows. */
  readonly quietMs: number;
};

/** The steps to take now, closes before opens. No step about a source means: go on as before. */
export function follow(input: FollowInput): FollowStep[] {
  const { files, sources } = input;
  const filesById = new Map<string, SeenFile[]>();
  for (const file of files) {
    if (file.sourceId === undefined) continue;
    filesById.set(file.sourceId, [...(filesById.get(file.sourceId) ?? []), file]);
  }
  const closes: FollowStep[] = [];
  const moves: FollowStep[] = [];
  const opens: SeenFile[] = [];
  let openCount = 0;
  let packedOpenCount = 0;

  for (const source of sources) {
    const { sourceId, open } = source;
    const candidates = (filesById.get(sourceId) ?? []).filter((file) => file.sizeBytes >= source.offset);
    filesById.delete(sourceId);
    if (open !== undefined) {
      const verdict = judgeOpen(source, open, input);
      if (verdict === undefined) {
        openCount++;
        if (open.isPacked) packedOpenCount++;
        const here = candidates.find((file) => file.fileKey === open.fileKey);
        if (here !== undefined && here.path !== source.path) moves.push({ step: 'moved', sourceId, path: here.path });
        continue;
      }
      closes.push({ step: 'close', sourceId, why: verdict });
      if (verdict === 'quiet') continue;
    }
    const best = richest(candidates.filter((file) => file.sizeBytes > source.readToBytes));
    if (best !== undefined) opens.push(best);
  }

  for (const [, candidates] of filesById) {
    const file = richest(candidates.filter(({ isWanted, modifiedAt }) => isWanted || modifiedAt >= input.awaySince));
    if (file !== undefined) opens.push(file);
  }

  opens.sort((a, b) => a.modifiedAt - b.modifiedAt);
  const packedSpare = followLimits.packedOpenMax - packedOpenCount;
  const packed = new Set(opens.filter(({ isPacked }) => isPacked).slice(0, Math.max(0, packedSpare)));
  const admitted = opens
    .filter((file) => !file.isPacked || packed.has(file))
    .slice(0, Math.max(0, followLimits.openMax - openCount));
  return [
    ...closes,
    ...moves,
    ...admitted.map(({ sourceId, path }): FollowStep => ({ step: 'open', sourceId: sourceId ?? '', path })),
  ];
}

/** Why an open file is of no more use, `undefined` when it is. */
function judgeOpen(
  source: FollowedSource,
  open: OpenFile,
  input: FollowInput,
): 'truncated' | 'deleted' | 'quiet' | undefined {
  // Shrunk, or begun anew and grown past us: what we had not read lives on in a copy, if anywhere.
  if (open.sourceId !== source.sourceId || open.sizeBytes < source.offset) return 'truncated';
  // Nothing is ever added to a packed file.
  if (open.isPacked && open.sizeBytes <= source.readToBytes) return 'quiet';
  // A file without a name keeps its bytes as long as it is open, so it is read to its end, however long control is away;
  // and its writer may go on writing to it until it is told to reopen its log.
  if (open.sizeBytes > source.readToBytes || input.now - source.changedAt < input.quietMs) return undefined;
  return open.hasName ? 'quiet' : 'deleted';
}

/** The largest plain file, else the largest packed one: while `mail.log.1.gz` is being made, `mail.log.1` is still there. */
function richest(files: readonly SeenFile[]): SeenFile | undefined {
  const plain = files.filter(({ isPacked }) => !isPacked);
  return (plain.length > 0 ? plain : files).reduce<SeenFile | undefined>(
    (best, file) => (best === undefined || file.sizeBytes > best.sizeBytes ? file : best),
    undefined,
  );
}
