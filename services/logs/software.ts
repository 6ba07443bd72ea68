// Which words belong to which software: by the program that a header names, or, where it names none, by the words alone.
import type { MailEvent } from '../protocol/mail-event.ts';
import { parseMariaDb } from './backends/mariadb.ts';
import { parseSaslauthd } from './backends/saslauthd.ts';
import { endOfMessageId } from './exim/fields.ts';
import { parseExim } from './exim/message.ts';
import { parseAmavis } from './filters/amavis.ts';
import { parseClamAv } from './filters/clamav.ts';
import { parseOpenDkim } from './filters/opendkim.ts';
import { parseOpenDmarc } from './filters/opendmarc.ts';
import { parsePolicydSpf } from './filters/policyd-spf.ts';
import { parsePostgrey } from './filters/postgrey.ts';
import { parseRspamd } from './filters/rspamd.ts';
import { parseSpamAssassin } from './filters/spamassassin.ts';
import { parsePolicy } from './postfix/policy.ts';
import {
  parseDomino,
  parseHorde,
  parseKerio,
  parseOpenWebmail,
  parseOracle,
  parseRoundcube,
  parseSogo,
  parseSquirrelMail,
} from './recognised/groupware.ts';
import {
  parseAssp,
  parseMailScanner,
  parseOpenSmtpd,
  parseProxmox,
  parseQmail,
  parseQmailScanner,
  parseSenderCheck,
  parseVpopmail,
} from './recognised/mail-servers.ts';
import {
  parseCourier,
  parseCucipop,
  parseCyrus,
  parsePerdition,
  parseSolidPop3,
  parseUwImap,
} from './recognised/mailbox-servers.ts';
import { isDigit } from './scan.ts';
import { parseSendmail } from './sendmail/message.ts';

/** Reads a text that begins at `start`. False, and the event still `unparsed`, when it is none of that software. */
type TextParser = (line: string, start: number, event: MailEvent) => boolean;

const parserBySoftware: ReadonlyMap<string, TextParser> = new Map([
  ['amavis', parseAmavis],
  ['assp', parseAssp],
  ['clamav', parseClamAv],
  ['courier', parseCourier],
  ['cucipop', parseCucipop],
  ['cyrus', parseCyrus],
  ['exim', parseExim],
  ['horde', parseHorde],
  ['kerio', parseKerio],
  ['mailscanner', parseMailScanner],
  ['mariadb', parseMariaDb],
  ['opendkim', parseOpenDkim],
  ['opendmarc', parseOpenDmarc],
  ['opensmtpd', parseOpenSmtpd],
  ['openwebmail', parseOpenWebmail],
  ['perdition', parsePerdition],
  ['proxmox', parseProxmox],
  ['qmail', parseQmail],
  ['qmail-scanner', parseQmailScanner],
  ['roundcube', parseRoundcube],
  ['rspamd', parseRspamd],
  ['saslauthd', parseSaslauthd],
  ['sendmail', parseSendmail],
  ['sieve', parseCyrus],
  ['smf-sav', parseSenderCheck],
  ['sogo', parseSogo],
  ['solid-pop3d', parseSolidPop3],
  ['spamassassin', parseSpamAssassin],
  ['squirrelmail', parseSquirrelMail],
  ['uw-imap', parseUwImap],
  ['vpopmail', parseVpopmail],
]);

/** Reads a line whose header names a program of `event.software`. */
export function parseNamed(line: string, start: number, event: MailEvent): void {
  let at = start;
  // Solaris: `[ID 801593 mail.notice] `.
  if (line.startsWith('[ID ', at)) {
    const close = line.indexOf('] ', at);
    if (close > 0 && close - at < 40) at = close + 2;
  }
  parserBySoftware.get(event.software ?? '')?.(line, at, event);
}

/** Reads what a policy service of Postfix says: these belong to it, and `event.service` names them. */
export function parsePolicyService(line: string, start: number, event: MailEvent): void {
  const service = event.service ?? '';
  if (service === 'postgrey') parsePostgrey(line, start, event);
  else if (service.includes('spf')) parsePolicydSpf(line, start, event);
  else parsePolicy(line, start, event);
}

type Guess = readonly [software: string, isLikely: (line: string, start: number) => boolean];

const startsWith =
  (...words: readonly string[]) =>
  (line: string, start: number): boolean =>
    words.some((word) => line.startsWith(word, start));

/** Programs of several softwares that are called alike, and no program at all: the words of each, told apart by a look. */
const guesses: readonly Guess[] = [
  ['exim', isLikeExim],
  ['rspamd', (line, start) => line.charCodeAt(start) === 35 && line.includes('>; ', start)],
  ['mariadb', isLikeMariaDb],
  ['oracleims', (line, start) => line.charCodeAt(start) === 60],
  ['sogo', startsWith('sogod [')],
  ['horde', startsWith('HORDE [')],
  ['cyrus', startsWith('badlogin: ', 'login: ', 'accepted connection', 'starttls: ', 'STARTTLS negotiation failed: ')],
  ['cyrus', (line, start) => / TLS negotiation failed: /.test(line.slice(start, start + 40))],
  ['courier', (line, start) => line.indexOf('ip=[', start) > 0],
  ['uw-imap', (line, start) => isUpper(line.charCodeAt(start)) || line.indexOf(' service init from ', start) > 0],
  ['opensmtpd', isLikeOpenSmtpd],
  ['sendmail', isLikeSendmail],
  ['cucipop', startsWith('authentication failure ')],
];

