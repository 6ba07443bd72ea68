// Queue ids, postconf(5) enable_long_queue_ids. Short: five or more hexadecimal digits, upper case. Long: digits and
// letters without vowels, seconds and microseconds in base 52, then `z` and the inode in base 51.

const shortLengthMin = 5;
const longLengthMin = 10;
const lengthMax = 32;

/** 1: in short and long ids, 2: short only, 4: long only. */
const classOf = new Uint8Array(128);
for (const letter of '0123456789BCDF') classOf[letter.charCodeAt(0)] = 1;
for (const letter of 'AE') classOf[letter.charCodeAt(0)] = 2;
for (const letter of 'GHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz') classOf[letter.charCodeAt(0)] = 4;

/** Position after the queue id at `start`, or `start` when there is none. What follows it is the caller's concern. */
export function endOfQueueId(line: string, start: number): number {
  let seen = 0;
  let position = start;
  for (;;) {
    const code = line.charCodeAt(position);
    const kind = code < 128 ? classOf[code] : 0;
    if (kind === 0 || kind === undefined) break;
    seen |= kind;
    position++;
  }
  const length = position - start;
  if (length > lengthMax) return start;
  if ((seen & 4) === 0) return length >= shortLengthMin ? position : start;
  return (seen & 2) === 0 && length >= longLengthMin ? position : start;
}
