import type { StoredOffsets } from '../protocol/ingest.ts';
import type { Clock } from '../runtime/clock.ts';
import type { AgentConfig } from './config.ts';
import type { AgentEvents } from './events.ts';
import { followJournal } from './journal/journal-source.ts';
import type { StreamSource } from './ship/shippable.ts';
import type { startSyslog } from './syslog/syslog-source.ts';

type Syslog = Awaited<ReturnType<typeof startSyslog>>;

/** Opens the sources that are no files. `start`: how far control holds each source. */
export function openStreams(
  config: AgentConfig,
  start: StoredOffsets['sources'],
  deps: {
    readonly clock: Clock;
    readonly events: AgentEvents;
    readonly syslog: Syslog | undefined;
    readonly onNews: () => void;
  },
): readonly StreamSource[] {
  const { clock, events, syslog, onNews } = deps;
  const { node, dataDir, journal } = config;
  const storedBytesOf = (sourceId: string) => start.find((source) => source.sourceId === sourceId)?.lastOffset ?? 0;
  const streams: StreamSource[] = [];
  if (journal !== undefined) {
    const options = { node, dataDir, config: journal, storedBytesOf };
    streams.push(followJournal(options, { events, after: clock.after, onNews }));
  }
  if (syslog !== undefined) streams.push(syslog.follow(storedBytesOf, onNews));
  return streams;
}
