import { emptyFleet, type FleetPolicy, type FleetReport, fold, readFleet } from '../fleet/fleet.ts';
import type { NodeState } from '../protocol/live.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ControlEvents } from './events.ts';

export type FleetKeeper = {
  readonly report: (report: FleetReport) => void;
  readonly readNodes: () => NodeState[];
  readonly stop: () => void;
};

const lookEveryMs = 1000;

/** Holds the fleet, folds reports into it, and tells `onChange` when a node's state or the reason for it is another. */
export function createFleetKeeper(
  policy: FleetPolicy,
  deps: {
    readonly clock: Clock;
    readonly events: ControlEvents;
    readonly onChange: (states: readonly NodeState[]) => void;
  },
): FleetKeeper {
  const { clock, events, onChange } = deps;
  let fleet = emptyFleet;
  let told = new Map<string, string>();
  const readNodes = () => readFleet(fleet, clock.now(), policy);

  function look(): void {
    const states = readNodes();
    events.fleetObserved(states);
    const seen = new Map(states.map((state) => [state.node, `${state.state} ${state.reason?.code}`]));
    const changed = states.filter((state) => told.get(state.node) !== seen.get(state.node));
    const gone = told.size > seen.size;
    told = seen;
    if (changed.length > 0) events.nodesChanged(changed);
    if (changed.length > 0 || gone) onChange(states);
  }

  const stop = clock.every(lookEveryMs, look);
  return {
    report: (report) => {
      fleet = fold(fleet, report);
      // Batches and heartbeats come many times a second; what they change is soon enough at the next look.
      if (report.kind === 'hello' || report.kind === 'disconnect') look();
    },
    readNodes,
    stop,
  };
}
