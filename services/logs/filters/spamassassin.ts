// SpamAssassin's spamd: `result: Y 21 - TESTS scantime=…,size=…,user=…,mid=<…>`, and how it comes and goes.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { readCount, readDecimal } from '../scan.ts';
import { between, type Form, nonEmpty, readForms } from '../words.ts';

export function parseSpamAssassin(line: string, start: number, event: MailEvent): boolean {
  let at = start;
  // Its own log: `[1234] info: spamd: …`.
  const level = /^\[(\d+)\] (info|warn|error|dbg): /.exec(line.slice(at, at + 32));
  if (level !== null) {
    at += level[0].length;
    event.pid = Number(level[1]);
    if (level[2] === 'warn') event.severity = 'warning';
    else if (level[2] === 'error') event.severity = 'error';
  }
  if (line.startsWith('spamd: ', at)) at += 7;
  if (parseResult(line, at, event) || parseSummary(line, at, event)) return true;
  if (!readForms(forms, line, at, event)) return false;
  if (event.kind === 'message-id') {
    event.messageId = between(line, at, 'message <', '>');
    event.user = nonEmpty(between(line, at, ' for ', ':'));
  }
  return true;
}

/** `result: Y 8 - A,B scantime=4.2,size=1432,user=root,uid=98,required_score=5.0,rhost=…,raddr=…,mid=<…>,autolearn=no`. */
function parseResult(line: string, at: number, event: MailEvent): boolean {
  if (!line.startsWith('result: ', at)) return false;
  const dash = line.indexOf(' - ', at);
  const fields = line.lastIndexOf(' scantime=');
  if (dash < 0) return false;
  event.kind = 'verdict';
  event.action = line.charCodeAt(at + 8) === 89 ? 'spam' : 'clean';
  event.reason = line.slice(dash + 3, fields < dash ? line.length : fields);
  const counters: Record<string, number> = {};
  const score = number(line.slice(at + 9, dash).trim());
  if (score !== undefined) counters.score = score;
  if (fields > dash) {
    const required = number(between(line, fields, ',required_score=', ','));
    if (required !== undefined) counters.required = required;
    const seconds = number(between(line, fields, 'scantime=', ','));
    if (seconds !== undefined) counters.timeMs = Math.round(seconds * 1000);
    const size = between(line, fields, ',size=', ',') ?? '';
    event.size = readCount(size, 0, size.length);
    event.user = nonEmpty(between(line, fields, ',user=', ','));
    event.messageId = between(line, fields, ',mid=<', '>');
  }
  event.counters = counters;
  return true;
}

/** `identified spam (8.1/6.0) for root:98 in 4.2 seconds, 1432 bytes.` */
function parseSummary(line: string, at: number, event: MailEvent): boolean {
  const isSpam = line.startsWith('identified spam (', at);
  if (!isSpam && !line.startsWith('clean message (', at)) return false;
  event.kind = 'verdict';
  event.action = isSpam ? 'spam' : 'clean';
  const [score, required] = (between(line, at, '(', ')') ?? '').split('/').map(number);
  const counters: Record<string, number> = {};
  if (score !== undefined) counters.score = score;
  if (required !== undefined) counters.required = required;
  const seconds = number(between(line, at, ' in ', ' seconds'));
  if (seconds !== undefined) counters.timeMs = Math.round(seconds * 1000);
  event.counters = counters;
  event.user = nonEmpty(between(line, at, ' for ', ':'));
  const size = between(line, at, 'seconds, ', ' ') ?? '';
  event.size = readCount(size, 0, size.length);
  return true;
}

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const isNegative = text.startsWith('-');
  const value = readDecimal(text, isNegative ? 1 : 0, text.length);
  return value === undefined || !isNegative ? value : -value;
}

const forms: readonly Form[] = [
  { words: 'connection from ', kind: 'connect', isBracketed: true },
  { words: 'got connection ', kind: 'connect' },
  { words: 'unauthorized connection from ', kind: 'reject', isBracketed: true, isAttempt: true },
  { words: 'checking message ', kind: 'message-id' },
  { words: 'processing message ', kind: 'message-id' },
  { words: 'setuid to ', kind: 'info', user: ['setuid to ', ' '] },
  { words: 'still running as root', kind: 'warning' },
  { words: 'server started on ', kind: 'lifecycle' },
  { words: 'server pid: ', kind: 'lifecycle' },
  { words: 'server killed by ', kind: 'lifecycle' },
  { words: 'server successfully spawned child', kind: 'lifecycle' },
  { words: 'server hit by SIG', kind: 'lifecycle' },
  { words: 'restarting', kind: 'lifecycle' },
  { words: 'creating default_prefs', kind: 'info' },
  { words: 'handled cleanup of child', kind: 'lifecycle' },
  { words: 'handle_user', kind: 'warning' },
  { words: 'child ', kind: 'lifecycle' },
  { words: 'prefork: ', kind: 'lifecycle' },
  { words: 'logger: ', kind: 'lifecycle' },
  { words: 'zoom: ', kind: 'lifecycle' },
  { words: 'bad protocol', kind: 'warning' },
  { words: 'timeout', kind: 'warning' },
  { words: 'cannot ', kind: 'error' },
  { words: 'error', kind: 'error' },
  { words: 'learned ', kind: 'info' },
  { words: 'tell: ', kind: 'info' },
  { words: 'config: ', kind: 'warning' },
  { words: 'rules: ', kind: 'warning' },
  { words: 'plugin: ', kind: 'warning' },
  { words: 'dns: ', kind: 'warning' },
  { words: 'bayes: ', kind: 'warning' },
  { words: 'auto-whitelist: ', kind: 'warning' },
  { words: 'pyzor: ', kind: 'warning' },
  { words: 'razor2: ', kind: 'warning' },
  { words: 'channel: ', kind: 'lifecycle' },
];
