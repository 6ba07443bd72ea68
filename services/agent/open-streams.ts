import type { StoredOffsets } from '../protocol/ingest.ts';
import type { Clock } from '../runtime/clock.ts';
import type { AgentConfig } from './config.ts';
import type { AgentEvents } from './events.ts';
import { followJournal } from './journal/journal-source.ts';
import type { StreamSource } from './ship/shippable.ts';

/** Opens the sources that are no files. `start`: how far control holds each source. */
export function openStreams(
  config: AgentConfig,
  start: StoredOffsets['sources'],
  deps: { readonly clock: Clock; readonly events: AgentEvents; readonly onNews: () => void },
): readonly StreamSource[] {
  const { clock, events, onNews } = deps;
  const { node, dataDir, journal } = config;
  const storedBytesOf = (sourceId: string) => start.find((source) => source.sourceId === sourceId)?.lastOffset ?? 0;
  if (journal === undefined) return [];
  const options = { node, dataDir, config: journal, storedBytesOf };
  return [followJournal(options, { events, after: clock.after, onNews })];
}
