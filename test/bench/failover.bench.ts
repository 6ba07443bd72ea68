// How long a client waits for its address after a fault on the owner's host: Mailward beside keepalived, on the same hosts, in the same
// run, asked by the same prober. Needs root, nftables and keepalived.
import { parseArgs } from 'node:util';
import { createRandom } from '../../services/demo/random.ts';
import { type Fault, faults } from './failover/contender.ts';
import { createKeepalived } from './failover/keepalived.ts';
import { createMailward } from './failover/mailward.ts';
import { runOverlap } from './failover/overlap.ts';
import { runCase } from './failover/repeat.ts';
import { createWorld } from './failover/world.ts';

const seed = 20_261_122;
const advertsMs = [1000, 100, 20] as const;

export async function run(args: readonly string[]): Promise<object> {
  if (args.includes('--overlap')) return runOverlap(args);
  const text = { type: 'string' } as const;
  const options = { json: { type: 'boolean' }, 'advert-ms': text, repetitions: text, cases: text } as const;
  const { values } = parseArgs({ args: [...args], options, strict: true });
  const adverts = values['advert-ms'] === undefined ? advertsMs : [Number(values['advert-ms'])];
  const chosen = values.cases === undefined ? faults : values.cases.split(',').map(faultOf);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const world = await createWorld();
  try {
    const cases = [];
    for (const advertMs of adverts) {
      const mailward = await createMailward(world, advertMs);
      const keepalived = createKeepalived(world, advertMs);
      try {
        for (const fault of chosen)
          cases.push(
            await runCase(world, [mailward, keepalived], {
              ...{ fault, advertMs, repetitions: Number(values.repetitions ?? 20), random: createRandom(seed), say },
            }),
          );
      } finally {
        await mailward.stop();
        await keepalived.stop();
      }
    }
    return { cases };
  } finally {
    await world.stop();
  }
}

function faultOf(name: string): Fault {
  const fault = faults.find((each) => each === name);
  if (fault === undefined) throw new RangeError(`no case is named ${name}; there are ${faults.join(', ')}`);
  return fault;
}
