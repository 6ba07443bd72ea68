// A line without a header: cut out of its log, or written to standard error.
import type { MailEvent } from '../protocol/mail-event.ts';
import { parseDovecot } from './dovecot/message.ts';
import { parsePostfix } from './postfix/message.ts';

/** Kinds that only the words of a mail server can give; a bare line of any other kind stays `unparsed`. */
const telling = new Set([
  'delivery',
  'queued',
  'reject',
  'connection-lost',
  'auth-failure',
  'message-id',
  'client',
  'postscreen',
  'tls',
]);

export function parseBare(line: string, start: number, event: MailEvent): void {
  if (line.startsWith('pam_unix(dovecot:', start)) {
    event.software = 'dovecot';
    parseDovecot(line, start, event);
    return;
  }
  parsePostfix(line, 0, event);
  if (telling.has(event.kind)) {
    event.software = 'postfix';
    return;
  }
  event.kind = 'unparsed';
}
