// A message's story for a terminal: what became of it, the way it went, the lines that prove it. Everything that comes from a
// log passes through terminalSafe; only this file's own words may colour.
import type { StoryDetail, StoryPage } from '../protocol/api.ts';
import type { Completeness } from '../protocol/completeness.ts';
import type { Attempt, Fate, Leg, Recipient, Story, StoryLine } from '../protocol/story.ts';
import { clip, renderTable, type Style, terminalSafe } from './terminal.ts';

/** What is shown of a long story; the rest is counted. `--json` shows all. */
export const renderLimits = { recipients: 50, attemptsPerLeg: 20, lines: 400 } as const;

const alarming = new Set<Fate>(['deferred', 'bounced', 'expired', 'rejected', 'held']);

export function renderStory(detail: StoryDetail, style: Style): string {
  const { story, lines } = detail;
  const parts = [
    renderHead(story, style),
    renderRecipients(story, style),
    `${style.strong('Journey')}\n${renderLegs(story, style)}`,
    `${style.strong('Lines')}\n${renderLines(story, lines, detail.linesOmitted, style)}`,
    renderCompleteness(detail.completeness, style),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Several matches: what they are, and how to come to one. */
export function renderMatches(page: StoryPage, style: Style, widthMax: number): string {
  const rows = page.items.map((item) => [
    timeOf(item.firstSeenAt),
    item.fate,
    item.queueIds[0] ?? item.id,
    item.from ?? '',
    item.to.join(' ') + (item.recipientCount > item.to.length ? ` +${item.recipientCount - item.to.length}` : ''),
    item.reason ?? '',
  ]);
  const titles = ['first seen (UTC)', 'fate', 'queue id', 'from', 'to', 'because'].map((title) => ({ title }));
  const count = page.items.length;
  const more =
    page.nextCursor === undefined
      ? `${count} messages match.`
      : `More than ${count} messages match; these are the newest.`;
  const hint =
    'For one of them give its queue id or message id; narrow the search with from:, to:, fate:, node:, --since or --until.';
  return `${renderTable(titles, rows, widthMax)}\n\n${more} ${hint}\n\n${renderCompleteness(page.completeness, style)}\n`;
}

export function renderCompleteness(completeness: Completeness, style: Style): string {
  const sentence = terminalSafe(completeness.sentence);
  return completeness.complete
    ? style.weak(`The log is complete for this time.`)
    : style.alarm(`The log may not tell all of it: ${sentence}`);
}

function renderHead(story: Story, style: Style): string {
  const facts = [
    story.messageId === undefined ? undefined : `<${story.messageId}>`,
    story.from === undefined ? undefined : `from ${story.from === '' ? '<> (a notice)' : story.from}`,
    story.size === undefined ? undefined : `${story.size} bytes`,
    story.traceId === undefined ? undefined : `trace ${story.traceId}`,
  ];
  const known = facts.filter((fact) => fact !== undefined);
  const head = style.strong(terminalSafe(known.length === 0 ? `Story ${story.id}` : known.join(', ')));
  const links = [
    story.noticeOf === undefined ? undefined : `It is a notice about story ${story.noticeOf}.`,
    story.notices === undefined ? undefined : `Its sender was told in story ${story.notices.join(', ')}.`,
  ].filter((link) => link !== undefined);
  return [head, ...links.map(terminalSafe)].join('\n');
}

function renderRecipients(story: Story, style: Style): string {
  if (story.recipients.length === 0) return `${wholeSentence[story.fate]}`;
  const shown = story.recipients.slice(0, renderLimits.recipients).map((recipient) => {
    const sentence = terminalSafe(recipientSentence(recipient));
    return alarming.has(recipient.fate) ? style.alarm(sentence) : sentence;
  });
  const left = story.recipients.length - shown.length + (story.recipientsOmitted ?? 0);
  return [...shown, ...(left > 0 ? [`${left} more recipients are not shown.`] : [])].join('\n');
}

const wholeSentence: Record<Fate, string> = {
  'in-transit': 'It is on its way; no delivery was tried yet.',
  delivered: 'It was delivered.',
  deferred: 'It waits for another try.',
  bounced: 'It was refused for good.',
  expired: 'It was given up.',
  rejected: 'It was refused before it was taken.',
  discarded: 'It was thrown away.',
  held: 'It waits for an operator.',
};

/** One sentence: what became of the message for this recipient. */
function recipientSentence(recipient: Recipient): string {
  const who = recipient.origTo === undefined ? recipient.to : `${recipient.to} (addressed to ${recipient.origTo})`;
  const at = timeOf(recipient.time);
  const via = recipient.relay === undefined || recipient.relay === 'none' ? '' : ` by ${recipient.relay}`;
  const why = recipient.reason === undefined ? '.' : `: ${recipient.reason}`;
  const tries = recipient.attempts === 1 ? 'one attempt' : `${recipient.attempts} attempts`;
  const script = recipient.sieve === undefined ? '' : ` (sieve ${recipient.sieve})`;
  switch (recipient.fate) {
    case 'delivered':
      return `${who}: delivered${recipient.mailbox === undefined ? via : ` into ${recipient.mailbox}`}${script} at ${at}, after ${tries}.`;
    case 'deferred':
      return `${who}: not delivered yet after ${tries}, the last at ${at}${via}${why}`;
    case 'bounced':
      return `${who}: refused for good${via}${script} at ${at}${why}`;
    case 'expired':
      return `${who}: given up at ${at} after ${tries}${why}`;
    case 'rejected':
      return `${who}: refused before the message was taken, at ${at}${why}`;
    case 'discarded':
      return `${who}: thrown away${script} at ${at}${why}`;
    case 'held':
      return `${who}: held for an operator since ${at}${why}`;
    case 'in-transit':
      return `${who}: on its way since ${at}.`;
  }
}

/** A lane for each leg: who handed it in, each attempt with its delays, when it left. */
function renderLegs(story: Story, style: Style): string {
  return story.legs.map((leg, at) => renderLeg(leg, story.legs[at - 1], style)).join('\n');
}

function renderLeg(leg: Leg, before: Leg | undefined, style: Style): string {
  const sinceMs = before === undefined ? undefined : leg.firstSeenAt - before.firstSeenAt;
  const gap = sinceMs === undefined ? '' : `  ${style.weak(`${sinceMs < 0 ? '' : '+'}${seconds(sinceMs / 1000)}`)}`;
  const client = leg.clientIp === undefined ? '' : ` from ${leg.clientHost ?? 'unknown'}[${leg.clientIp}]`;
  const user = leg.saslUser === undefined ? '' : ` as ${leg.saslUser}`;
  const tls = leg.tlsProtocol === undefined ? '' : `, ${leg.tlsProtocol}`;
  const name = `${leg.node}  ${leg.queueId ?? leg.instance}  ${leg.role}${client}${user}${tls}`;
  const shown = leg.attempts.slice(-renderLimits.attemptsPerLeg);
  const hidden = leg.attempts.length - shown.length + (leg.attemptsOmitted ?? 0);
  const rows = [
    `${timeOf(leg.firstSeenAt)}${gap}  ${style.strong(terminalSafe(name))}`,
    ...(hidden > 0 ? [`  ${hidden} earlier attempts are not shown.`] : []),
    ...shown.map((attempt) => `  ${timeOf(attempt.time)}  ${terminalSafe(attemptText(attempt))}`),
    ...(leg.removedAt === undefined ? [] : [`  ${timeOf(leg.removedAt)}  left the queue`]),
  ];
  return rows.join('\n');
}

function attemptText(attempt: Attempt): string {
  const relay = attempt.relay?.host ?? attempt.relay?.ip;
  const where = relay === undefined || relay === 'none' ? '' : ` via ${relay}`;
  const delays = attempt.delays;
  const times =
    delays === undefined
      ? ''
      : ` [before queue ${seconds(delays.beforeQmgr)}, in queue ${seconds(delays.qmgr)}, connecting ${seconds(delays.connection)}, transmitting ${seconds(delays.transmission)}]`;
  const onward = attempt.nextQueueId === undefined ? '' : ` → ${attempt.nextQueueId}`;
  return `${attempt.to}${where}: ${attempt.status}${onward}${times}`;
}

function renderLines(story: Story, lines: readonly StoryLine[], omitted: number, style: Style): string {
  const shown = lines.slice(0, renderLimits.lines);
  const rows = shown.map((line) => {
    const leg = line.leg === undefined ? undefined : story.legs[line.leg];
    const mark =
      story.legs.length < 2 ? '' : `${style.weak(clip(terminalSafe(leg?.queueId ?? leg?.instance ?? '-'), 16))}  `;
    return `${style.weak(terminalSafe(line.node))}  ${mark}${terminalSafe(line.text)}`;
  });
  const left = lines.length - shown.length + omitted;
  return [...rows, ...(left > 0 ? [`${left} more lines are not shown.`] : [])].join('\n');
}

const timeOf = (time: number): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ');

function seconds(value: number): string {
  const size = Math.abs(value);
  if (size < 120) return `${Number(value.toFixed(size < 10 ? 2 : 0))} s`;
  if (size < 7_200) return `${Math.round(value / 60)} min`;
  return size < 172_800 ? `${(value / 3_600).toFixed(1)} h` : `${(value / 86_400).toFixed(1)} d`;
}
