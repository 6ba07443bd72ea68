import type { Random } from './random.ts';

/** Postfix's alphabet for long ids: digits and consonants, so that no id can spell a word (global/mail_queue.h). */
const digits = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz';

function inBase(value: number, base: number, lengthMin: number): string {
  let rest = Math.floor(value);
  let made = '';
  while (rest > 0 || made.length < lengthMin) {
    made = digits.charAt(rest % base) + made;
    rest = Math.floor(rest / base);
  }
  return made;
}

/**
 * Queue ids as Postfix makes them. Short: five hex digits of the microsecond and the file's inode. Long
 * (`enable_long_queue_ids`): seconds and microseconds in base 52, `z`, the inode in base 51. `time` is epoch ms.
 */
export function makeQueueId(options: { time: number; inode: number; long: boolean }): string {
  const micros = Math.floor((options.time % 1000) * 1000);
  if (!options.long) {
    return `${micros.toString(16).padStart(5, '0')}${options.inode.toString(16)}`.toUpperCase();
  }
  return `${inBase(options.time / 1000, 52, 6)}${inBase(micros, 52, 4)}z${inBase(options.inode, 51, 1)}`;
}

/** Ids of one queue. Inodes are reused as a file system does it, so a short id can come back after a while. */
export function createQueueIds(random: Random, long: boolean): (time: number) => string {
  const firstInode = random.between(0x400, 0xfff);
  return (time) => makeQueueId({ time: time + random.next(), inode: firstInode + random.between(0, 0x3ff), long });
}
