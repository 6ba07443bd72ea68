import * as cast from './cast.ts';
import * as lines from './dovecot-lines.ts';
import { readHeaders } from './mail.ts';
import type { NodeLog, Pids } from './node-log.ts';
import type { Reply } from './postfix-lines.ts';
import { alphabets, type Random } from './random.ts';

/** A mailbox keeps its newest messages; what is older has been read and archived elsewhere, as far as the demo cares. */
export const mailboxMessagesMax = 60;

export type StoredMail = {
  readonly uid: number;
  readonly raw: string;
  readonly receivedAt: number;
  readonly flags: Set<string>;
};
export type Mailbox = {
  readonly uidValidity: number;
  uidNext: number;
  mails: StoredMail[];
  /** Called after each delivery, for clients in IDLE. */
  readonly watchers: Set<() => void>;
};

/** One IMAP login. Methods change the mailbox and write what Dovecot and its mail_log plugin would write. */
export type ImapLogin = {
  readonly mailboxNames: () => string[];
  readonly mailbox: (name: string) => Mailbox | undefined;
  readonly addFlags: (mailboxName: string, mail: StoredMail, flags: readonly string[]) => void;
  readonly removeFlags: (mail: StoredMail, flags: readonly string[]) => void;
  /** Removes what is flagged \Deleted; returns the sequence numbers to announce, as RFC 3501 7.4.1 counts them. */
  readonly expunge: (mailboxName: string) => number[];
  /** Counts a body that was sent to the client. */
  readonly countBody: (bytes: number) => void;
  readonly countHeader: (bytes: number) => void;
  /** `traffic` is bytes from and to the client after the login. */
  readonly logout: (traffic: { in: number; out: number }) => void;
};

export type MailStore = {
  /** What LMTP answers for one recipient. */
  readonly deliver: (to: string, raw: string) => Reply;
  readonly isPassword: (user: string, password: string) => boolean;
  readonly login: (user: string, password: string, client: cast.Party) => ImapLogin | undefined;
};

/** What a user's sieve script does: spam to Junk, lists to Lists, birthday cards away, the rest to INBOX. */
export function runSieve(user: string, raw: string): lines.MailboxFate {
  const { isSpam, listId, subject } = readHeaders(raw);
  if (user === cast.addressOf(cast.fullUser)) return { kind: 'full', mailbox: 'INBOX' };
  if (subject.startsWith('Birthday card')) return { kind: 'discarded' };
  return { kind: 'stored', mailbox: isSpam ? 'Junk' : listId === undefined ? 'INBOX' : 'Lists' };
}

/** The Dovecot of mx3: LMTP with sieve, mailboxes in memory, IMAP logins. */
export function createMailStore(deps: {
  readonly now: () => number;
  readonly random: Random;
  readonly log: NodeLog;
  readonly pids: Pids;
}): MailStore {
  const { now, random, log, pids } = deps;
  const say = (text: string) => log('dovecot', undefined, text);
  const boxesByUser = new Map<string, Map<string, Mailbox>>();
  const serverIp = cast.nodes.mx3.ip;

  function boxesOf(user: string): Map<string, Mailbox> {
    const known = boxesByUser.get(user);
    if (known !== undefined) return known;
    const uidValidity = Math.floor(now() / 1000);
    const made = new Map<string, Mailbox>(
      ['INBOX', 'Junk', 'Lists'].map((name) => [name, { uidValidity, uidNext: 1, mails: [], watchers: new Set() }]),
    );
    boxesByUser.set(user, made);
    return made;
  }

  function deliver(to: string, raw: string): Reply {
    const pid = pids.acquire('dovecot/lmtp');
    const sessionId = random.text(22, alphabets.base64);
    say(lines.lmtpConnectText(pid));
    const fate = runSieve(to, raw);
    say(lines.mailboxFateText({ user: to, pid, sessionId }, readHeaders(raw).messageId, fate));
    if (fate.kind === 'stored') {
      const box = boxesOf(to).get(fate.mailbox);
      if (box !== undefined) {
        box.mails.push({ uid: box.uidNext, raw, receivedAt: now(), flags: new Set() });
        box.uidNext += 1;
        if (box.mails.length > mailboxMessagesMax) box.mails.shift();
        for (const watcher of box.watchers) watcher();
      }
    }
    say(lines.lmtpDisconnectText(pid));
    pids.release('dovecot/lmtp', pid);
    return fate.kind === 'full'
      ? { code: 552, enhanced: '5.2.2', text: `<${to}> Quota exceeded (mailbox for user is full)` }
      : { code: 250, enhanced: '2.0.0', text: `<${to}> ${sessionId} Saved` };
  }

  const isPassword = (user: string, password: string) =>
    cast.knownAddresses.has(user) && password === cast.userPassword;

  function login(user: string, password: string, client: cast.Party): ImapLogin | undefined {
    const sessionId = random.text(16, alphabets.base64);
    if (!isPassword(user, password)) {
      say(lines.loginFailedText(user, client, serverIp, sessionId, 2));
      return undefined;
    }
    const pid = pids.acquire(`dovecot/imap ${sessionId}`);
    const session = { user, pid, sessionId };
    const boxes = boxesOf(user);
    const counters = { deleted: 0, expunged: 0, trashed: 0, hdr_count: 0, hdr_bytes: 0, body_count: 0, body_bytes: 0 };
    const sayMail = (act: 'delete' | 'expunge', mailbox: string, { uid, raw }: StoredMail) =>
      say(lines.mailLogText(session, act, { mailbox, uid, messageId: readHeaders(raw).messageId, size: raw.length }));
    say(lines.loginText(session, client, serverIp));
    return {
      mailboxNames: () => [...boxes.keys()],
      mailbox: (name) => boxes.get(name),
      addFlags: (mailbox, mail, flags) => {
        for (const flag of flags) {
          if (flag === '\\Deleted' && !mail.flags.has(flag)) {
            counters.deleted += 1;
            sayMail('delete', mailbox, mail);
          }
          mail.flags.add(flag);
        }
      },
      removeFlags: (mail, flags) => {
        for (const flag of flags) mail.flags.delete(flag);
      },
      expunge: (mailbox) => {
        const box = boxes.get(mailbox);
        if (box === undefined) return [];
        const gone: number[] = [];
        for (const [at, mail] of box.mails.entries()) {
          if (!mail.flags.has('\\Deleted')) continue;
          counters.expunged += 1;
          gone.push(at + 1 - gone.length);
          sayMail('expunge', mailbox, mail);
        }
        box.mails = box.mails.filter(({ flags }) => !flags.has('\\Deleted'));
        return gone;
      },
      countBody: (bytes) => {
        counters.body_count += 1;
        counters.body_bytes += bytes;
      },
      countHeader: (bytes) => {
        counters.hdr_count += 1;
        counters.hdr_bytes += bytes;
      },
      logout: (traffic) => say(lines.logoutText(session, { ...traffic, ...counters })),
    };
  }

  return { deliver, isPassword, login };
}
