// Pushes what the node measured to control, beside the lines and never in their way: samples that control cannot take now
// wait in memory up to a bound, and the oldest go first. A sample is worth less than a line.
import { constants, zstdCompressSync } from 'node:zlib';
import type { Registry } from 'prom-client';
import { type ScrapeAck, type ScrapeEnvelope, seriesLimits } from '../../protocol/series.ts';
import { protocolVersion } from '../../protocol/version.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { PushEvents } from './push-events.ts';
import { takeScrape } from './take-scrape.ts';

export const pushLimits = {
  /** Scrapes that wait for control: an hour of them at the usual cadence. */
  waitingMax: 240,
  /** Compressed bytes of them. */
  waitingBytesMax: 8 * 1024 * 1024,
} as const;

/** Samplers take their first turns over the first seconds. */
const firstAfterMs = 6_000;

/** A millisecond on the event loop; a thread of the pool would keep memory of its own for it. */
const compress = (raw: Uint8Array): Buffer =>
  zstdCompressSync(raw, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });

/** What control says to one scrape; it rejects when control cannot be asked or will not take it now. */
export type SendScrape = (envelope: ScrapeEnvelope, body: Buffer) => Promise<ScrapeAck>;

type Waiting = { readonly envelope: ScrapeEnvelope; readonly body: Buffer };

/** Takes a scrape of `registry` every `cadenceMs` and sends what waits, the oldest first and one at a time. */
export function createMetricsPush(
  config: { readonly node: string; readonly cadenceMs: number },
  deps: {
    readonly clock: Clock;
    readonly registry: Registry;
    /** Brings the registry up to date. */
    readonly observe: () => void;
    readonly send: SendScrape;
    /** Whether this one will never be taken, so that those behind it need not wait. */
    readonly isHopeless: (error: unknown) => boolean;
    readonly events: PushEvents;
  },
): {
  /** What is on its way then ends with its request; nothing more is sent. */
  readonly stop: () => Promise<void>;
} {
  const { clock, registry, observe, send, isHopeless, events } = deps;
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  let sequence = 0;
  let isSending = false;
  let taking: Promise<void> | undefined;
  let hasStopped = false;

  async function take(): Promise<void> {
    const own = sequence;
    sequence += 1;
    observe();
    const sampledMs = clock.now();
    const { scrape, samples, leftOut } = await takeScrape(registry);
    const raw = Buffer.from(JSON.stringify(scrape));
    if (raw.length > seriesLimits.rawBytesMax)
      throw new RangeError(`a scrape of ${raw.length} bytes; at most ${seriesLimits.rawBytesMax} are sent`);
    const body = compress(raw);
    const { node } = config;
    const envelope = { protocolVersion, node, sequence: own, sampledMs, samples, rawBytes: raw.length };
    waiting.push({ envelope, body });
    waitingBytes += body.length;
    while (waiting.length > pushLimits.waitingMax || waitingBytes > pushLimits.waitingBytesMax) {
      removeFirst();
      events.scrapeDropped();
    }
    events.scrapeTaken(waiting.length, leftOut);
  }

  function removeFirst(): void {
    waitingBytes -= waiting.shift()?.body.length ?? 0;
  }

  async function sendWaiting(): Promise<void> {
    isSending = true;
    await sendEach();
    isSending = false;
  }

  async function sendEach(): Promise<void> {
    for (let first = waiting[0]; first !== undefined && !hasStopped; first = waiting[0]) {
      try {
        const ack = await send(first.envelope, first.body);
        events.scrapeAnswered(ack);
      } catch (error) {
        if (hasStopped) return;
        const isLost = isHopeless(error);
        events.scrapeFailed(error, isLost);
        // The next turn tries again: the cadence is the pause.
        if (!isLost) return;
      }
      // The oldest may have been dropped meanwhile, and this was it.
      if (waiting[0] === first) removeFirst();
      events.scrapesWaiting(waiting.length);
    }
  }

  function turn(): void {
    if (taking !== undefined) return;
    taking = take()
      .catch((error: unknown) => events.scrapeNotTaken(error))
      .finally(() => {
        taking = undefined;
        if (!isSending) void sendWaiting();
      });
  }

  const cancelFirst = clock.after(Math.min(firstAfterMs, config.cadenceMs), turn);
  const cancel = clock.every(config.cadenceMs, turn);
  return {
    stop: async () => {
      hasStopped = true;
      cancelFirst();
      cancel();
      await taking;
    },
  };
}
