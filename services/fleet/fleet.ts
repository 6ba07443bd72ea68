// What control believes about its nodes: a fold of what their agents report, read at a point in time.
import type { Heartbeat, Hello, NodeState } from '../protocol/live.ts';

export const fleetLimits = {
  /** Above this the node that was heard longest ago is forgotten; a name that anybody can invent fills no memory. */
  nodesMax: 1000,
} as const;

export type FleetPolicy = {
  /** Nothing heard for this long: the node is stale. */
  readonly staleAfterMs: number;
  /** Nothing heard for this long: the node is down, as far as its agent tells. */
  readonly downAfterMs: number;
  /** More than this not yet acknowledged is said in the node's sentence. */
  readonly lagBytesNoted: number;
};
export const defaultFleetPolicy: FleetPolicy = {
  staleAfterMs: 10_000,
  downAfterMs: 60_000,
  lagBytesNoted: 1024 * 1024,
};

/** One thing heard of a node, at `at` (epoch ms, control's clock). `batch`: it posted lines, so it is alive. */
export type FleetReport =
  | { readonly kind: 'hello'; readonly at: number; readonly hello: Hello }
  | { readonly kind: 'heartbeat'; readonly at: number; readonly heartbeat: Heartbeat }
  | { readonly kind: 'batch'; readonly at: number; readonly node: string }
  | { readonly kind: 'disconnect'; readonly at: number; readonly node: string };

type NodeRecord = {
  readonly node: string;
  readonly version: string;
  readonly mode: Hello['mode'];
  /** Absent while no control channel stands. */
  readonly connectedAt: number | undefined;
  readonly lastHeardAt: number;
  readonly lagBytes: number;
  /** Absent until the first heartbeat. */
  readonly sources: number | undefined;
};
export type Fleet = { readonly nodes: ReadonlyMap<string, NodeRecord> };
export const emptyFleet: Fleet = { nodes: new Map() };

/** The next belief. A report never moves `lastHeardAt` backwards, and a lost connection is not a sign of life. */
export function fold(fleet: Fleet, report: FleetReport): Fleet {
  const node = nodeOf(report);
  const known = fleet.nodes.get(node);
  if (known === undefined && report.kind === 'disconnect') return fleet;
  const before: NodeRecord = known ?? {
    node,
    version: '',
    mode: 'observe-only',
    connectedAt: undefined,
    lastHeardAt: report.at,
    lagBytes: 0,
    sources: undefined,
  };
  const nodes = new Map(fleet.nodes);
  nodes.set(node, applyReport(before, report));
  if (nodes.size > fleetLimits.nodesMax) nodes.delete(longestUnheard(nodes, node));
  return { nodes };
}

function nodeOf(report: FleetReport): string {
  if (report.kind === 'hello') return report.hello.node;
  return report.kind === 'heartbeat' ? report.heartbeat.node : report.node;
}

function applyReport(before: NodeRecord, report: FleetReport): NodeRecord {
  const heard = { ...before, lastHeardAt: Math.max(before.lastHeardAt, report.at) };
  switch (report.kind) {
    case 'hello':
      return {
        ...heard,
        version: report.hello.version,
        mode: report.hello.mode,
        connectedAt: report.at,
        sources: undefined,
      };
    case 'heartbeat': {
      const { sources } = report.heartbeat;
      const lagBytes = sources.reduce((sum, source) => sum + Math.max(0, source.sizeBytes - source.ackedOffset), 0);
      return { ...heard, lagBytes, sources: sources.length };
    }
    case 'batch':
      return heard;
    case 'disconnect':
      return { ...before, connectedAt: undefined };
  }
}

function longestUnheard(nodes: ReadonlyMap<string, NodeRecord>, except: string): string {
  let oldest: NodeRecord | undefined;
  for (const record of nodes.values()) {
    if (record.node !== except && (oldest === undefined || record.lastHeardAt < oldest.lastHeardAt)) oldest = record;
  }
  return oldest?.node ?? except;
}

