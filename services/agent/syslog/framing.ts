// Messages out of a stream of bytes: RFC 6587, octet counting (`123 <22>1 …`, also RFC 5425) and lines, told apart message
// by message. Pure; a hostile stream costs no more than `frameBytesMax` of memory.
import { batchLimits } from '../../protocol/ingest.ts';

/** A longer message is cut here. */
export const frameBytesMax = batchLimits.lineBytesMax - 1;

/** A message that says to be longer than this is no message: its stream cannot be trusted any more. */
export const statedBytesMax = 16 * 1024 * 1024;
const statedDigitsMax = 8;

export type Framer = {
  /** The messages that became whole with these bytes, each without its end. `undefined`: the stream makes no sense. */
  readonly push: (chunk: Buffer) => { readonly frames: readonly Buffer[]; readonly cut: number } | undefined;
  /** Bytes of a message that was begun. */
  readonly heldBytes: () => number;
};

const [newline, space, zero, nine] = [0x0a, 0x20, 0x30, 0x39];

export function createFramer(): Framer {
  let parts: Buffer[] = [];
  let heldBytes = 0;
  /** Bytes of a counted message that are still to come; `undefined` within a line, or before a message. */
  let toCome: number | undefined;
  let isInLine = false;
  let isOverlong = false;
  let count = '';

  function hold(bytes: Buffer): void {
    const room = frameBytesMax - heldBytes;
    if (bytes.length > room) isOverlong = true;
    if (room <= 0 || bytes.length === 0) return;
    // A copy: a slice would keep the whole chunk.
    parts.push(Buffer.from(bytes.subarray(0, room)));
    heldBytes += Math.min(room, bytes.length);
    if (parts.length > 64) parts = [Buffer.concat(parts)];
  }

  return {
    heldBytes: () => heldBytes,
    push: (chunk) => {
      const frames: Buffer[] = [];
      let cut = 0;
      const finish = () => {
        if (heldBytes > 0) frames.push(Buffer.concat(parts));
        if (isOverlong) cut++;
        [parts, heldBytes, toCome, isInLine, isOverlong, count] = [[], 0, undefined, false, false, ''];
      };
      for (let at = 0; at < chunk.length; ) {
        if (toCome !== undefined) {
          const taken = Math.min(toCome, chunk.length - at);
          hold(chunk.subarray(at, at + taken));
          toCome -= taken;
          at += taken;
          if (toCome === 0) finish();
          continue;
        }
        const code = chunk[at] ?? 0;
        if (!isInLine && code >= zero && code <= nine && (count !== '' || code !== zero)) {
          count += String.fromCharCode(code);
          if (count.length > statedDigitsMax) return undefined;
          at++;
          continue;
        }
        if (!isInLine && count !== '' && code === space) {
          toCome = Number(count);
          if (toCome > statedBytesMax) return undefined;
          at++;
          continue;
        }
        // Digits without a space behind them began a line.
        if (count !== '') hold(Buffer.from(count, 'latin1'));
        count = '';
        isInLine = true;
        const end = chunk.indexOf(newline, at);
        hold(chunk.subarray(at, end < 0 ? chunk.length : end));
        at = end < 0 ? chunk.length : end + 1;
        if (end >= 0) finish();
      }
      return { frames, cut };
    },
  };
}

/** A message as one line of the spool: line ends and NULs at its end taken off, those inside escaped; `undefined` for an empty one. */
export function lineOfFrame(frame: Buffer): Buffer | undefined {
  let end = Math.min(frame.length, frameBytesMax);
  while (end > 0 && [0, 0x0a, 0x0d].includes(frame[end - 1] ?? 1)) end--;
  if (end === 0) return undefined;
  const body = frame.subarray(0, end);
  const line = body.includes(newline) ? Buffer.from(body.toString('latin1').replaceAll('\n', '#012'), 'latin1') : body;
  return Buffer.concat([line.subarray(0, frameBytesMax), Buffer.of(newline)]);
}
