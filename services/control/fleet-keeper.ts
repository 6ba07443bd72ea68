import {
  emptyFleet,
  type FleetPolicy,
  type FleetReport,
  fold,
  forgetNode,
  type KnownNode,
  knownNodes,
  readFleet,
  recallFleet,
} from '../fleet/fleet.ts';
import { AppError } from '../protocol/errors.ts';
import type { NodeState } from '../protocol/live.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ControlEvents } from './events.ts';
import type { NodeFile } from './node-file.ts';

export type FleetKeeper = {
  readonly report: (report: FleetReport) => void;
  readonly readNodes: () => NodeState[];
  /**
   * Takes a node that is gone for good off the page; what it sent stays. Durable when it resolves.
   * @throws AppError `not-found`; `node-alive` for a node that is heard: it would be back at once.
   */
  readonly forget: (node: string) => Promise<void>;
  /** Writes down who was heard last. */
  readonly stop: () => Promise<void>;
};

const lookEveryMs = 1000;
/** How old what is on disk may be of a node that is heard all the time. */
const keepEveryMs = 60_000;

/** Holds the fleet, folds reports into it, and tells `onChange` when a node's state or the reason for it is another. */
export async function createFleetKeeper(
  policy: FleetPolicy,
  deps: {
    readonly clock: Clock;
    readonly events: ControlEvents;
    readonly file: NodeFile;
    readonly onChange: (states: readonly NodeState[]) => void;
  },
): Promise<FleetKeeper> {
  const { clock, events, file, onChange } = deps;
  let fleet = recallFleet(emptyFleet, await file.read());
  let told = new Map<string, string>();
  let kept: { at: number; names: string } = { at: clock.now(), names: namesOf(knownNodes(fleet)) };
  let writing: Promise<void> = Promise.resolve();
  const readNodes = () => readFleet(fleet, clock.now(), policy);

  /** One write after the other; a disk that refuses is said, and tried again with the next one. */
  function keep(): Promise<void> {
    const nodes = knownNodes(fleet);
    kept = { at: clock.now(), names: namesOf(nodes) };
    const written = writing.then(() => file.write(nodes));
    writing = written.catch((error: unknown) => events.nodesNotKept(error));
    return written;
  }

  function look(): void {
    const states = readNodes();
    events.fleetObserved(states);
    const seen = new Map(states.map((state) => [state.node, `${state.state} ${state.reason?.code}`]));
    const changed = states.filter((state) => told.get(state.node) !== seen.get(state.node));
    const gone = told.size > seen.size;
    told = seen;
    if (changed.length > 0) events.nodesChanged(changed);
    if (changed.length > 0 || gone) onChange(states);
    const isOld = clock.now() - kept.at >= keepEveryMs && states.some((state) => state.state === 'up');
    if (isOld || namesOf(knownNodes(fleet)) !== kept.names) keep().catch(() => {});
  }

  const stop = clock.every(lookEveryMs, look);
  return {
    report: (report) => {
      fleet = fold(fleet, report);
      // Batches and heartbeats come many times a second; what they change is soon enough at the next look.
      if (report.kind === 'hello' || report.kind === 'disconnect') look();
    },
    readNodes,
    forget: async (node) => {
      const state = readNodes().find((known) => known.node === node);
      if (state === undefined) throw new AppError('not-found', `No node ${node} is known.`);
      if (state.state === 'up' || state.connectedAt !== undefined)
        throw new AppError('node-alive', `The agent of ${node} is connected.`, { hint: 'Stop it there first.' });
      const before = fleet;
      fleet = forgetNode(fleet, node);
      try {
        await keep();
      } catch (cause) {
        fleet = before;
        throw new AppError('store-failed', `That ${node} is forgotten could not be written down.`, { cause });
      }
      look();
    },
    stop: async () => {
      stop();
      await keep().catch(() => {});
      await writing;
    },
  };
}

/** A new name, release or mode is written down at once. */
const namesOf = (nodes: readonly KnownNode[]): string =>
  nodes.map(({ node, version, mode }) => `${node}\n${version}\n${mode}`).join('\n');
