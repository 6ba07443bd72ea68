// Moves that nobody needed: the owner lives, and another takes its address because adverts were lost or the machine was busy.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { createKeepalived } from './keepalived.ts';
import { createMailward } from './mailward.ts';
import { type ContenderName, createWorld, type World } from './world.ts';

/** Busy loops for each processor: every one of them always has something else to do. */
const loopsEach = 2;
/** Tried from the smallest on. */
const advertsTried = [20, 30, 50, 100] as const;
const lossPercent = 5;
const minuteMs = 60_000;

export type FalseMoves = Record<ContenderName, number>;
type Stage = { readonly advertMs: number; readonly world: World; readonly contenders: readonly Contender[] };

async function setUp(advertMs: number): Promise<Stage> {
  const world = await createWorld();
  const contenders = [await createMailward(world, advertMs), createKeepalived(world, advertMs)];
  await Promise.all(contenders.map((contender) => contender.prepare('host-cut')));
  await Promise.all(contenders.map((contender) => contender.steady()));
  return { advertMs, world, contenders };
}
async function takeDown({ world, contenders }: Stage): Promise<void> {
  for (const contender of contenders) await contender.stop();
  await world.stop();
}
const takingsOf = ({ contenders }: Stage): Promise<readonly (readonly [ContenderName, number])[]> =>
  Promise.all(contenders.map(async (contender) => [contender.name, await contender.takings()] as const));

/** Takings of each contender while `minutes` pass. */
async function countOver(stage: Stage, minutes: number): Promise<FalseMoves> {
  const before = new Map(await takingsOf(stage));
  await pause(minutes * minuteMs);
  const moves: FalseMoves = { mailward: 0, keepalived: 0 };
  for (const [name, takings] of await takingsOf(stage)) moves[name] = takings - (before.get(name) ?? 0);
  return moves;
}

/** Each A for `minutes` of 5 % loss on every way between hosts, all at the same time, each on hosts of its own. */
export async function countUnderLoss(advertsMs: readonly number[], minutes: number) {
  const stages: Stage[] = [];
  try {
    for (const advertMs of advertsMs) stages.push(await setUp(advertMs));
    const found = await Promise.all(
      stages.map(async (stage) => {
        stage.world.lose(lossPercent);
        return { advertMs: stage.advertMs, ...(await countOver(stage, minutes)) };
      }),
    );
    const falseMoves: FalseMoves = { mailward: 0, keepalived: 0 };
    for (const { mailward, keepalived } of found) {
      falseMoves.mailward += mailward;
      falseMoves.keepalived += keepalived;
    }
    return { falseMoves, falseMovesByAdvert: found, isValid: falseMoves.mailward <= falseMoves.keepalived };
  } finally {
    for (const stage of stages) await takeDown(stage);
  }
}

/** The smallest A with which Mailward makes no false move in `minutes` of every processor being busy; null: none of those tried. */
export async function findSmallestAdvert(minutes: number, say: (text: string) => void) {
  const tried: (FalseMoves & { readonly advertMs: number })[] = [];
  for (const advertMs of advertsTried) {
    const stage = await setUp(advertMs);
    const loops = busyLoops();
    try {
      const moves = { advertMs, ...(await countOver(stage, minutes)) };
      tried.push(moves);
      say(`every processor busy for ${minutes} minutes: ${JSON.stringify(moves)}`);
      if (moves.mailward === 0) return { smallestAdvertMs: advertMs, underLoad: tried };
    } finally {
      await Promise.all(loops.map(end));
      await takeDown(stage);
    }
  }
  return { smallestAdvertMs: null, underLoad: tried };
}

/** Each in a session of its own, as work of others is, so that the scheduler does not count them as ours. */
const busyLoops = (): ChildProcess[] =>
  Array.from({ length: loopsEach * availableParallelism() }, () =>
    // It ends with us, however we end.
    spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', 'while :; do :; done'], { detached: true, stdio: 'ignore' }),
  );
async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
