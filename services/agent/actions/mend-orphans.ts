import { mendOrphansScript } from '../../faults/scripts.ts';
import type { ActionEvents } from './action-events.ts';
import { runScript, type ScriptEnd } from './run-script.ts';

const mendMs = 60_000;
const idPattern = /^[a-z0-9-]+$/;

/**
 * Mends every fault on this host whose timer, or whose mender, is gone, also where nothing is allowed any more. A timer outlives the agent, but not whatever ends all that an agent has
 * started (a unit that is stopped, a container): then the next start takes the timer's place.
 */
export async function mendOrphans(deps: {
  readonly events: Pick<ActionEvents, 'orphansMended' | 'orphansUnknown'>;
  readonly run?: (script: string, limitMs: number) => Promise<ScriptEnd>;
}): Promise<void> {
  const { events, run = runScript } = deps;
  const { status, output } = await run(mendOrphansScript, mendMs);
  if (status !== 0) return events.orphansUnknown(output);
  const ids = output.split('\n').filter((line) => idPattern.test(line));
  if (ids.length > 0) events.orphansMended(ids);
}