/** Those of them that write a log of their own with a time in it and no program. */
const ownLogs: readonly Guess[] = [
  ['openwebmail', (line, start) => line.charCodeAt(start) === 91 && line.startsWith(' - ', start - 3)],
  ['squirrelmail', startsWith('[LOG')],
  ['assp', (line, start) => /^(?:[\w-]+-\d{5} )?\[\w+(?:-\w+)?\] |^Blocking /.test(line.slice(start, start + 48))],
  ['domino-smtp', startsWith('SMTP Server', 'smtp: ', 'IMAP Server', 'POP3 Server', 'imap: ', 'pop3: ')],
  ['kerio', (line, start) => line.startsWith('] ', start - 2)],
  ['roundcube', (line, start) => line.startsWith(']: ', start - 3)],
  ['spamassassin', (line, start) => /^\[\d+\] \w+: /.test(line.slice(start, start + 24))],
  ['clamav', (line, start) => line.startsWith(' -> ', start - 4)],
  ['sogo', (line, start) => isDigit(line.charCodeAt(start))],
];

const parserByGuess: ReadonlyMap<string, TextParser> = new Map([
  ...parserBySoftware,
  ['oracleims', parseOracle],
  ['domino-smtp', parseDomino],
]);

/**
 * Reads a line that names no program we know. `textAt` is where its header's time ends, `messageAt` where the message
 * begins if there is a tag after all; `hasOwnTime`: it begins with a time, and no daemon of syslog's.
 */
export function parseByWords(line: string, textAt: number, messageAt: number, event: MailEvent): void {
  for (const start of messageAt === textAt ? [textAt] : [messageAt, textAt]) {
    for (const guess of guesses) if (take(guess, line, start, start === textAt, event)) return;
  }
  if (event.timeConfidence === 'none') return;
  for (const guess of ownLogs) if (take(guess, line, textAt, true, event)) return;
}

function take([software, isLikely]: Guess, line: string, start: number, isTagless: boolean, event: MailEvent): boolean {
  if (!isLikely(line, start) || parserByGuess.get(software)?.(line, start, event) !== true) return false;
  event.software = software;
  if (!isTagless) return true;
  // What was taken for a host and a program belongs to the text.
  event.host = undefined;
  event.program = undefined;
  return true;
}

/** A message id of its own, or the words and the `H=` that no other server writes. */
function isLikeExim(line: string, start: number): boolean {
  let at = start;
  if (line.charCodeAt(at) === 91) {
    const close = line.indexOf('] ', at);
    if (close < 0 || close - at > 12) return false;
    at = close + 2;
  }
  if (endOfMessageId(line, at) > at) return true;
  if (line.startsWith('H=', at) || line.startsWith('F=', at)) return true;
  return eximWords.some((words) => line.startsWith(words, at)) || isEximAuthentication(line, at);
}

function isEximAuthentication(line: string, start: number): boolean {
  const words = line.indexOf('authenticator failed for ', start);
  return words >= 0 && words - start < 80;
}

const eximWords = [
  'SMTP call from ',
  'SMTP connection from ',
  'SMTP protocol error in ',
  'SMTP protocol synchronization error ',
  'SMTP command timeout on ',
  'SMTP data timeout ',
  'SMTP syntax error in ',
  'no MAIL in SMTP',
  'no host name found for IP address ',
  'no IP address found for host ',
  'unexpected disconnection while reading SMTP command from ',
  'TLS error on connection ',
  'Start queue run: ',
  'End queue run: ',
  'exim ',
  'rejected EHLO from ',
  'rejected HELO from ',
  'rejected MAIL from ',
  'refused connection from ',
  'SIGHUP received: re-exec daemon',
  'Connection from ',
];

/** `0 [Note] `, `[Note] InnoDB: `, `# Query_time: `. */
function isLikeMariaDb(line: string, start: number): boolean {
  return /^(?:\d{1,20} )?\[(?:Note|System|Warning|Error|ERROR)\] |^# [A-Z]\w+(?:@Host)?: |^InnoDB: |^SET timestamp=\d/.test(
    line.slice(start, start + 40),
  );
}

/** What it says of clients; a line cut out of its log has no program any more. */
function isLikeSendmail(line: string, start: number): boolean {
  return line.startsWith('Relaying denied. ', start) || line.includes(' did not issue MAIL/EXPN/VRFY/ETRN ', start);
}

function isLikeOpenSmtpd(line: string, start: number): boolean {
  if (line.startsWith('smtp-in: ', start) || line.startsWith('smtp-out: ', start)) return true;
  return /^[0-9a-f]{8,16} (?:smtp|mta|mda|bounce) /.test(line.slice(start, start + 28));
}

function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}
