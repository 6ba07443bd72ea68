// Counting a queue directory without ever doing much at once: names are counted in bounded steps that go on where the last
// one ended, and each message's head is read once and remembered while it stays.
import { Buffer } from 'node:buffer';
import { constants, type Dir } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../bounded-read.ts';
import { headBytes, parseQueueFileHead } from './queue-file.ts';

/** Bounds of the queue walks of one node; a queue that outgrows them is counted exactly and sized by what is known of it. */
export const queueWalkLimits = {
  /** Directory entries looked at in one step. A queue with more takes several steps, and shows its last full count meanwhile. */
  namesPerStepMax: 100_000,
  /** Message heads read in one step. */
  headsPerStepMax: 2_000,
  /** Messages whose size and arrival are remembered, per queue. */
  messagesKnownMax: 50_000,
  /** Levels of hash directories below a queue (`hash_queue_depth` is at most this). */
  depthMax: 8,
} as const;
export type QueueWalkLimits = { readonly [K in keyof typeof queueWalkLimits]: number };

export type KnownMessage = { readonly sizeBytes: number; readonly arrivedAt: number };
export type QueueCount = {
  /** Messages in the queue. */
  readonly depth: number;
  readonly known: ReadonlyMap<string, KnownMessage>;
};
/** What is left of a step that all walks of a node share. */
export type StepBudget = { names: number; heads: number };

export type QueueWalk = {
  /** Goes on for at most `budget`; true when a full count was finished in this step. */
  readonly step: (budget: StepBudget, signal: AbortSignal) => Promise<boolean>;
  /** The last full count; `undefined` until there is one. */
  readonly count: () => QueueCount | undefined;
  readonly stop: () => Promise<void>;
};

/** Walks one queue (`incoming`, `deferred` …) with its hash directories. A directory that does not exist is an empty queue. */
export function createQueueWalk(directory: string, limits: QueueWalkLimits = queueWalkLimits): QueueWalk {
  let previous: ReadonlyMap<string, KnownMessage> = new Map();
  let counted: QueueCount | undefined;
  let walk: { open: Dir[]; depth: number; known: Map<string, KnownMessage> } | undefined;

  async function openFolder(path: string): Promise<Dir | undefined> {
    try {
      return await opendir(path, { bufferSize: 1024 });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async function close(): Promise<void> {
    const folders = walk?.open ?? [];
    walk = undefined;
    for (const folder of folders) await folder.close();
  }

  async function step(budget: StepBudget, signal: AbortSignal): Promise<boolean> {
    if (walk === undefined) {
      const top = await openFolder(directory);
      walk = { open: top === undefined ? [] : [top], depth: 0, known: new Map() };
    }
    for (let folder = walk.open.at(-1); folder !== undefined; folder = walk.open.at(-1)) {
      if (budget.names <= 0 || signal.aborted) return false;
      const entry = await folder.read();
      budget.names--;
      if (entry === null) {
        walk.open.pop();
        await folder.close();
      } else if (entry.isDirectory()) {
        const below = walk.open.length < limits.depthMax ? await openFolder(join(folder.path, entry.name)) : undefined;
        if (below !== undefined) walk.open.push(below);
      } else if (/^[0-9A-Za-z]{5,}$/.test(entry.name)) {
        // Nearly every name of a large queue is known or beyond the bounds; these go by without a wait.
        const isRoom = budget.heads > 0 && walk.known.size < limits.messagesKnownMax;
        const message =
          previous.get(entry.name) ?? (isRoom ? await readHead(join(folder.path, entry.name), budget) : 'unread');
        if (message === undefined) continue;
        walk.depth++;
        if (message !== 'unread') walk.known.set(entry.name, message);
      }
    }
    counted = { depth: walk.depth, known: walk.known };
    previous = walk.known;
    walk = undefined;
    return true;
  }

  return {
    step: async (budget, signal) => {
      try {
        return await step(budget, signal);
      } catch (error) {
        // A count that broke off is no count: what was known is not shown again, and the next step starts afresh.
        await close();
        counted = undefined;
        throw error;
      }
    },
    count: () => counted,
    stop: close,
  };
}

function readHead(file: string, budget: StepBudget): Promise<KnownMessage | undefined> {
  budget.heads--;
  return readMessage(file);
}

/** `undefined` for what is no finished message: gone meanwhile, not a file, or still being written (no execute bit for its owner). */
async function readMessage(file: string): Promise<KnownMessage | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || (stat.mode & constants.S_IXUSR) === 0) return undefined;
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      const { sizeBytes, arrivedAt } = parseQueueFileHead(buffer.subarray(0, bytesRead));
      return { sizeBytes: sizeBytes ?? stat.size, arrivedAt: arrivedAt ?? stat.mtimeMs };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
}
