// What was granted and held, for the rest of this boot: written before the answer, win or resignation it records is sent.
// It lives in memory (/run), so a write is a few microseconds and needs no fsync; a power loss ends the boot it is valid for.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LeaseRun } from '../../protocol/lease.ts';
import { leaseRunSchema } from '../../protocol/lease.ts';
import type { Owner } from './sealed-record.ts';
import { openRecord, sealRecord } from './sealed-record.ts';

const bootRunSchema = z.object({ bootId: z.string(), run: leaseRunSchema });

/** random(4): drawn by the kernel at each boot. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

export type RunFile = {
  /** Of this boot; undefined when there is none, or a torn one: the voter is silent then as after a boot. */
  readonly read: () => LeaseRun | undefined;
  readonly write: (run: LeaseRun) => void;
};

export function createRunFile(config: {
  readonly runDir: string;
  readonly group: string;
  readonly owner: Owner;
  readonly bootId: string;
}): RunFile {
  const { runDir, group, owner, bootId } = config;
  const file = join(runDir, `${group}.run`);
  mkdirSync(runDir, { recursive: true, mode: 0o750 });
  return {
    read: () => {
      let text: string;
      try {
        text = readFileSync(file, 'utf8');
      } catch {
        return undefined;
      }
      const opened = openRecord(bootRunSchema, owner, text);
      return opened.kind === 'whole' && opened.value.bootId === bootId ? opened.value.run : undefined;
    },
    write: (run) => {
      writeFileSync(`${file}.new`, sealRecord(owner, { bootId, run }), { mode: 0o640 });
      renameSync(`${file}.new`, file);
    },
  };
}
