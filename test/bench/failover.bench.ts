// How long a client waits for its address after a fault on the owner's host: Mailward beside keepalived, on the same hosts, in the same
// run, asked by the same prober. Needs root, nftables and keepalived.
//   --parts smallest,loss,cases,overlap   which parts to run, all unless given
//   --advert-ms A                         one A; else 1 s, 100 ms and the smallest that holds while every processor is busy
//   --cases a,b --repetitions N           which faults, and how often each (20)
//   --load-minutes M --loss-minutes M     how long false moves are counted (10)
//   --overlap …                           the overlap alone, with switches of its own
import { parseArgs } from 'node:util';
import { createRandom } from '../../services/demo/random.ts';
import { type Fault, faults } from './failover/contender.ts';
import { countUnderLoss, findSmallestAdvert } from './failover/false-moves.ts';
import { createKeepalived } from './failover/keepalived.ts';
import { createMailward } from './failover/mailward.ts';
import { runOverlap } from './failover/overlap.ts';
import { type CaseResult, runCase } from './failover/repeat.ts';
import { createWorld } from './failover/world.ts';

const seed = 20_261_122;
const advertsMs = [1000, 100] as const;
/** Where no search was made, or nothing of what it tried held. */
const smallestUnlessFound = 20;
const partNames = ['smallest', 'loss', 'cases', 'overlap'] as const;

/** Throws for an unknown part or case. A case that cannot be measured is told under `failed`, and the others are measured. */
export async function run(args: readonly string[]): Promise<object> {
  if (args.includes('--overlap')) return runOverlap(args);
  const text = { type: 'string' } as const;
  const options = {
    json: { type: 'boolean' },
    ...{ 'advert-ms': text, repetitions: text, cases: text, parts: text },
    ...{ 'loss-minutes': text, 'load-minutes': text },
  } as const;
  const { values } = parseArgs({ args: [...args], options, strict: true });
  const parts = values.parts === undefined ? partNames : chosenOf(partNames, values.parts);
  const chosen = values.cases === undefined ? faults : chosenOf(faults, values.cases);
  const repetitions = Number(values.repetitions ?? 20);

  const smallest =
    parts.includes('smallest') && values['advert-ms'] === undefined
      ? await findSmallestAdvert(Number(values['load-minutes'] ?? 10), say)
      : { smallestAdvertMs: null };
  const adverts =
    values['advert-ms'] === undefined
      ? [...advertsMs, smallest.smallestAdvertMs ?? smallestUnlessFound]
      : [Number(values['advert-ms'])];
  const distinct = [...new Set(adverts)];
  const loss = parts.includes('loss') ? await countUnderLoss(distinct, Number(values['loss-minutes'] ?? 10)) : {};
  const cases = parts.includes('cases') ? await measure(distinct, chosen, repetitions) : {};
  // The overlap measurement names its own A.
  const { advertMs: overlapAdvertMs, ...overlap } = parts.includes('overlap')
    ? await runOverlap([])
    : { advertMs: null, overlapMs: null };
  return { ...overlap, overlapAdvertMs, ...loss, ...smallest, ...cases };
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function measure(adverts: readonly number[], chosen: readonly Fault[], repetitions: number) {
  const cases: CaseResult[] = [];
  const failed: { fault: Fault; advertMs: number; why: string }[] = [];
  const world = await createWorld();
  try {
    for (const advertMs of adverts) {
      const mailward = await createMailward(world, advertMs);
      const keepalived = createKeepalived(world, advertMs);
      try {
        for (const fault of chosen) {
          const options = { fault, advertMs, repetitions, random: createRandom(seed), say };
          try {
            cases.push(await runCase(world, [mailward, keepalived], options));
          } catch (error) {
            failed.push({ fault, advertMs, why: String(error) });
            say(`${fault} at A = ${advertMs} ms was not measured: ${error}`);
          }
        }
      } finally {
        try {
          await mailward.stop();
        } finally {
          await keepalived.stop();
        }
      }
    }
  } finally {
    await world.stop();
  }
  return { cases, failed };
}

function chosenOf<Name extends string>(names: readonly Name[], list: string): Name[] {
  return list.split(',').map((wanted) => {
    const found = names.find((name) => name === wanted);
    if (found === undefined) throw new RangeError(`nothing is named ${wanted}; there are ${names.join(', ')}`);
    return found;
  });
}
