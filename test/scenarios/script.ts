// Text scripts over the simulated world: a command, `----`, the trace it must give. A block of text ends with an empty line.
import type { Decide } from '../../services/failover/lease/decide.ts';
import type { ShellEvent } from '../../services/failover/lease/events.ts';
import { leaseRows } from '../../services/failover/lease/table.ts';
import type { LeasePolicy } from '../../services/failover/lease/terms.ts';
import { calmGroup, cut, cutBoth, tell } from '../simulation/calm-group.ts';
import { pauseProcess } from '../simulation/effects.ts';
import { boot, freeze, powerOff } from '../simulation/machine.ts';
import { clone, keepSilenced } from '../simulation/memory.ts';
import type { SimNode } from '../simulation/node.ts';
import { isOpen, localAt, setRate } from '../simulation/node.ts';
import { startProcess } from '../simulation/process.ts';
import { runSeed, soundSubject } from '../simulation/schedule.ts';
import { runUntil } from '../simulation/world.ts';
import type { World } from '../simulation/world-state.ts';
import { advertTicks } from '../simulation/world-state.ts';

const A = advertTicks;
/** Rows of a calm group; a script that wants to see them says `verbose`. */
const routineEvents = new Set([
  'renew',
  'renewAnswer',
  'renewDue',
  'armed',
  'fired',
  'guardDue',
  'persisted',
  'ceilingDue',
]);
const routine = new Set(
  leaseRows
    .filter((row) => row.event !== 'closed' && routineEvents.has(row.event) && isQuiet(row.id))
    .map((row) => row.sentence),
);
function isQuiet(id: string): boolean {
  return !/isLaterEpoch|isNextSet|isRemoved|isUnfit|mayBePreempted|mustCloseNow|renew always|isStray/.test(id);
}

export type ScriptRun = { readonly text: string; readonly rowsTaken: ReadonlySet<string> };

/** Runs every command of a script and puts its trace below it, in place of the trace that stands there. */
export function runScript(script: string): ScriptRun {
  const rowsTaken = new Set<string>();
  const session: Session = { world: undefined, lines: [], isVerbose: false, rowsTaken };
  const parts: string[] = [];
  for (const block of script.split(/\n{2,}/)) {
    const [command = ''] = block.split('\n----');
    const orders = command.split('\n').filter((line) => line.trim() !== '');
    if (orders.length === 0) continue;
    const isComment = orders.every((line) => line.startsWith('#'));
    session.lines = [];
    for (const order of orders) if (!order.startsWith('#')) obey(session, order.trim());
    const trace = session.lines.length === 0 ? 'nothing to tell' : session.lines.join('\n');
    parts.push(isComment ? orders.join('\n') : `${orders.join('\n')}\n----\n${trace}`);
  }
  noteRows(session);
  return { text: `${parts.join('\n\n')}\n`, rowsTaken };
}

type Session = { world: World | undefined; lines: string[]; isVerbose: boolean; readonly rowsTaken: Set<string> };

function noteRows({ world, rowsTaken }: Session): void {
  for (const row of leaseRows) if (world !== undefined && (world.rowTimes[row.place] ?? -1) >= 0) rowsTaken.add(row.id);
}

function obey(session: Session, order: string): void {
  const [verb = '', ...words] = order.split(/\s+/);
  const say = (line: string): void => {
    const isRoutine =
      / kernel (arm|fire) .*: done$/.test(line) || [...routine].some((sentence) => line.endsWith(sentence));
    if (session.isVerbose || !isRoutine) session.lines.push(line);
  };
  if (verb === 'verbose') {
    session.isVerbose = true;
    return;
  }
  if (verb === 'group') {
    noteRows(session);
    session.world = groupOf(words);
    session.world.trace = say;
    session.lines.push(...stateOf(session.world));
    return;
  }
  if (verb === 'seed') {
    noteRows(session);
    session.lines.push(...rowInSeed(session, Number(words[0]), words.slice(1).join(' ')));
    return;
  }
  const { world } = session;
  if (world === undefined) throw new Error(`"${order}" before "group"`);
  if (verb === 'state') session.lines.push(...stateOf(world));
  else act(world, verb, words, order);
}

/** Where a schedule of the simulation first takes a row, for rows that only odd timing leads to. */
function rowInSeed({ rowsTaken }: Session, seed: number, id: string): string[] {
  const found: string[] = [];
  const decide: Decide = (state, input) => {
    const decision = soundSubject.decide(state, input);
    const row = found.length === 0 ? decision.reasons.find((candidate) => candidate.id === id) : undefined;
    if (row !== undefined) found.push(`n${state.self} ${state.role} → ${decision.state.role}: ${row.sentence}`);
    return decision;
  };
  runSeed(seed, { ...soundSubject, decide });
  if (found.length > 0) rowsTaken.add(id);
  return found;
}

