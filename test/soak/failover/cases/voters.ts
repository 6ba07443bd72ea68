// lease.md rule 6: the voter set grows to five and shrinks again, one step at a time, with a minority cut off at each step.
import { until } from '../../../lease/lease-cluster.ts';
import { type CaseOptions, type Expect, type PlayedCase, runCase } from '../case.ts';
import { type Group, live } from '../world.ts';

type Step = { readonly verb: 'add' | 'remove'; readonly voter: number; readonly cut: readonly number[] };
/** `a` and `b` are the voters of the beginning that do not hold. */
const stepsWith = (a: number, b: number): readonly Step[] => [
  { verb: 'add', voter: 4, cut: [b] },
  { verb: 'add', voter: 5, cut: [a] },
  { verb: 'remove', voter: 5, cut: [b, 4] },
  { verb: 'remove', voter: 4, cut: [a] },
];
const changeWithinMs = 20_000;

export const runVoters = (options: CaseOptions): Promise<PlayedCase> =>
  runCase('voters', options, { advertMs: options.advertMs, voters: 3, known: 5 }, async (group, expect) => {
    const { world, say } = options;
    const holder = await group.holder();
    const { epoch } = await holder.status();
    const [a = 0, b = 0] = [1, 2, 3].filter((number) => number !== holder.number);
    const steps = stepsWith(a, b);
    let [refused, madeUnderCut] = [0, 0];
    for (const step of steps) {
      world.cuts.cutOff(step.cut);
      await live(1.2 * group.leaseMs);
      const first = await group.failover(holder, 'voters', step.verb, String(step.voter));
      say(`${step.verb} ${step.voter} while ${step.cut.join(' and ')} cut off: ${first.text}`);
      if (first.isDone) {
        madeUnderCut += 1;
        const next = step.verb === 'add' ? ['remove', String(step.voter)] : ['add', String(step.voter)];
        const early = await group.failover(holder, 'voters', ...next);
        expect(!early.isDone, `the next change was made before every voter had answered: ${early.text}`);
        refused += early.isDone ? 0 : 1;
      } else refused += 1;
      // Longer than a new voter is silent.
      await live(1.5 * group.leaseMs);
      world.cuts.cutOff([]);
      if (!first.isDone) await change(group, step, expect);
      await settled(group);
    }
    expect((await holder.status()).epoch === epoch, 'the owner was elected anew');
    return {
      sentence: `The voters went 3, 4, 5, 4, 3 with a minority cut off at each step: ${madeUnderCut} changes were made under the cut, ${refused} orders refused until they were safe.`,
      ...{ movesMax: 0, figures: { changes: steps.length, madeUnderCut, refused } },
    };
  });

/** Ordered again until it is made: it was refused, and what stood in its way is gone. */
async function change(group: Group, { verb, voter }: Step, expect: Expect): Promise<void> {
  const holder = await group.holder();
  const last = await until(
    `${verb} ${voter} is made`,
    async () => {
      const answer = await group.failover(holder, 'voters', verb, String(voter));
      return answer.isDone ? answer : undefined;
    },
    changeWithinMs,
  ).catch((error: unknown) => ({ isDone: false, text: String(error) }));
  expect(last.isDone, last.text);
}

/** Every voter uses the owner's set, votes, and is heard. */
const settled = (group: Group): Promise<true> =>
  until(
    'every voter has the new set and votes',
    async () => {
      const { set, peers } = await (await group.holder()).status();
      const voters = await Promise.all(set.voters.map((voter) => group.node(voter).status()));
      const isSame = voters.every((voter) => voter.set.version === set.version && voter.vote === 'voting');
      return isSame && peers.every((peer) => peer.hearsUs || !peer.isVoter) ? true : undefined;
    },
    changeWithinMs,
  );
