import type { Server, Socket } from 'socket.io';
import { z } from 'zod';
import { nodesSchema, type Overview, overviewSchema } from '../../protocol/api.ts';
import { type FailoverGroup, failoverGroupsSchema } from '../../protocol/failover.ts';
import {
  liveEvents,
  liveNamespace,
  type NodeState,
  type TailChunk,
  type TailFilter,
  type TailReply,
  tailChunkSchema,
  tailFilterSchema,
  tailLimits,
} from '../../protocol/live.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ControlEvents } from '../events.ts';
import type { OverviewRequest } from '../overview.ts';
import type { Tails } from '../store/event-store.ts';

/** Open pages at once; one more is turned away. */
const consolesMax = 200;
const tickMs = 1000;
/** The window that the live overview covers. */
const overviewWindowMs = 3_600_000;

export type ConsoleChannel = {
  readonly sendNodes: (states: readonly NodeState[]) => void;
  readonly sendFailover: (groups: readonly FailoverGroup[]) => void;
  /** Lines that the store stored just now. */
  readonly sendTails: (tails: Tails) => void;
  readonly stop: () => void;
};

/** `key` names the filter: pages that ask for the same share it. */
type TailClient = { readonly key: string; readonly filter: TailFilter; linesLeft: number; skipped: number };

/** The live channel of the console: the overview every second while somebody looks, nodes when they change, tails by filter. */
export function serveConsoles(
  server: Server,
  deps: {
    readonly clock: Clock;
    readonly events: ControlEvents;
    readonly readOverview: (request: OverviewRequest) => Promise<Overview>;
    readonly readNodes: () => NodeState[];
    readonly setTails: (filters: Readonly<Record<string, TailFilter>>) => void;
  },
): ConsoleChannel {
  const { clock, events, readOverview, readNodes, setTails } = deps;
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

  const filters = () => Object.fromEntries([...tailBySocket.values()].map(({ key, filter }) => [key, filter]));
  const retune = () => setTails(filters());

  namespace.on('connection', (socket) => {
    if (namespace.sockets.size > consolesMax) {
      socket.disconnect(true);
      return;
    }
    events.consolesOpen(namespace.sockets.size);
    socket.emit(liveEvents.nodes, encodeNodes(readNodes()));
    void tick();
    socket.on('tail:start', (payload: unknown, acknowledge: unknown) => {
      const reply = (answer: TailReply) => {
        if (typeof acknowledge === 'function') acknowledge(answer);
      };
      // One tail a page: what it followed before is over, whatever becomes of the new one.
      tailBySocket.delete(socket);
      const asked = tailFilterSchema.safeParse(payload ?? {});
      const filter = asked.data;
      const key = JSON.stringify(filter);
      const followed = filters();
      const isTooMany = !Object.hasOwn(followed, key) && Object.keys(followed).length >= tailLimits.filtersMax;
      if (filter !== undefined && !isTooMany)
        tailBySocket.set(socket, { key, filter, linesLeft: tailLimits.linesPerSecond, skipped: 0 });
      retune();
      if (filter === undefined) reply({ ok: false, code: 'bad-request' });
      else reply(isTooMany ? { ok: false, code: 'overloaded' } : { ok: true });
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
    sendFailover: (groups) => {
      if (namespace.sockets.size > 0)
        namespace.emit(liveEvents.failover, z.encode(failoverGroupsSchema, { now: clock.now(), groups: [...groups] }));
    },
    sendTails: (tails) => {
      for (const [socket, client] of tailBySocket) {
        const chunk = tails[client.key];
        if (chunk === undefined) continue;
        // Several agents' seconds may fall into one of ours.
        const lines = chunk.lines.slice(0, client.linesLeft);
        const skipped = chunk.lines.length - lines.length + chunk.skipped;
        client.linesLeft -= lines.length;
        client.skipped += skipped;
        events.tailLinesSkipped(skipped);
        if (lines.length > 0) emitTail(socket, client, lines);
      }
    },
    stop: () => {
      stop();
      setTails({});
    },
  };
}

const encodeNodes = (states: readonly NodeState[]) => z.encode(nodesSchema.shape.nodes, [...states]);
