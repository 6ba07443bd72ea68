// The head of a Postfix queue file: records of a type byte, a length in groups of seven bits (least significant first, the
// high bit says that another follows) and that many bytes (Postfix src/global/record.c, rec_type.h).

/** The size and time records stand at the start; this much of a file always holds them. */
export const headBytes = 256;

const recordType = { size: 0x43, time: 0x54 } as const;

export type QueueFileHead = {
  /** Bytes of the message itself, as `mailq` shows it; absent while it is not yet written. */
  readonly sizeBytes: number | undefined;
  readonly arrivedAt: number | undefined;
};

/** Reads size (`C` record, first number) and arrival (`T` record, seconds and microseconds). Never throws: what is not there is absent. */
export function parseQueueFileHead(bytes: Uint8Array): QueueFileHead {
  let sizeBytes: number | undefined;
  let arrivedAt: number | undefined;
  let at = 0;
  while (at < bytes.length && (sizeBytes === undefined || arrivedAt === undefined)) {
    const type = bytes[at++];
    let length = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return { sizeBytes, arrivedAt };
      length += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) break;
    }
    if (at + length > bytes.length) break;
    if (type === recordType.size || type === recordType.time) {
      const [first, second] = String.fromCharCode(...bytes.subarray(at, at + length))
        .trim()
        .split(/\s+/)
        .map(Number);
      if (type === recordType.size && first !== undefined && first > 0) sizeBytes = first;
      if (type === recordType.time && first !== undefined && first > 0)
        arrivedAt = first * 1000 + Math.floor((second ?? 0) / 1000);
    }
    at += length;
  }
  return { sizeBytes, arrivedAt };
}
