import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.ts';
import { listenOrExplain } from '../../runtime/port-holder.ts';
import type { Shippable, StreamSource } from '../ship/shippable.ts';
import { openSpool } from '../spool/spool.ts';
import { cutBatch } from '../tail/cut-batch.ts';
import { readBytesMax } from '../tail/source-file.ts';
import { listenDatagrams } from './datagram-listener.ts';
import { createIntake } from './intake.ts';
import { createStreamIntake } from './stream-listener.ts';
import type { SyslogConfig } from './syslog-config.ts';
import type { SyslogEvents } from './syslog-events.ts';

/** A segment is what is given back at once when control has it. */
const segmentsPerSpool = 16;

/** Listens for syslog, and is the spool as a source: many hosts in one stream, each named in its lines. */
export async function startSyslog(
  options: {
    readonly node: string;
    readonly dataDir: string;
    readonly config: SyslogConfig;
  },
  deps: { readonly clock: Clock; readonly events: SyslogEvents },
): Promise<{
  /** The source, from the moment that it is known how much of it control has. `onNews`: there is more to ship. */
  readonly follow: (storedBytesOf: (sourceId: string) => number, onNews: () => void) => StreamSource;
  readonly ports: { readonly udp?: number; readonly tcp?: number; readonly tls?: number };
  readonly stop: () => Promise<void>;
}> {
  const { node, dataDir, config } = options;
  const { clock, events } = deps;
  const limits = { bytesMax: config.spoolBytes, segmentBytes: Math.ceil(config.spoolBytes / segmentsPerSpool) };
  const spool = await openSpool(join(dataDir, 'spool'), limits, events.spoolTorn);
  const sourceId = createHash('sha256').update(`${node}\0syslog\0${spool.id}`).digest('hex').slice(0, 32);
  let source: Shippable | undefined;
  let onNews = () => {};
  const observe = () => {
    if (source !== undefined) source.sizeBytes = spool.endOffset();
    events.spoolSize(spool.diskBytes());
  };
  const onKept = () => {
    observe();
    onNews();
  };
  const onFull = events.spoolFull;
  const intake = createIntake(spool, { after: clock.after, onKept, onFull, onFault: events.syslogFault });
  const streams = createStreamIntake(config, { clock, intake, events });

  const stops: (() => Promise<void>)[] = [];
  const listen = async (
    name: 'udp' | 'tcp' | 'tls',
    where: { host: string; port: number } | undefined,
    open: (where: { host: string; port: number }) => Promise<{ port: number; stop: () => Promise<void> }>,
  ) => {
    if (where === undefined) return {};
    const { host, port } = where;
    const opened = await listenOrExplain(() => open(where), { host, port, option: `syslog.${name}.port` });
    stops.push(opened.stop);
    return { [name]: opened.port };
  };
  const { tls } = config;
  const ports = {
    ...(await listen('udp', config.udp, (where) => listenDatagrams(where, { clock, intake, events }))),
    ...(await listen('tcp', config.tcp, ({ host, port }) => streams.listen({ host, port }))),
    ...(await listen('tls', tls, async ({ host, port }) =>
      streams.listen({ host, port }, { cert: await readFile(tls?.cert ?? ''), key: await readFile(tls?.key ?? '') }),
    )),
  };
  events.syslogListening(ports);

  async function read(_sourceId: string, offset: number, buffer: Buffer) {
    // Damage leaves holes: control is told of what is behind them, and knows of the gap.
    const from = spool.nextOffset(offset);
    if (source !== undefined) source.offset = from;
    const bytes = await spool.readAt(buffer, readBytesMax, from);
    const cut = cutBatch(buffer.subarray(0, bytes), false);
    return cut === undefined
      ? ({ result: 'nothing', sizeBytes: spool.endOffset(), isEnd: false } as const)
      : ({ result: 'batch', cut } as const);
  }

  return {
    ports,
    follow: (storedBytesOf, news) => {
      const offset = storedBytesOf(sourceId);
      const ready = spool.skipTo(offset).then(() => {
        source = {
          ...{ sourceId, path: 'syslog', offset, readToBytes: offset, sizeBytes: offset, sequence: 0 },
          ...{ linesRead: 0, isBusy: false, file: { read } },
          afterAck: async (acked) => {
            await spool.release(acked);
            observe();
          },
        };
        onNews = news;
        onKept();
      });
      return { shippable: () => source, stop: () => ready };
    },
    stop: async () => {
      streams.stop();
      for (const stop of stops) await stop();
      await intake.stop();
      await spool.close();
    },
  };
}
