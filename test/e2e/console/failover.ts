// Lease groups for the console's tests, folded and encoded as control does it: one that is well, one without a majority, one
// whose voters fell silent.
import { z } from 'zod';
import { emptyFailover, foldFailover } from '../../../services/fleet/failover.ts';
import { movesOf } from '../../../services/fleet/failover-moves.ts';
import { readFailover } from '../../../services/fleet/failover-view.ts';
import {
  failoverGroupsSchema,
  failoverHistorySchema,
  failoverLimits,
  failoverPreflightSchema,
  type ToldEntry,
} from '../../../services/protocol/failover.ts';
import type { LeaseGroupStatus } from '../../../services/protocol/lease-status.ts';
import type {
  FailoverGroupsWire,
  FailoverHistoryWire,
  FailoverPreflightWire,
} from '../../../services/protocol/wire.ts';

const staleAfterMs = 10_000;
const epochAt = (time: number, number: number): number => time * 256 + number;
const hostile = '<img src=x onerror=alert(1)>\u202Eevil';

type Draft = {
  readonly group: string;
  readonly id: string;
  readonly addresses: readonly string[];
  /** Nodes in the order of their numbers; the last is the witness. */
  readonly nodes: readonly string[];
  readonly owner: string | null;
  readonly epoch: number;
};

function statusOf(draft: Draft, node: string, change: Partial<LeaseGroupStatus> = {}): LeaseGroupStatus {
  const self = draft.nodes.indexOf(node) + 1;
  const isOwner = draft.owner === node;
  const isWitness = self === draft.nodes.length;
  const ownerNumber = draft.owner === null ? null : draft.nodes.indexOf(draft.owner) + 1;
  return {
    ...{ group: draft.group, incarnation: draft.id, mode: isWitness ? 'witness' : 'active', self },
    ...{ role: isOwner ? 'holding' : isWitness ? 'witness' : 'out', vote: 'voting' },
    ...{ owner: ownerNumber, ownerNode: draft.owner, epoch: isOwner ? draft.epoch : 0, wonEpoch: draft.epoch },
    ...{ leaseLeftMs: isOwner ? 1480 : null, priority: isWitness ? 0 : 210 - 10 * self, isHealthy: !isWitness },
    ...{ isQuarantined: false, position: null },
    set: { version: 3, voters: draft.nodes.map((_, at) => at + 1), leaseMs: 3125, leaseMsMax: 3125 },
    terms: { advertMs: 1000, freezeMs: 500, rttMs: 20, holdMs: 2000 },
    ...{ coldStartMs: 4300, healMs: 9800 },
    peers: draft.nodes.map((peer, at) => ({
      ...{ number: at + 1, node: peer, endpoint: `192.0.2.${11 + at} ${at + 1 === draft.nodes.length ? 7402 : 7401}` },
      ...{ isSelf: peer === node, isWitness: at + 1 === draft.nodes.length, isVoter: true, heardMsAgo: 400 },
      ...{ hearsUs: true, priority: 200, isEligible: true, rttMs: 1.2, keyIds: [1], site: at === 0 ? 'Bonn' : 'Köln' },
    })),
    addresses: [...draft.addresses],
    guard: {
      kind: isWitness ? 'none' : 'kernel',
      state: 'idle',
      openMs: isOwner ? 1900 : null,
      refused: 0,
      lost: 0,
      faults: [],
    },
    services: isWitness ? [] : [{ name: 'postfix', isUp: true, why: 'postfix runs.', sinceMs: 9e6 }],
    datagrams: { taken: 4000, forged: 0, repeated: 0, malformed: 0, challenged: 2, otherKey: 0, otherVersion: 0 },
    ...{ damping: { moves: 2, budget: 4, windowMs: 3_600_000 }, movesSeen: 3, historyNumber: 12, alarms: [] },
    why: isOwner
      ? [
          `This member owns the addresses, under epoch ${draft.epoch}.`,
          'A majority answered: the lease runs T_h from when it was asked.',
          'Renewed the lease of its holder for T from now.',
        ]
      : ['No owner is known here: no lease was granted by this voter, or it has ended.'],
    ...change,
  };
}

const failingService = { name: 'dovecot', isUp: false, why: 'dovecot: process 4711 is gone.', sinceMs: 40_000 };

