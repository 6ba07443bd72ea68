// What the lease process says, for a person at a terminal.
import type {
  LeaseGroupStatus,
  LeaseHistoryEntry,
  LeaseReason,
  LeaseStatus,
  Preflight,
} from '../protocol/lease-status.ts';
import { renderTable, type Style, terminalSafe } from './terminal.ts';

const numberColumn = (title: string) => ({ title, align: 'right' as const });
const ms = (value: number | null): string => (value === null ? '-' : `${Math.round(value)} ms`);
const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
const clockTime = (time: number): string => new Date(time).toISOString().slice(0, 23).replace('T', ' ');

/** One block a group: the owner, why, the guard, the voters. */
export function renderLeaseStatus(status: LeaseStatus, style: Style): string {
  return `${status.groups.map((group) => renderGroup(group, style)).join('\n\n')}\n`;
}

function renderGroup(group: LeaseGroupStatus, style: Style): string {
  const owner = group.owner === null ? 'nobody known' : (group.ownerNode ?? String(group.owner));
  const paint = group.owner === null ? style.alarm : style.strong;
  const { guard, set, terms } = group;
  const open = guard.openMs === null ? 'closed' : `open for ${ms(guard.openMs)}`;
  const facts: [string, string][] = [
    ['addresses', group.addresses.join(', ') || '-'],
    ['mode', group.mode],
    [
      'here',
      `${group.role}, vote: ${group.vote}, priority ${group.priority}${group.isQuarantined ? ', quarantined' : ''}`,
    ],
    ['lease', group.leaseLeftMs === null ? 'none held here' : `epoch ${group.epoch}, ${ms(group.leaseLeftMs)} left`],
    ['guard', `${guard.kind}, ${open}, ${guard.refused} lines refused, rules lost ${guard.lost} times`],
    ['terms', `A ${ms(terms.advertMs)}, T ${ms(set.leaseMs)}, T_h ${ms(terms.holdMs)}, voter set ${set.version}`],
    ['bounds', `cold start ${ms(group.coldStartMs)}, one owner after any healing ${ms(group.healMs)}`],
  ];
  for (const service of group.services)
    facts.push(['service', `${service.name} ${service.isUp ? 'runs' : 'FAILS'}: ${service.why}`]);
  const voters = renderTable(
    [
      ...[numberColumn('no'), { title: 'node' }, { title: 'votes' }, { title: 'heard' }, { title: 'hears us' }],
      ...[numberColumn('priority'), { title: 'fit' }, numberColumn('round trip')],
    ],
    group.peers.map((peer) => [
      ...[String(peer.number), `${peer.node}${peer.isSelf ? ' (here)' : ''}${peer.isWitness ? ' (witness)' : ''}`],
      ...[yesNo(peer.isVoter), peer.isSelf ? '-' : peer.heardMsAgo === null ? 'never' : `${ms(peer.heardMsAgo)} ago`],
      ...[
        peer.isSelf ? '-' : yesNo(peer.hearsUs),
        String(peer.priority),
        peer.isWitness ? '-' : yesNo(peer.isEligible),
      ],
      peer.rttMs === null ? '-' : `${peer.rttMs.toFixed(1)} ms`,
    ]),
  );
  const widest = Math.max(...facts.map(([name]) => name.length));
  return [
    paint(terminalSafe(`${group.group}: owned by ${owner}`)),
    ...group.why.map((sentence) => `  ${terminalSafe(sentence)}`),
    ...facts.map(([name, fact]) => `  ${style.weak(name.padEnd(widest))}  ${terminalSafe(fact)}`),
    ...voters.split('\n').map((line) => `  ${line}`),
  ].join('\n');
}

export function renderKeys({ group, peers }: LeaseGroupStatus): string {
  const rows = peers.map((peer) => [
    ...[String(peer.number), `${peer.node}${peer.isSelf ? ' (here)' : ''}`, yesNo(peer.isVoter)],
    peer.keyIds.length === 0 ? 'not heard' : peer.keyIds.join(', '),
  ]);
  const columns = [numberColumn('no'), { title: 'node' }, { title: 'votes' }, { title: 'accepts keys' }];
  return `${terminalSafe(group)}\n${renderTable(columns, rows)}\n`;
}

export function renderExplanation(group: string, why: readonly string[], reasons: readonly LeaseReason[]): string {
  const rows = reasons.map((reason) => [
    ...[clockTime(reason.time), reason.region, reason.event, String(reason.count), reason.sentence],
  ]);
  const columns = [{ title: 'last' }, { title: 'part' }, { title: 'event' }, numberColumn('times'), { title: 'why' }];
  return `${[terminalSafe(group), ...why.map((sentence) => `  ${terminalSafe(sentence)}`)].join('\n')}\n\n${renderTable(columns, rows)}\n`;
}

export function renderHistory(entries: readonly LeaseHistoryEntry[]): string {
  if (entries.length === 0) return 'Nothing has happened since the process started.\n';
  const rows = entries.map((entry) => [
    ...[clockTime(entry.time), entry.role, entry.vote, entry.epoch === 0 ? '-' : String(entry.epoch), entry.sentence],
  ]);
  const columns = [{ title: 'time' }, { title: 'member' }, { title: 'voter' }, numberColumn('epoch'), { title: 'why' }];
  return `${renderTable(columns, rows)}\n`;
}

export function renderPreflight(preflight: Preflight, style: Style): string {
  const checks = preflight.checks.map(({ name, grade, sentence }) => {
    const word = grade.padEnd(7);
    return `  ${grade === 'fault' ? style.alarm(word) : word}  ${terminalSafe(`${name}: ${sentence}`)}`;
  });
  const cuts = preflight.cuts.map(({ cut, outcome }) => [`when ${cut}`, outcome]);
  return `${style.strong(terminalSafe(preflight.group))}\n${checks.join('\n')}\n\n${renderTable([{ title: 'cut' }, { title: 'what it does' }], cuts)}\n`;
}
