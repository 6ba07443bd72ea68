// What a voter must never forget, fsynced, outside the event loop: one write at a time, the newest record waiting.
import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import type { LeaseDurable } from '../../protocol/lease.ts';
import { leaseDurableSchema } from '../../protocol/lease.ts';
import { writeDurably } from '../../runtime/durable-file.ts';
import type { Owner } from './sealed-record.ts';
import { openRecord, sealRecord } from './sealed-record.ts';

/** How long after a failed write it is tried again. */
export const retryWriteMs = 500;

const fileOf = (stateDir: string, group: string): string => join(stateDir, `${group}.voter`);

/**
 * The record found, and whether what stood there was torn; then it is kept aside as `….torn` and the voter begins silent.
 * Throws `bad-config` when the file belongs to another voter or incarnation: using it, or writing over it, would be wrong.
 */
export async function readVoterFile(
  stateDir: string,
  group: string,
  owner: Owner,
): Promise<{ readonly durable: LeaseDurable | undefined; readonly isTorn: boolean }> {
  const file = fileOf(stateDir, group);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { durable: undefined, isTorn: false };
    throw new AppError('missing', `The state of the voter in ${file} cannot be read`, { cause });
  }
  const opened = openRecord(leaseDurableSchema, owner, text);
  if (opened.kind === 'whole') return { durable: opened.value, isTorn: false };
  if (opened.kind === 'foreign')
    throw new AppError(
      'bad-config',
      `${file} is the state of voter ${opened.owner.voter} in incarnation ${opened.owner.incarnation}, not of voter ${owner.voter} in ${owner.incarnation}`,
      { hint: 'Restore the right number and incarnation in the configuration, or move the file away' },
    );
  await rename(file, `${file}.torn`);
  return { durable: undefined, isTorn: true };
}

/** For a group that never ran. Throws `bad-config` when there is a file, whole or torn. */
export async function writeFirstVoterFile(
  stateDir: string,
  group: string,
  owner: Owner,
  record: LeaseDurable,
): Promise<void> {
  const file = fileOf(stateDir, group);
  for (const name of [file, `${file}.torn`])
    if (existsSync(name))
      throw new AppError('bad-config', `${name} is there: the group ${group} has run here`, {
        hint: 'Start the process without --init; a voter that lost its state asks the others',
      });
  await writeDurably(file, sealRecord(owner, record));
}

export type VoterWriter = {
  /** Acknowledged by `onDurable` with this record, or with a newer one that was asked for meanwhile. */
  readonly write: (record: LeaseDurable) => void;
  /** Resolves when nothing is under way. */
  readonly stop: () => Promise<void>;
};

/** A write that fails is tried again for as long as the process lives: an unwritten record is simply not acknowledged. */
export function createVoterWriter(
  config: { readonly stateDir: string; readonly group: string; readonly owner: Owner },
  deps: {
    readonly onDurable: (record: LeaseDurable) => void;
    readonly onFault: (error: unknown) => void;
    readonly after: (delayMs: number, task: () => void) => () => void;
  },
): VoterWriter {
  const file = fileOf(config.stateDir, config.group);
  let waiting: LeaseDurable | undefined;
  let writing: Promise<void> | undefined;
  let cancelRetry: (() => void) | undefined;
  let isStopped = false;

  async function run(): Promise<void> {
    while (waiting !== undefined) {
      const record = waiting;
      waiting = undefined;
      try {
        await writeDurably(file, sealRecord(config.owner, record));
      } catch (error) {
        deps.onFault(error);
        waiting ??= record;
        if (!isStopped) cancelRetry = deps.after(retryWriteMs, start);
        return;
      }
      deps.onDurable(record);
    }
  }
  function start(): void {
    cancelRetry = undefined;
    writing ??= run().finally(() => {
      writing = undefined;
    });
  }
  return {
    write: (record) => {
      waiting = record;
      if (cancelRetry === undefined) start();
    },
    stop: async () => {
      isStopped = true;
      cancelRetry?.();
      await writing;
    },
  };
}
