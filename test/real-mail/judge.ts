// Asks Mailward about each message that was sent, and compares the answer with what was planned.
import { type StoryDetail, storyDetailSchema, storyPageSchema } from '../../services/protocol/api.ts';
import type { StorySummary } from '../../services/protocol/story.ts';
import { type Kind, type PlannedMail, queryFor } from './plan.ts';

export type Verdict = {
  readonly messages: number;
  readonly found: number;
  readonly rightFate: number;
  /** Right in everything: fate, mailbox, nodes and queues passed. */
  readonly right: number;
  readonly byFate: Readonly<Partial<Record<Kind, { messages: number; found: number; right: number }>>>;
  /** What is wrong, in words; empty when nothing is. */
  readonly faults: readonly string[];
};

async function readJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Stories that a person would get for a message; the notice about it is another story. */
export async function findStories(url: string, mail: PlannedMail): Promise<StorySummary[]> {
  const page = storyPageSchema.parse(await readJson(`${url}/api/v1/stories?q=${encodeURIComponent(queryFor(mail))}`));
  // An address that was refused is of one message alone here; a list shows only the first addresses of each story.
  if (mail.expected.queueIds === 0) return page.items;
  const bare = mail.messageId.slice(1, -1);
  return page.items.filter(({ messageId }) => messageId === bare || messageId === mail.messageId);
}

/** What is wrong with the story of a message, each point in words. */
export function compare(mail: PlannedMail, detail: StoryDetail): string[] {
  const { expected } = mail;
  const { story, lines } = detail;
  const faults: string[] = [];
  const check = (what: string, is: unknown, shall: unknown) => {
    if (JSON.stringify(is) !== JSON.stringify(shall))
      faults.push(`${what} is ${JSON.stringify(is)}, not ${JSON.stringify(shall)}`);
  };
  const recipient = story.recipients.find(({ to }) => to === mail.to);
  const queueIds = story.legs.flatMap(({ queueId }) => queueId ?? []);
  check('fate', story.fate, expected.fate);
  // Refusals of one connection before any queue id are one story: the log does not tell its transactions apart.
  if (expected.fate !== 'rejected') check('number of recipients', story.recipients.length, 1);
  check('fate of the recipient', recipient?.fate, expected.fate);
  if (expected.mailbox !== undefined) check('mailbox', recipient?.mailbox, expected.mailbox);
  check('nodes', [...new Set(story.legs.map(({ node }) => node))].toSorted(), expected.nodes);
  check('queues passed', new Set(queueIds).size, expected.queueIds);
  if (mail.isFiltered) check('re-injected legs', story.legs.filter(({ role }) => role === 'reinjected').length, 1);
  if (lines.length === 0) faults.push('it has no lines');
  return faults;
}

/** Judges every message; `found` counts those that lead to exactly one story. */
export async function judge(url: string, mails: readonly PlannedMail[]): Promise<Verdict> {
  const byFate: Partial<Record<Kind, { messages: number; found: number; right: number }>> = {};
  const faults: string[] = [];
  let found = 0;
  let rightFate = 0;
  let right = 0;
  for (const mail of mails) {
    const tally = byFate[mail.kind] ?? { messages: 0, found: 0, right: 0 };
    byFate[mail.kind] = tally;
    tally.messages += 1;
    const stories = await findStories(url, mail);
    const [summary] = stories;
    if (summary === undefined || stories.length !== 1) {
      faults.push(`${mail.kind} ${queryFor(mail)}: ${stories.length} stories, not 1`);
      continue;
    }
    found += 1;
    tally.found += 1;
    if (summary.fate === mail.expected.fate) rightFate += 1;
    const detail = storyDetailSchema.parse(await readJson(`${url}/api/v1/stories/${summary.id}`));
    const wrong = compare(mail, detail);
    if (wrong.length === 0) {
      right += 1;
      tally.right += 1;
    } else faults.push(`${mail.kind} ${queryFor(mail)}: ${wrong.join('; ')}`);
  }
  return { messages: mails.length, found, rightFate, right, byFate, faults };
}
