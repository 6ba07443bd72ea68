// The live channel: one socket for the whole page. It reconnects by itself for as long as the page is open; what the page
// must know is whether what it shows is fresh, and if not, since when.
import { io } from 'socket.io-client';
import type { liveEvents, liveNamespace, TailReply } from '../../protocol/live.ts';
import type { TailChunkWire, TailFilterWire } from '../../protocol/wire.ts';

const namespace: typeof liveNamespace = '/live';
const events: typeof liveEvents = { overview: 'overview', nodes: 'nodes', failover: 'failover', tail: 'tail' };
const reconnectMs = { first: 500, most: 5000 } as const;

export type LiveState = {
  readonly status: 'connecting' | 'live' | 'stale';
  /** When the server was last heard, epoch ms; absent when never. */
  readonly heardAt: number | undefined;
  /** Counts the connections of this page: a page reads its data anew when it grows. */
  readonly connections: number;
};

/** What a page may be told of. */
export type Topic = 'nodes' | 'failover';

export type Live = ReturnType<typeof createLive>;

export function createLive(clock: () => number) {
  const socket = io(namespace, {
    transports: ['websocket', 'polling'],
    reconnectionDelay: reconnectMs.first,
    reconnectionDelayMax: reconnectMs.most,
  });
  let state: LiveState = { status: 'connecting', heardAt: undefined, connections: 0 };
  let lastHeardAt: number | undefined;
  const watchers = new Set<() => void>();
  const topicWatchers: Readonly<Record<Topic, Set<() => void>>> = { nodes: new Set(), failover: new Set() };
  type Tail = {
    readonly filter: TailFilterWire;
    readonly take: (chunk: TailChunkWire) => void;
    readonly hearReply: (reply: TailReply) => void;
  };
  let tail: Tail | undefined;

  const setState = (next: LiveState): void => {
    state = next;
    for (const watch of watchers) watch();
  };
  const hear = (): void => {
    lastHeardAt = clock();
  };

  socket.on('connect', () => {
    hear();
    setState({ status: 'live', heardAt: lastHeardAt, connections: state.connections + 1 });
    if (tail !== undefined) start(tail);
  });
  // What is answered to a tail that another has replaced concerns nobody.
  const start = (mine: Tail): void => {
    socket.emit('tail:start', mine.filter, (reply: TailReply) => {
      if (tail === mine) mine.hearReply(reply);
    });
  };
  const lose = (): void => {
    if (state.status !== 'stale') setState({ ...state, status: 'stale', heardAt: lastHeardAt });
  };
  socket.on('disconnect', lose);
  socket.on('connect_error', lose);
  socket.io.on('ping', hear);
  socket.on(events.overview, hear);
  for (const topic of ['nodes', 'failover'] as const)
    socket.on(events[topic], () => {
      hear();
      for (const watch of topicWatchers[topic]) watch();
    });
  socket.on(events.tail, (chunk: TailChunkWire) => {
    hear();
    tail?.take(chunk);
  });

  return {
    subscribe(watch: () => void): () => void {
      watchers.add(watch);
      return () => watchers.delete(watch);
    },
    read: (): LiveState => state,
    /** When the server was last heard, epoch ms, up to now. */
    heardAt: (): number | undefined => lastHeardAt,
    /** Called when a node's state, or the picture of a lease group, has changed. */
    onTopic(topic: Topic, watch: () => void): () => void {
      topicWatchers[topic].add(watch);
      return () => topicWatchers[topic].delete(watch);
    },
    /** One tail at a time; a new filter replaces the one before. Survives a lost connection. */
    startTail(filter: TailFilterWire, take: Tail['take'], hearReply: Tail['hearReply']): () => void {
      const mine = { filter, take, hearReply };
      tail = mine;
      if (socket.connected) start(mine);
      return () => {
        if (tail !== mine) return;
        tail = undefined;
        if (socket.connected) socket.emit('tail:stop');
      };
    },
    stop: (): void => {
      socket.disconnect();
    },
  };
}
