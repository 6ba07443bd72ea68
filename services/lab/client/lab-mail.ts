import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { mailboxPassword } from '../roles/mailboxes.ts';

// Mail as a user's program speaks it, from inside the client host: each call is one session with its own limit of time.

const caFile = '/etc/ssl/lab/ca.pem';
const sessionMs = 6000;
const pop3BytesMax = 1024 * 1024;

export type Outgoing = {
  readonly host: string;
  /** Port 25 without a password, 587 with STARTTLS and a password, 465 with TLS and a password. */
  readonly port: 25 | 465 | 587;
  readonly user?: string;
  readonly password?: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly messageId: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly family?: Family;
};
/** Only over this one; over either unless given. */
type Family = 4 | 6;
export type SmtpOutcome = { readonly accepted: boolean; readonly code: number; readonly reply: string };

/** Sends one message; a refusal or a dead server is an outcome, code 0 where no reply came. */
export async function sendMail(mail: Outgoing): Promise<SmtpOutcome> {
  const transport = createTransport({
    // A name that cannot be looked up fails below, as it does for whoever gives no family.
    host: await addressOf(mail).catch(() => mail.host),
    port: mail.port,
    secure: mail.port === 465,
    requireTLS: mail.port === 587,
    ignoreTLS: mail.port === 25,
    ...(mail.user === undefined ? {} : { auth: { user: mail.user, pass: mail.password ?? mailboxPassword } }),
    tls: { ca: readFileSync(caFile), servername: mail.host },
    name: 'client.lab.test',
    connectionTimeout: sessionMs,
    greetingTimeout: sessionMs,
    socketTimeout: sessionMs * 2,
  });
  try {
    const { from, to, subject, messageId, headers } = mail;
    const sent = await transport.sendMail({
      envelope: { from, to: [...to] },
      from,
      to: [...to],
      subject,
      messageId,
      ...(headers === undefined ? {} : { headers }),
      text: mail.text ?? 'A message of the lab.\n',
    });
    return { accepted: true, code: Number(sent.response.slice(0, 3)), reply: sent.response };
  } catch (error) {
    const failure = error as { responseCode?: number; response?: string };
    return { accepted: false, code: failure.responseCode ?? 0, reply: failure.response ?? describeFailure(error) };
  } finally {
    transport.close();
  }
}

/** The words of a failed session. A connection tried over both families fails with an error that only lists others. */
export function describeFailure(error: unknown): string {
  const failure = error as { code?: string; message?: string; responseText?: string; errors?: readonly unknown[] };
  const parts = [failure.code, failure.message, failure.responseText, ...(failure.errors ?? []).map(describeFailure)];
  return parts.filter((part) => part !== undefined && part !== '').join(' ') || 'failed without a word';
}

/** Runs `task` over one IMAP session with TLS; throws what the session threw. */
export async function withImap<Result>(login: Login, task: (client: ImapFlow) => Promise<Result>): Promise<Result> {
  const client = await openImap(login);
  try {
    return await task(client);
  } finally {
    if (client.usable) await client.logout().catch(() => {});
    client.close();
  }
}

export type Login = {
  readonly host: string;
  readonly user: string;
  readonly password?: string;
  readonly family?: Family;
};

const addressOf = async ({ host, family }: { readonly host: string; readonly family?: Family }): Promise<string> =>
  family === undefined ? host : (await lookup(host, { family })).address;

/** A session that its caller closes. */
export async function openImap(login: Login): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: await addressOf(login),
    port: 993,
    secure: true,
    servername: login.host,
    auth: { user: login.user, pass: login.password ?? mailboxPassword },
    tls: { ca: readFileSync(caFile) },
    connectionTimeout: sessionMs,
    greetingTimeout: sessionMs,
    socketTimeout: sessionMs * 6,
    logger: false,
  });
  // A dropped session also rejects the call that was under way, which is where it is told.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Logs in over POP3 on port 110, asks STAT and leaves; resolves with the number of messages (RFC 1939). */
export function countByPop3(host: string, user: string, family: Family | 0 = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 110, family, timeout: sessionMs });
    const steps = [`USER ${user}`, `PASS ${mailboxPassword}`, 'STAT', 'QUIT'];
    let count = 0;
    let text = '';
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(why));
    };
    socket.on('timeout', () => fail('no answer in time'));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed early')));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > pop3BytesMax) return fail('an endless answer');
      if (!text.endsWith('\r\n')) return;
      if (!text.startsWith('+OK')) return fail(text.trim());
      if (steps.length === 1) count = Number(/^\+OK (\d+)/.exec(text)?.[1] ?? 0);
      text = '';
      const next = steps.shift();
      if (next !== undefined) socket.write(`${next}\r\n`);
      else {
        resolve(count);
        socket.end();
      }
    });
  });
}
