// The first state of the voters of a new group. Without it a voter must believe that it lost what it knew: it is silent until a
// majority tells it how high ballots have risen, and in a new group nobody could.
import type { LeaseConfig } from '../protocol/lease-config.ts';
import { writeFirstVoterFile } from './state/voter-file.ts';
import { configuredSetOf } from './terms-of-group.ts';

/** Makes the state of every group of the file; throws `bad-config` and changes nothing of a group that has state here. */
export async function initVoters(config: LeaseConfig): Promise<void> {
  for (const group of config.groups) {
    const own = group.voters.find((voter) => voter.node === config.node);
    if (own === undefined) continue;
    const owner = { incarnation: group.incarnation, voter: own.number };
    await writeFirstVoterFile(config.stateDir, group.name, owner, {
      ...{ set: configuredSetOf(group), ceiling: 0, wonEpoch: 0, holderPosition: null },
      ...{ isQuarantined: false, mustLearn: false },
    });
  }
}
