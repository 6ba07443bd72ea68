import { isAscii } from 'node:buffer';

/** A longer line is cut here; the rest of it is skipped. */
export const lineBytesMax = 64 * 1024;

export type LineReader = {
  /** Takes the next bytes; they are not kept, so the same buffer may be filled again. */
  readonly push: (bytes: Buffer) => void;
  /** The input has ended: what is left without a newline is the last line. */
  readonly end: () => void;
  /** Lines that were cut so far. */
  readonly cutLines: () => number;
};

/**
 * Bytes → lines, in blocks: a block that is all ASCII is decoded at once without looking at it twice, any other as UTF-8 with
 * what is invalid shown as U+FFFD. Lines are slices of their block.
 */
export function createLineReader(onLine: (line: string) => void): LineReader {
  let carry = Buffer.alloc(0);
  let isSkipping = false;
  let cut = 0;

  const decode = (bytes: Buffer): string => bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');

  function block(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n', start); end >= 0; end = text.indexOf('\n', start)) {
      onLine(text.slice(start, end));
      start = end + 1;
    }
  }

  /** Bytes without a newline at the end of a push. */
  function keep(bytes: Buffer): void {
    if (isSkipping) return;
    carry = Buffer.concat([carry, bytes.subarray(0, lineBytesMax - carry.length)]);
    if (carry.length < lineBytesMax) return;
    cut++;
    isSkipping = true;
    onLine(decode(carry));
    carry = Buffer.alloc(0);
  }

  return {
    push(bytes) {
      let start = 0;
      if (isSkipping || carry.length > 0) {
        const first = bytes.indexOf(10);
        keep(first < 0 ? bytes : bytes.subarray(0, first));
        if (first < 0) return;
        if (!isSkipping) onLine(decode(carry));
        isSkipping = false;
        carry = Buffer.alloc(0);
        start = first + 1;
      }
      const last = bytes.lastIndexOf(10);
      if (last >= start) {
        block(decode(bytes.subarray(start, last + 1)));
        start = last + 1;
      }
      if (start < bytes.length) keep(bytes.subarray(start));
    },
    end() {
      if (carry.length > 0) onLine(decode(carry));
      carry = Buffer.alloc(0);
    },
    cutLines: () => cut,
  };
}
