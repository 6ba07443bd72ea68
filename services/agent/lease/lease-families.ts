// The metrics of the lease process beside the agent, from what it said last. What is not known now is absent.
import type { LeaseGroupStatus } from '../../protocol/lease-status.ts';
import type { LeaseLook } from '../../runtime/lease/lease-watch.ts';
import { type Family, type FamilyType, type Labels, single } from '../metrics/family.ts';

type Row = { readonly labels?: Labels; readonly value: number };

/** Families of one look: `mailward_lease_up` always, the rest while it answers. */
export function leaseFamilies({ status }: LeaseLook): Family[] {
  const up = single(
    'mailward_lease_up',
    'gauge',
    'Whether the lease process of this node answers',
    status === undefined ? 0 : 1,
  );
  if (status === undefined) return [up];
  const family = (
    name: string,
    type: FamilyType,
    help: string,
    read: (group: LeaseGroupStatus) => number | null | readonly Row[],
  ): Family => ({
    ...{ name: `mailward_lease_${name}`, type, help },
    samples: status.groups.flatMap((group) => {
      const value = read(group);
      if (value === null) return [];
      const rows = typeof value === 'number' ? [{ value }] : value;
      return rows.map((row) => ({ labels: { group: group.group, ...row.labels }, value: row.value }));
    }),
  });
  const voting = ({ set, peers, terms }: LeaseGroupStatus) =>
    peers.filter(
      ({ number, isSelf, heardMsAgo }) =>
        set.voters.includes(number) && (isSelf || (heardMsAgo !== null && heardMsAgo <= 2 * terms.advertMs)),
    ).length;
  return [
    up,
    family('owner', 'gauge', 'Whether this node owns the addresses of the group', (group) =>
      Number(group.owner === group.self && group.role !== 'witness'),
    ),
    family('epoch', 'gauge', 'Highest epoch that was won, as far as this node knows', (group) => group.wonEpoch),
    family('deadline_seconds', 'gauge', 'Left of the lease that this node holds', (group) =>
      group.leaseLeftMs === null ? null : group.leaseLeftMs / 1000,
    ),
    family('voters', 'gauge', 'Voters of the group', (group) => group.set.voters.length),
    family('voters_heard', 'gauge', 'Voters that this node heard within two adverts, itself among them', voting),
    family('vote_state', 'gauge', 'Whether this node votes, by the state of its vote', ({ vote }) => [
      { labels: { state: vote }, value: 1 },
    ]),
    family('eligible', 'gauge', 'Whether this node may hold, as far as its health tells', (group) =>
      group.mode === 'witness' ? null : Number(group.isHealthy && !group.isQuarantined),
    ),
    family('priority', 'gauge', 'Effective priority of this node', ({ mode, priority }) =>
      mode === 'witness' ? null : priority,
    ),
    family('guard_open', 'gauge', 'Whether the guard of the addresses is open here', (group) =>
      group.mode === 'witness' ? null : Number(group.guard.openMs !== null),
    ),
    family(
      'guard_refused_total',
      'counter',
      'Guard writes that the kernel refused or that were lost',
      ({ guard }) => guard.refused,
    ),
    family(
      'guard_lost_total',
      'counter',
      "Times that somebody else's change to the guard was found",
      ({ guard }) => guard.lost,
    ),
    family(
      'moves_total',
      'counter',
      'Epochs that were won, by whomever, since the lease process started',
      (group) => group.movesSeen,
    ),
    family('damping_moves', 'gauge', 'Moves within the window of damping', ({ damping }) => damping.moves),
    family('alarms', 'gauge', 'Alarms of the group that stand', ({ alarms }) => alarms.length),
    family('rtt_seconds', 'gauge', 'Round trip to the other voters, as measured last', ({ peers }) =>
      peers.flatMap(({ node, rttMs }) => (rttMs === null ? [] : [{ labels: { node }, value: rttMs / 1000 }])),
    ),
    family('datagrams_total', 'counter', 'Datagrams of the group, by what became of them', ({ datagrams }) =>
      Object.entries(datagrams).map(([result, value]) => ({ labels: { result }, value })),
    ),
  ];
}