/** What is worth knowing of a node over a restart of control; instants in epoch ms. */
export type KnownNode = Pick<NodeRecord, 'node' | 'version' | 'mode' | 'lastHeardAt'>;

/** Every node, by name. */
export const knownNodes = (fleet: Fleet): KnownNode[] =>
  [...fleet.nodes.values()]
    .map(({ node, version, mode, lastHeardAt }) => ({ node, version, mode, lastHeardAt }))
    .sort((a, b) => (a.node < b.node ? -1 : 1));

/** The fleet with nodes of an earlier run, not connected since; what is known of one already stays. */
export function recallFleet(fleet: Fleet, known: readonly KnownNode[]): Fleet {
  const recalled = known.map(
    (node) => [node.node, { ...node, connectedAt: undefined, lagBytes: 0, sources: undefined }] as const,
  );
  return { nodes: new Map([...recalled, ...fleet.nodes]) };
}

/** The fleet without a node, until it is heard again. */
export function forgetNode(fleet: Fleet, node: string): Fleet {
  return { nodes: new Map([...fleet.nodes].filter(([name]) => name !== node)) };
}

/** Every node as it stands at `now`, by name. */
export function readFleet(fleet: Fleet, now: number, policy: FleetPolicy): NodeState[] {
  return [...fleet.nodes.values()]
    .sort((a, b) => (a.node < b.node ? -1 : 1))
    .map((record) => {
      const state = stateOf(record, now, policy);
      const reason = reasonOf(record, state, policy);
      return {
        node: record.node,
        state,
        sentence: nodeSentences[reason.code](reason.args),
        reason,
        version: record.version,
        mode: record.mode,
        ...(record.connectedAt === undefined ? {} : { connectedAt: record.connectedAt }),
        lastHeardAt: record.lastHeardAt,
        lagBytes: record.lagBytes,
        sources: record.sources ?? 0,
      };
    });
}

function stateOf(record: NodeRecord, now: number, policy: FleetPolicy): NodeState['state'] {
  const silentMs = now - record.lastHeardAt;
  if (silentMs >= policy.downAfterMs) return 'down';
  // A closed channel is news at once; the node is given until `downAfterMs` to come back.
  if (silentMs >= policy.staleAfterMs || record.connectedAt === undefined) return 'stale';
  return 'up';
}

type ReasonCode =
  | 'agent-starting'
  | 'agent-in-step'
  | 'agent-behind'
  | 'agent-no-sources'
  | 'agent-disconnected'
  | 'agent-silent';
type Reason = { readonly code: ReasonCode; readonly args: Record<string, string | number> };

function reasonOf(record: NodeRecord, state: NodeState['state'], policy: FleetPolicy): Reason {
  const since = new Date(record.lastHeardAt).toISOString();
  if (state !== 'up')
    return { code: record.connectedAt === undefined ? 'agent-disconnected' : 'agent-silent', args: { since } };
  if (record.sources === undefined) return { code: 'agent-starting', args: {} };
  if (record.sources === 0) return { code: 'agent-no-sources', args: {} };
  if (record.lagBytes > policy.lagBytesNoted) return { code: 'agent-behind', args: { lagBytes: record.lagBytes } };
  return { code: 'agent-in-step', args: { sources: record.sources } };
}

const nodeSentences: Record<ReasonCode, (args: Reason['args']) => string> = {
  'agent-starting': () => 'The agent is connected and has not reported yet.',
  'agent-in-step': ({ sources }) =>
    `The agent is connected and follows ${sources} ${sources === 1 ? 'file' : 'files'} without delay.`,
  'agent-behind': ({ lagBytes }) => `The agent is connected; ${lagBytes} bytes of its log have not arrived yet.`,
  'agent-no-sources': () => 'The agent is connected, but it has found no log file to follow yet.',
  'agent-disconnected': ({ since }) => `The agent is not connected; it was last heard at ${since}.`,
  'agent-silent': ({ since }) => `The agent is connected but silent since ${since}.`,
};
