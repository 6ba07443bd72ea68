import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import { writeDurably } from '../../runtime/durable-file.ts';
import { emptyLedger, type Ledger, ledgerSchema } from './ledger.ts';

/** Changes that wait for the disk; one more is refused. */
const waitingMax = 256;

export type LedgerFile = {
  readonly read: () => Ledger;
  /**
   * Makes one change after another: on disk first, then in memory. What `next` throws is passed on, and nothing has changed.
   * @throws AppError `overloaded` when too many wait.
   */
  readonly change: <Value>(
    next: (ledger: Ledger) => { readonly ledger: Ledger; readonly value: Value },
  ) => Promise<Value>;
};

/**
 * `mayBegin`: whether there may be no ledger yet, because nothing was issued.
 * @throws AppError `missing` or `store-failed` when the file is not there or no ledger: a new one would forget who is revoked.
 */
export async function openLedger(path: string, { mayBegin }: { readonly mayBegin: boolean }): Promise<LedgerFile> {
  let ledger = await readLedger(path, mayBegin);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function changeNow<Value>(next: Parameters<LedgerFile['change']>[0]): Promise<Value> {
    const changed = next(ledger);
    if (changed.ledger !== ledger) await writeDurably(path, JSON.stringify(changed.ledger), 0o600);
    ledger = changed.ledger;
    return changed.value as Value;
  }
  return {
    read: () => ledger,
    change: async <Value>(next: (before: Ledger) => { readonly ledger: Ledger; readonly value: Value }) => {
      if (waiting >= waitingMax) throw new AppError('overloaded', 'Too many changes of trust wait for the disk');
      waiting += 1;
      const work = last
        .then(() => changeNow<Value>(next))
        .finally(() => {
          waiting -= 1;
        });
      last = work.catch(() => {});
      return work;
    },
  };
}

async function readLedger(path: string, mayBegin: boolean): Promise<Ledger> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    if (mayBegin) return emptyLedger;
    throw new AppError('missing', `What control has issued and revoked is not at ${path}`, {
      hint: `Restore it from a backup, or move ${dirname(path)} away: then every node joins anew`,
    });
  }
  try {
    return ledgerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('store-failed', `${path} does not say who is trusted in a form that this release knows`, {
      hint: 'Restore it from a backup; it is never begun anew by itself, because it holds what was revoked',
      cause,
    });
  }
}
