import type { SourceRead } from '../tail/source-file.ts';

/** A stream of lines as the pump sees it. One at a time works on it: `isBusy` while a batch of it is on its way. */
export type Shippable = {
  readonly sourceId: string;
  readonly path: string;
  /** Bytes that control has. */
  offset: number;
  /** With this many bytes it holds nothing more to ship: `offset`, or beyond it the beginning of an unfinished line. */
  readToBytes: number;
  sizeBytes: number;
  sequence: number;
  linesRead: number;
  isBusy: boolean;
  readonly file:
    | {
        /** `buffer` holds `readBytesMax`; the batch refers to it until it is used again. */
        readonly read: (sourceId: string, offset: number, buffer: Buffer) => Promise<SourceRead>;
      }
    | undefined;
  /** Before a batch that ends at `lastOffset` is sent: what must be kept to find this place again. */
  readonly beforeShip?: (lastOffset: number) => Promise<void>;
  /** Control has everything before `offset`. */
  readonly afterAck?: (offset: number) => Promise<void>;
};

/** A source that is no file: what it has to ship, and its end. */
export type StreamSource = {
  /** `undefined` until it is known where it begins. */
  readonly shippable: () => Shippable | undefined;
  readonly stop: () => Promise<void>;
};

/** The streams that have something to ship and do not ship already. */
export const readyStreams = (streams: readonly StreamSource[]): Shippable[] =>
  streams.flatMap((stream) => {
    const source = stream.shippable();
    return source !== undefined && !source.isBusy && source.sizeBytes > source.readToBytes ? [source] : [];
  });
