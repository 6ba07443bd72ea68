import type { Server, Socket } from 'socket.io';
import { z } from 'zod';
import { coverTailFilters, matchesTail } from '../../fleet/tail-filter.ts';
import { nodesSchema, type Overview, overviewSchema } from '../../protocol/api.ts';
import {
  liveEvents,
  liveNamespace,
  type NodeState,
  type TailChunk,
  type TailFilter,
  tailChunkSchema,
  tailFilterSchema,
  tailLimits,
} from '../../protocol/live.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ControlEvents } from '../events.ts';
import type { OverviewRequest } from '../overview.ts';

/** Open pages at once; one more is turned away. */
const consolesMax = 200;
const tickMs = 1000;
/** The window that the live overview covers. */
const overviewWindowMs = 3_600_000;

export type ConsoleChannel = {
  readonly sendNodes: (states: readonly NodeState[]) => void;
  /** Lines that the store stored just now. */
  readonly sendTail: (chunk: TailChunk) => void;
  readonly stop: () => void;
};

type TailClient = { readonly filter: TailFilter; linesLeft: number; skipped: number };

/** The live channel of the console: the overview every second while somebody looks, nodes when they change, tails by filter. */
export function serveConsoles(
  server: Server,
  deps: {
    readonly clock: Clock;
    readonly events: ControlEvents;
    readonly readOverview: (request: OverviewRequest) => Promise<Overview>;
    readonly readNodes: () => NodeState[];
    readonly setTail: (filter: TailFilter | undefined) => void;
  },
): ConsoleChannel {
  const { clock, events, readOverview, readNodes, setTail } = deps;
  const namespace = server.of(liveNamespace);
  const tailBySocket = new Map<Socket, TailClient>();
  let reading = false;

  async function tick(): Promise<void> {
    for (const [socket, client] of tailBySocket) {
      client.linesLeft = tailLimits.linesPerSecond;
      if (client.skipped > 0) emitTail(socket, client, []);
    }
    if (namespace.sockets.size === 0 || reading) return;
    reading = true;
    try {
      namespace.emit(liveEvents.overview, z.encode(overviewSchema, await readOverview({ windowMs: overviewWindowMs })));
    } catch (error) {
      events.overviewFailed(error);
    } finally {
      reading = false;
    }
  }

  function emitTail(socket: Socket, client: TailClient, lines: TailChunk['lines']): void {
    socket.emit(liveEvents.tail, z.encode(tailChunkSchema, { lines, skipped: client.skipped }));
    client.skipped = 0;
  }

  const retune = () => setTail(coverTailFilters([...tailBySocket.values()].map((client) => client.filter)));

  namespace.on('connection', (socket) => {
    if (namespace.sockets.size > consolesMax) {
      socket.disconnect(true);
      return;
    }
    events.consolesOpen(namespace.sockets.size);
    socket.emit(liveEvents.nodes, encodeNodes(readNodes()));
    void tick();
    socket.on('tail:start', (payload: unknown) => {
      const filter = tailFilterSchema.safeParse(payload ?? {});
      if (!filter.success) return;
      tailBySocket.set(socket, { filter: filter.data, linesLeft: tailLimits.linesPerSecond, skipped: 0 });
      retune();
    });
    socket.on('tail:stop', () => {
      if (tailBySocket.delete(socket)) retune();
    });
    socket.on('disconnect', () => {
      events.consolesOpen(namespace.sockets.size);
      if (tailBySocket.delete(socket)) retune();
    });
  });

  const stop = clock.every(tickMs, () => void tick());
  return {
    sendNodes: (states) => {
      if (namespace.sockets.size > 0) namespace.emit(liveEvents.nodes, encodeNodes(states));
    },
    sendTail: (chunk) => {
      for (const [socket, client] of tailBySocket) {
        const matching = chunk.lines.filter((line) => matchesTail(client.filter, line));
        const lines = matching.slice(0, client.linesLeft);
        const skipped = matching.length - lines.length + chunk.skipped;
        client.linesLeft -= lines.length;
        client.skipped += skipped;
        events.tailLinesSkipped(skipped);
        if (lines.length > 0) emitTail(socket, client, lines);
      }
    },
    stop: () => {
      stop();
      setTail(undefined);
    },
  };
}

const encodeNodes = (states: readonly NodeState[]) => z.encode(nodesSchema.shape.nodes, [...states]);
