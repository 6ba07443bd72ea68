import { z } from 'zod';
import { faultChecks } from '../../faults/fault.ts';
import type { Clock } from '../../runtime/clock.ts';
import { countByPop3, describeFailure, sendMail, withImap } from './lab-mail.ts';

// One thing a user or a peer does, from inside the client host, as a finding in plain words.

const soonMs = 5000;
const lookEveryMs = 150;
const quietMs = 3000;
/** More than any delivery in a healthy lab takes. */
const timeOffMsMax = 60_000;

export const userCheckTaskSchema = z.object({
  check: z.enum(faultChecks),
  /** Full name of the mail host that is asked. */
  host: z.string(),
  mailbox: z.string(),
  /** A mailbox that nobody writes to. */
  quietMailbox: z.string(),
  /** Full name of the other holder of the mailbox, where there is one. */
  peer: z.string().optional(),
  messageId: z.string(),
  /** Where an outbound message goes. */
  remote: z.string(),
});
export type UserCheckTask = z.infer<typeof userCheckTaskSchema>;
export const userFindingSchema = z.object({ ok: z.boolean(), detail: z.string() });
export type UserFinding = z.infer<typeof userFindingSchema>;

export async function checkAsUser(task: UserCheckTask, deps: { readonly clock: Clock }): Promise<UserFinding> {
  const { host, mailbox, messageId } = task;
  const fromOutside = {
    host,
    port: 25,
    from: 'stranger@accept.test',
    to: [mailbox],
    subject: 'check',
    messageId,
  } as const;
  const submitted = { ...fromOutside, port: 587, user: mailbox, from: mailbox } as const;
  const inMailbox = (holder: string) => waitForMessage(holder, mailbox, messageId, deps.clock);
  try {
    switch (task.check) {
      case 'smtp':
        return await sent(fromOutside);
      case 'mailbox': {
        const sending = await sent(fromOutside);
        if (!sending.ok) return sending;
        return (await inMailbox(host)) ? sending : { ok: false, detail: 'accepted, but not in the mailbox' };
      }
      case 'replication': {
        const sending = await sent(fromOutside);
        if (!sending.ok) return sending;
        if (!(await inMailbox(host))) return { ok: false, detail: 'accepted, but not in the mailbox' };
        return (await inMailbox(task.peer ?? host))
          ? sending
          : { ok: false, detail: 'delivered, but not on the other holder' };
      }
      case 'submission':
        return await sent({ ...submitted, to: [mailbox] });
      // Whether it arrives is seen at the remote side, by who asked.
      case 'outbound':
      case 'signed':
        return await sent({ ...submitted, to: [task.remote] });
      case 'imap': {
        const exists = await withImap(
          { host, user: mailbox },
          async (client) => (await client.mailboxOpen('INBOX')).exists,
        );
        return { ok: true, detail: `${exists} messages` };
      }
      case 'pop3':
        return { ok: true, detail: `${await countByPop3(host, mailbox)} messages` };
      // Whether control knows of it is seen on the page, by who asked.
      case 'trace':
        return await sent(fromOutside);
      case 'time': {
        const sending = await sent(fromOutside);
        if (!sending.ok) return sending;
        if (!(await inMailbox(host))) return { ok: false, detail: 'accepted, but not in the mailbox' };
        return await judgeTimes(host, mailbox, messageId, deps.clock);
      }
      case 'quiet':
        return await watchQuiet(host, task.quietMailbox, deps.clock);
      case 'closed': {
        const relayed = await sent({ ...fromOutside, to: [task.remote] });
        return { ok: !relayed.ok, detail: relayed.detail };
      }
      case 'replica':
        return { ok: false, detail: 'this is not seen from the client' };
    }
  } catch (error) {
    return { ok: false, detail: describeFailure(error) };
  }
}

async function sent(mail: Parameters<typeof sendMail>[0]): Promise<UserFinding> {
  const { accepted, code, reply } = await sendMail(mail);
  return { ok: accepted, detail: code === 0 ? reply : reply.slice(0, 300) };
}

/** Every host that passed a message on has written down when (RFC 5321 section 4.4). */
async function judgeTimes(host: string, user: string, messageId: string, clock: Clock): Promise<UserFinding> {
  const headers = await withImap({ host, user }, async (client) => {
    await client.mailboxOpen('INBOX', { readOnly: true });
    const [number] = (await client.search({ header: { 'message-id': messageId } })) || [];
    const message = number === undefined ? false : await client.fetchOne(String(number), { headers: ['received'] });
    return message ? String(message.headers) : '';
  });
  const times = [...headers.matchAll(/;\s+(\w{3}, .*?)(?: \(|\r?\n)/g)].map(([, text = '']) => Date.parse(text));
  if (times.length === 0) return { ok: false, detail: 'no host has written down a time' };
  const offMs = Math.max(...times.map((time) => Math.abs(time - clock.now())));
  return { ok: offMs < timeOffMsMax, detail: `the times of the message are up to ${Math.round(offMs / 1000)} s off` };
}

async function watchQuiet(host: string, user: string, clock: Clock): Promise<UserFinding> {
  const count = () => withImap({ host, user }, async (client) => (await client.mailboxOpen('INBOX')).exists);
  const before = await count();
  await new Promise<void>((done) => clock.after(quietMs, done));
  const came = (await count()) - before;
  return { ok: came === 0, detail: `${came} messages came unasked in ${quietMs / 1000} s` };
}

async function waitForMessage(host: string, user: string, messageId: string, clock: Clock): Promise<boolean> {
  const endsAt = clock.monotonicMs() + soonMs;
  while (clock.monotonicMs() < endsAt) {
    const found = await withImap({ host, user }, async (client) => {
      await client.mailboxOpen('INBOX', { readOnly: true });
      return await client.search({ header: { 'message-id': messageId } });
    });
    if (Array.isArray(found) && found.length > 0) return true;
    await new Promise<void>((done) => clock.after(lookEveryMs, done));
  }
  return false;
}
