import { ImapFlow } from 'imapflow';
import { createTransport, type Transporter } from 'nodemailer';
import type { MailSite } from './mail-site.ts';
import { mailboxUsers, type PlannedMail, senderAddress } from './plan.ts';

/** Messages under way at a time, in all. */
const sendersMax = 8;

/** Sends every message once; returns those whose acceptance or refusal by the first server was not what was planned. */
export async function sendMails(site: MailSite, mails: readonly PlannedMail[]): Promise<string[]> {
  const open = (port: number): Transporter =>
    createTransport({
      host: '127.0.0.1',
      port,
      name: 'client.test',
      ignoreTLS: true,
      pool: true,
      maxConnections: sendersMax,
    });
  const direct = open(site.ports.direct);
  const filtered = open(site.ports.filtered);
  const surprises: string[] = [];
  const waiting = [...mails];
  const work = async () => {
    for (let mail = waiting.shift(); mail !== undefined; mail = waiting.shift()) {
      const outcome = await sendOne(mail.isFiltered ? filtered : direct, mail);
      const planned = mail.expected.fate === 'rejected' ? 'refused' : 'taken';
      if (outcome.result !== planned)
        surprises.push(`${mail.kind} ${mail.messageId}: ${outcome.result}: ${outcome.words}`);
    }
  };
  await Promise.all(Array.from({ length: sendersMax }, work));
  direct.close();
  filtered.close();
  return surprises;
}

async function sendOne(
  transport: Transporter,
  mail: PlannedMail,
): Promise<{ result: 'taken' | 'refused'; words: string }> {
  try {
    const info = await transport.sendMail({
      envelope: { from: senderAddress, to: mail.to },
      messageId: mail.messageId,
      from: senderAddress,
      to: mail.to,
      subject: `A message that shall be ${mail.kind}`,
      text: 'Sent by the proof on real Postfix and Dovecot.',
      headers: mail.sieveHeader === undefined ? {} : { [mail.sieveHeader]: 'YES' },
    });
    return { result: 'taken', words: String(info.response) };
  } catch (error) {
    return { result: 'refused', words: String(error) };
  }
}

/** What users do beside getting mail, for the sake of the lines it makes: reading, deleting, and a wrong password of each sort. */
export async function visitMailboxes(site: MailSite): Promise<void> {
  for (const user of mailboxUsers) {
    const client = imapClient(site, user, 'secret');
    await client.connect();
    const mailbox = await client.mailboxOpen('INBOX');
    if (mailbox.exists > 0) {
      for await (const mail of client.fetch('1:*', { source: true })) void mail.uid;
      await client.messageFlagsAdd('1', ['\\Seen']);
      await client.messageDelete('1');
    }
    await client.logout();
  }
  const guesser = imapClient(site, mailboxUsers[0] ?? '', 'guess');
  await guesser.connect().catch(() => guesser.close());
  const auth = { user: mailboxUsers[0] ?? '', pass: 'guess' };
  const smtp = createTransport({
    host: '127.0.0.1',
    port: site.ports.direct,
    name: 'guesser.test',
    ignoreTLS: true,
    auth,
  });
  await smtp.verify().catch(() => false);
  smtp.close();
}

function imapClient(site: MailSite, user: string, pass: string): ImapFlow {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: site.ports.imap,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass },
    logger: false,
  });
  client.on('error', () => {});
  return client;
}
