// imap, pop3, submission, managesieve, doveadm, dsync: what a user did (mail_log plugin) and how a session ended.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { readCounters } from '../session-counters.ts';

const endings = [
  'Disconnected',
  'Logged out',
  'Connection closed',
  'Server shutting down',
  'Client has quit the connection',
  'Remote closed connection',
  'Mailbox is in inconsistent state',
  'Too many bad commands',
  'Input line too long',
];

export function parseSession(line: string, start: number, event: MailEvent): boolean {
  const first = line.charCodeAt(start);
  if (first >= 65 && first <= 90) {
    for (const ending of endings) {
      if (!line.startsWith(ending, start)) continue;
      readLogout(line, start, event);
      return true;
    }
  }
  return parseMailLog(line, start, event);
}

/** `Disconnected: Logged out in=52 out=1234 deleted=0 …`, `… top=0/0, retr=1/512, del=0/1, size=512`, `… bytes=59/566`. */
function readLogout(line: string, start: number, event: MailEvent): void {
  event.kind = 'logout';
  let at = line.lastIndexOf(' in=');
  if (at < start) at = line.lastIndexOf(' top=');
  if (at < start) at = line.lastIndexOf(' bytes=');
  if (at < start) at = line.lastIndexOf(' rcpt=');
  if (at < start) {
    event.reason = line.slice(start);
    return;
  }
  event.reason = line.slice(start, at);
  event.counters = readCounters(line, at + 1, line.length);
}

/** mail_log_events, as the plugin names them. */
const verbs: ReadonlyArray<readonly [string, string]> = [
  ['delete: ', 'delete'],
  ['undelete: ', 'undelete'],
  ['expunge: ', 'expunge'],
  ['save: ', 'save'],
  ['append: ', 'append'],
  ['flag_change: ', 'flag_change'],
  ['read: ', 'read'],
  ['copy from ', 'copy'],
  ['copy: ', 'copy'],
  ['move from ', 'move'],
  ['Mailbox created: ', 'mailbox_create'],
  ['Mailbox deleted: ', 'mailbox_delete'],
  ['Mailbox renamed: ', 'mailbox_rename'],
  ['Mailbox subscribed: ', 'mailbox_subscribe'],
  ['Mailbox unsubscribed: ', 'mailbox_unsubscribe'],
];

function parseMailLog(line: string, start: number, event: MailEvent): boolean {
  for (const [words, action] of verbs) {
    if (!line.startsWith(words, start)) continue;
    event.kind = 'mailbox-action';
    event.action = action;
    if (action.startsWith('mailbox_')) event.mailbox = line.slice(start + words.length);
    else readFields(line, start, event);
    return true;
  }
  return false;
}

/** `box=INBOX, uid=5, msgid=<…>, size=2048, from=…, subject=…`; the names may be changed by mail_log_fields. */
function readFields(line: string, start: number, event: MailEvent): void {
  event.reason = line.slice(start);
  let at = line.indexOf(': ', start) + 2;
  while (at >= 2 && at < line.length) {
    const equals = line.indexOf('=', at);
    if (equals < 0) return;
    const next = line.indexOf(', ', equals);
    const end = next < 0 ? line.length : next;
    const value = line.slice(equals + 1, end);
    const key = line.slice(at, equals);
    if (key === 'box') event.mailbox = value;
    else if (key === 'msgid')
      event.messageId = value.startsWith('<') && value.endsWith('>') ? value.slice(1, -1) : value || undefined;
    else if (key === 'size' || key === 'vsize') event.size = /^\d{1,15}$/.test(value) ? Number(value) : undefined;
    else if (key === 'from') event.from = addressOf(value);
    // Free text, and the last field that says more.
    else if (key === 'subject') return;
    at = next < 0 ? -1 : next + 2;
  }
}

/** The address in a From header. */
function addressOf(header: string): string | undefined {
  const open = header.lastIndexOf('<');
  if (open >= 0 && header.endsWith('>')) return header.slice(open + 1, -1);
  return header === '' ? undefined : header;
}