export function failoverGroups(now: number, isEmpty: boolean): FailoverGroupsWire {
  let failover = emptyFailover;
  const hear = (draft: Draft, node: string, at: number, change: Partial<LeaseGroupStatus> = {}) => {
    const status = { node, now: at, startedAt: at - 9e6, version: '0.1.0', groups: [statusOf(draft, node, change)] };
    failover = foldFailover(failover, { kind: 'status', at, node, status }, failoverLimits);
  };
  if (!isEmpty) {
    const mail: Draft = {
      ...{ group: 'mail', id: '4a6f1f0e-7b1c-4d56-9d3b-0d9b3c1c2f10', owner: 'mx2' },
      ...{ addresses: ['192.0.2.100/24 eth0', '2001:db8::100/64 eth0'], nodes: ['mx1', 'mx2', 'mx3', 'control'] },
      epoch: epochAt(now - 5 * 3_600_000, 2),
    };
    hear(mail, 'mx1', now - 700, { isHealthy: false, services: [failingService], isQuarantined: true });
    for (const node of ['mx2', 'control']) hear(mail, node, now - 900);
    hear(mail, 'mx3', now - 400);
    const relay: Draft = {
      ...{ group: 'relay', id: '5b7e2a1f-8c2d-4e67-8e4c-1eac4d2d3021', owner: null, epoch: epochAt(now - 9e7, 1) },
      ...{ addresses: ['192.0.2.120/24 eth0'], nodes: ['relay1', hostile, 'relay3'] },
    };
    hear(relay, 'relay1', now - 600);
    hear(relay, hostile, now - 8 * 60_000);
    const old: Draft = {
      ...mail,
      group: 'webmail',
      id: '6c8f3b20-9d3e-4f78-9f5d-2fbd5e3e4132',
      nodes: ['web1', 'web2', 'web3'],
      owner: 'web1',
    };
    for (const node of old.nodes) hear(old, node, now - 3_600_000);
  }
  const groups = readFailover(failover, now, { staleAfterMs });
  return z.encode(failoverGroupsSchema, { now, groups });
}

export function failoverHistory(id: string, now: number): FailoverHistoryWire {
  const startedAt = now - 40 * 86_400_000;
  const entries: ToldEntry[] = [];
  const numbers = new Map<string, number>();
  const tell = (node: string, time: number, role: string, epoch: number, event: string, sentence: string) => {
    const number = (numbers.get(node) ?? 0) + 1;
    numbers.set(node, number);
    entries.push({ number, time, region: 'role', event, sentence, role, vote: 'voting', epoch, node, startedAt });
  };
  const won = 'A majority granted the lease: the ballot is won and is the epoch.';
  const tenures = [
    ['mx1', 96, 50.2, 'It is unfit, and another member is fit: it hands over.'],
    ['mx2', 50.2, 49.9, 'Told to hand over: the guard closes first.'],
    ['mx1', 49.9, 5, undefined],
    ['mx2', 5, undefined, undefined],
  ] as const;
  for (const [node, beganHoursAgo, endedHoursAgo, why] of tenures) {
    const at = now - beganHoursAgo * 3_600_000 + 340;
    tell(node, at, 'holding', epochAt(at, node === 'mx1' ? 1 : 2), 'proposeAnswer', won);
    if (why === undefined || endedHoursAgo === undefined) continue;
    const end = now - endedHoursAgo * 3_600_000;
    tell(node, end - 4, 'resigning', 0, 'health', why);
    tell(node, end, 'out', 0, 'closed', 'The guard is closed and the lease forgotten: it resigns.');
  }
  const told = id.startsWith('4a6f') ? [...entries].reverse() : [];
  return z.encode(failoverHistorySchema, { id, group: 'mail', now, moves: movesOf(told), entries: told });
}

export function failoverPreflight(id: string, now: number): FailoverPreflightWire {
  const good = (name: string, sentence: string) => ({ name, grade: 'good' as const, sentence });
  const preflight = (node: string, more: { name: string; grade: 'warning' | 'fault'; sentence: string }[]) => ({
    ...{ group: 'mail', now, roundTripMs: 1.4 },
    checks: [
      good('contact with mx1', 'mx1 answers.'),
      good('round trip', 'The slowest round trip that may be needed is 1.4 ms (p99); A is 1000 ms.'),
      good('clock source', `The clock source of ${node} is tsc.`),
      ...more,
    ],
    cuts: [
      { cut: 'the owner is lost', outcome: 'another member takes over within about 4125 ms' },
      { cut: 'another voter is lost', outcome: 'nothing changes' },
    ],
  });
  return z.encode(failoverPreflightSchema, {
    ...{ id, group: 'mail', now },
    answers: [
      {
        node: 'mx1',
        preflight: preflight('mx1', [
          {
            name: 'shared hypervisor',
            grade: 'warning',
            sentence: 'mx2, mx3 share the hypervisor h1: lose it, and no majority is left.',
          },
        ]),
        silence: '',
      },
      { node: 'mx2', preflight: preflight('mx2', []), silence: '' },
      {
        node: 'mx3',
        preflight: preflight('mx3', [
          {
            name: 'other owners',
            grade: 'fault',
            sentence: '192.0.2.100 is also set by netplan in /etc/netplan/01.yaml: take it out there.',
          },
        ]),
        silence: '',
      },
      { node: 'control', preflight: null, silence: 'The agent of control is not connected.' },
    ],
  });
}