function groupOf(words: readonly string[]): World {
  const given = new Map(words.map((word) => word.split('=') as [string, string | undefined]));
  const policy: { -readonly [Key in keyof LeasePolicy]?: LeasePolicy[Key] } = {};
  if (given.has('static')) policy.noMajority = 'fail-static';
  if (given.has('preempts')) policy.preempts = true;
  if (given.has('lagMax')) policy.lagMax = Number(given.get('lagMax'));
  if (given.has('arm')) policy.armMs = Number(given.get('arm')) * A;
  const priorities = given.get('priorities');
  return calmGroup(soundSubject, {
    seed: Number(given.get('seed') ?? 1),
    voters: Number(given.get('voters') ?? 3),
    spares: Number(given.get('spares') ?? 0),
    witness: given.has('witness'),
    policy,
    ...(priorities === undefined ? {} : { priorities: priorities.split(',').map(Number) }),
  });
}

function stateOf(world: World): string[] {
  return world.nodes.map((node) => {
    const state = node.process?.state;
    const is = state === undefined ? (node.isUp ? 'no process' : 'off') : `${state.role}, ${state.vote}`;
    const rest = isOpen(node, world.time)
      ? `, open for ${((node.kernel.leaseUntil - localAt(node, world.time)) / A).toFixed(2)} A`
      : '';
    return `  n${node.id} ${is}${rest}`;
  });
}

const numbers = (word: string | undefined): number[] => (word ?? '').split(',').map(Number);

function act(world: World, verb: string, words: readonly string[], order: string): void {
  const [first, second] = words;
  const node = world.nodes[Number(first) - 1];
  const ms = Math.round(Number(second) * A);
  const has = (word: string): boolean => words.includes(word);
  const value = (name: string, otherwise: number): number =>
    Number(words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? otherwise);
  const event = (shellEvent: ShellEvent): void => tell(world, Number(first), shellEvent);
  const withNode = (run: (target: SimNode) => void): void => {
    if (node === undefined) throw new Error(`no node in "${order}"`);
    run(node);
  };
  switch (verb) {
    case 'run':
      runUntil(world, world.time + Math.round(Number(first) * A));
      return;
    case 'cut':
      cutBoth(world, numbers(first), numbers(second));
      return;
    case 'cut-to':
      cut(world, numbers(first), numbers(second));
      return;
    case 'heal':
      world.network.cuts.fill(0);
      Object.assign(world.network, { lossPercent: 0, delayLow: 40, delayHigh: 160 });
      return;
    case 'delay':
      Object.assign(world.network, {
        delayLow: Math.round(Number(first) * A),
        delayHigh: Math.round(Number(second) * A),
      });
      return;
    case 'hand-over':
      event({ kind: 'handOver', heir: value('heir', 0) });
      return;
    case 'health':
      event({
        kind: 'health',
        priority: value('priority', node?.priority ?? 0),
        isHealthy: !has('unfit'),
        mayAct: !has('unable'),
        isLinkUp: !has('link-down'),
        position: has('unknown') ? null : value('position', 0),
      });
      return;
    case 'quarantine':
      event({ kind: 'quarantine', isOn: second === 'on' });
      return;
    case 'voters':
      event({ kind: 'changeVoters', voters: numbers(second) });
      return;
    case 'retime':
      event({ kind: 'retime', leaseMs: ms });
      return;
    case 'restart':
      withNode((target) => {
        if (target.process !== undefined) target.process.child.owner = undefined;
        target.process = undefined;
        runUntil(world, world.time + ms);
        startProcess(world, target);
      });
      return;
    case 'restart-asleep':
      withNode((target) => {
        if (target.process !== undefined) target.process.child.owner = undefined;
        target.process = undefined;
        freeze(world, target, ms, true, true);
        runUntil(world, world.time + ms);
        startProcess(world, target);
      });
      return;
    case 'off':
      withNode(powerOff);
      return;
    case 'boot':
      withNode((target) => boot(world, target));
      return;
    case 'wipe':
      withNode((target) => {
        powerOff(target);
        target.durable = undefined;
      });
      return;
    case 'pause':
      withNode((target) => target.process && pauseProcess(world, target.process, ms));
      return;
    case 'pause-nft':
      withNode((target) => target.process && Object.assign(target.process.child, { pausedUntil: world.time + ms }));
      return;
    case 'freeze':
      withNode((target) => freeze(world, target, ms, false, true));
      return;
    case 'sleep':
      withNode((target) => freeze(world, target, ms, true, true));
      return;
    case 'rate':
      withNode((target) => setRate(target, world.time, Number(second)));
      return;
    case 'flush':
      withNode((target) => {
        Object.assign(target.kernel, { isLoaded: false, leaseUntil: 0, worstUntil: 0, arms: [] });
        event({ kind: 'guardLost' });
      });
      return;
    case 'clone':
      withNode((target) => clone(world, target, 1000 * A));
      return;
    case 'end-clone':
      for (const twin of world.clones) powerOff(twin);
      return;
    case 'keep':
      withNode((target) => keepSilenced(world, target, second === 'boot'));
      return;
    case 'wall':
      withNode((target) => Object.assign(target.clock, { wallOffset: ms }));
      return;
    default:
      throw new Error(`what is "${order}"?`);
  }
}
