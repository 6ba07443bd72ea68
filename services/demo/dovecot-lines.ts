// What Dovecot 2.3 writes for each act through syslog: the text after `dovecot: `. Pure.
import type { Party } from './cast.ts';

const session = (service: string, user: string, pid: number, id: string): string =>
  `${service}(${user})<${pid}><${id}>: `;

export const lmtpConnectText = (pid: number): string => `lmtp(${pid}): Connect from local`;
export const lmtpDisconnectText = (pid: number): string =>
  `lmtp(${pid}): Disconnect from local: Logged out (state=READY)`;

export type LmtpSession = { readonly user: string; readonly pid: number; readonly sessionId: string };

/** What became of one message for one mailbox: stored by the user's sieve script, discarded by it, or no room. */
export type MailboxFate =
  | { readonly kind: 'stored'; readonly mailbox: string }
  | { readonly kind: 'discarded' }
  | { readonly kind: 'full'; readonly mailbox: string };

export function mailboxFateText(lmtp: LmtpSession, messageId: string, fate: MailboxFate): string {
  const start = `${session('lmtp', lmtp.user, lmtp.pid, lmtp.sessionId)}sieve: msgid=${messageId || 'unspecified'}: `;
  switch (fate.kind) {
    case 'stored':
      return `${start}${fate.mailbox === 'INBOX' ? '' : 'fileinto action: '}stored mail into mailbox '${fate.mailbox}'`;
    case 'discarded':
      return `${start}discard action: Marked message to be discarded if not explicitly delivered (discard action)`;
    case 'full':
      return `${start}failed to store into mailbox '${fate.mailbox}': Quota exceeded (mailbox for user is full)`;
  }
}

export type ImapSession = { readonly user: string; readonly pid: number; readonly sessionId: string };

export const loginText = (login: ImapSession, client: Party, serverIp: string): string =>
  `imap-login: Login: user=<${login.user}>, method=PLAIN, rip=${client.ip}, lip=${serverIp}, mpid=${login.pid}, session=<${login.sessionId}>`;

export const loginFailedText = (
  user: string,
  client: Party,
  serverIp: string,
  sessionId: string,
  seconds: number,
): string =>
  `imap-login: Disconnected: Connection closed (auth failed, 1 attempts in ${seconds} secs): user=<${user}>, method=PLAIN, rip=${client.ip}, lip=${serverIp}, session=<${sessionId}>`;

export type ImapCounters = {
  readonly in: number;
  readonly out: number;
  readonly deleted: number;
  readonly expunged: number;
  readonly trashed: number;
  readonly hdr_count: number;
  readonly hdr_bytes: number;
  readonly body_count: number;
  readonly body_bytes: number;
};
const counterOrder = [
  'in',
  'out',
  'deleted',
  'expunged',
  'trashed',
  'hdr_count',
  'hdr_bytes',
  'body_count',
  'body_bytes',
] as const;

export function logoutText(login: ImapSession, counters: ImapCounters): string {
  const words = counterOrder.map((name) => `${name}=${counters[name]}`);
  return `${session('imap', login.user, login.pid, login.sessionId)}Disconnected: Logged out ${words.join(' ')}`;
}

/** The mail_log plugin: who deleted or expunged what. */
export const mailLogText = (
  login: ImapSession,
  act: 'delete' | 'expunge',
  mail: { mailbox: string; uid: number; messageId: string; size: number },
): string =>
  `${session('imap', login.user, login.pid, login.sessionId)}${act}: box=${mail.mailbox}, uid=${mail.uid}, msgid=${mail.messageId}, size=${mail.size}`;
