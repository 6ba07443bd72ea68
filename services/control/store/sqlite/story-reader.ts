// One story with its raw lines.
import type { DatabaseSync } from 'node:sqlite';
import { createLineParser } from '../../../logs/parse.ts';
import { firstSeenAt, lastSeenAt, type StoryState, storyNoOf } from '../../../logs/story-state.ts';
import { legOrder, toStory } from '../../../logs/story-view.ts';
import type { StoryDetail } from '../../../protocol/api.ts';
import type { StoryLine } from '../../../protocol/story.ts';
import type { createCompletenessReader } from './completeness.ts';
import { readBlockLines } from './line-blocks.ts';
import { decodeStory } from './story-codec.ts';

export const detailLimits = {
  /** Blocks read for one answer; a story that is spread wider shows fewer lines and says so. */
  blocksMax: 400,
} as const;

type Block = { readonly lines: string[]; readonly node: string; readonly readMs: number; readonly timeZone: string };

export function createStoryReader(db: DatabaseSync, completeness: ReturnType<typeof createCompletenessReader>) {
  const readRow = db.prepare('SELECT merged_into, body, lines FROM story WHERE no = ?');
  const readBlock = db.prepare(
    'SELECT b.data, b.read_ms, b.time_zone, s.node FROM block b JOIN source s ON s.no = b.source WHERE b.no = ?',
  );

  function load(no: number): StoryState | undefined {
    let at = no;
    for (;;) {
      const row = readRow.get(at);
      if (row === undefined) return undefined;
      if (row.merged_into === null) return decodeStory(at, String(row.body), row.lines as Uint8Array);
      const into = Number(row.merged_into);
      if (into >= at) return undefined;
      at = into;
    }
  }

  function blockOf(no: number): Block | undefined {
    const row = readBlock.get(no);
    if (row === undefined) return undefined;
    const lines = readBlockLines(row.data as Uint8Array);
    return { lines, node: String(row.node), readMs: Number(row.read_ms), timeZone: String(row.time_zone) };
  }

  return {
    load,
    read: (id: string): StoryDetail | undefined => {
      const no = storyNoOf(id);
      const state = no === undefined ? undefined : load(no);
      if (state === undefined) return undefined;
      const places = new Map(legOrder(state).map((leg, place) => [leg, place]));
      const blocks = new Map<number, Block | undefined>();
      const lines: StoryLine[] = [];
      let omitted = state.linesOmitted;
      for (let at = 0; at + 2 < state.lines.length; at += 3) {
        const [blockNo, index, leg] = [state.lines[at] ?? 0, state.lines[at + 1] ?? 0, state.lines[at + 2] ?? 0];
        if (!blocks.has(blockNo) && blocks.size < detailLimits.blocksMax) blocks.set(blockNo, blockOf(blockNo));
        const block = blocks.get(blockNo);
        const text = block?.lines[index];
        if (block === undefined || text === undefined) {
          omitted += 1;
          continue;
        }
        const event = createLineParser({ now: block.readMs, timeZone: block.timeZone }).parse(text);
        const place = places.get(leg);
        lines.push({
          node: block.node,
          time: event.time,
          text,
          kind: event.kind,
          ...(place === undefined ? {} : { leg: place }),
        });
      }
      // Within a node the order of the file, between nodes the order of time.
      lines.sort((a, b) => a.time - b.time);
      const interval = { since: firstSeenAt(state), until: lastSeenAt(state) };
      return { story: toStory(state), lines, linesOmitted: omitted, completeness: completeness.read(interval) };
    },
  };
}
