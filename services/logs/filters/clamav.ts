// ClamAV: clamd and what it found, clamav-milter and whose message it was, freshclam and its signatures.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { addressAt, between, type Form, readForms } from '../words.ts';

export function parseClamAv(line: string, start: number, event: MailEvent): boolean {
  let at = start;
  if (line.startsWith('ERROR: ', at)) {
    at += 7;
    event.severity = 'error';
  } else if (line.startsWith('WARNING: ', at)) {
    at += 9;
    event.severity = 'warning';
  } else if (line.startsWith('^', at) || line.startsWith('!', at)) {
    // Marks of older releases.
    event.severity = line.startsWith('!', at) ? 'error' : 'warning';
    at++;
  }
  if (parseFound(line, at, event) || parseMessage(line, at, event)) return true;
  const severity = event.severity;
  if (readForms(forms, line, at, event) || severity !== undefined) {
    if (severity !== undefined) event.kind = severity === 'error' ? 'error' : 'warning';
    event.reason = line.slice(at);
    return true;
  }
  return false;
}

/** `/a/file: Name(hash:size) FOUND`, `instream(192.0.2.1@33124): Name FOUND`, `fd[12]: Name FOUND`. */
function parseFound(line: string, at: number, event: MailEvent): boolean {
  const isFound = line.endsWith(' FOUND');
  if (!isFound && !line.endsWith(': OK')) return false;
  const colon = line.lastIndexOf(': ');
  if (colon < at) return false;
  event.kind = 'verdict';
  event.action = isFound ? 'infected' : 'clean';
  if (isFound) {
    event.reason = line.slice(colon + 2, -6);
    event.securityEvent = true;
  }
  if (line.startsWith('instream(', at)) event.clientIp = addressAt(line, at + 9);
  return true;
}

/** `Message 4XYZ from <a> to <b> with subject '…' message-id '<…>' date '…' infected by Name`; `Clean message …`. */
function parseMessage(line: string, at: number, event: MailEvent): boolean {
  const isClean = line.startsWith('Clean message ', at);
  const infected = line.lastIndexOf(' infected by ');
  if (!isClean && !(line.startsWith('Message ', at) && infected > at)) return false;
  const idAt = at + (isClean ? 14 : 8);
  const from = line.indexOf('from <', idAt);
  if (from < 0) return false;
  if (from > idAt) event.queueId = line.slice(idAt, from - 1);
  event.kind = 'verdict';
  event.action = isClean ? 'clean' : 'infected';
  event.from = between(line, from, 'from <', '>');
  event.to = between(line, from, ' to <', '>');
  const messageId = between(line, from, "' message-id '", "' ");
  if (messageId !== undefined) event.messageId = messageId.replace(/^<|>$/g, '');
  if (!isClean) {
    event.reason = line.slice(infected + 13);
    event.securityEvent = true;
  }
  return true;
}

const forms: readonly Form[] = [
  { words: 'SelfCheck: ', kind: 'info' },
  { words: 'Reading databases from ', kind: 'lifecycle' },
  { words: 'Database correctly reloaded', kind: 'lifecycle' },
  { words: 'Database status', kind: 'info' },
  { words: 'Database updated', kind: 'lifecycle' },
  { words: 'Database modification detected', kind: 'lifecycle' },
  { words: 'Database test passed', kind: 'info' },
  { words: 'Activating the newly loaded database', kind: 'lifecycle' },
  { words: 'Loaded ', kind: 'lifecycle' },
  { words: '+++ Started at ', kind: 'lifecycle' },
  { words: '--- Stopped at ', kind: 'lifecycle' },
  { words: '--------', kind: 'info' },
  { words: '*** ', kind: 'info' },
  { words: 'ClamAV update process started', kind: 'lifecycle' },
  { words: 'clamd daemon ', kind: 'lifecycle' },
  { words: 'freshclam daemon ', kind: 'lifecycle' },
  { words: 'Received signal', kind: 'lifecycle' },
  { words: 'Received 0 file descriptor', kind: 'lifecycle' },
  { words: 'Got new database', kind: 'lifecycle' },
  { words: 'Update process terminated', kind: 'lifecycle' },
  { words: 'Clamd successfully notified', kind: 'info' },
  { words: 'Clamd was NOT notified', kind: 'warning' },
  { words: 'Incremental update failed', kind: 'warning' },
  { words: 'Trying again in ', kind: 'warning' },
  { words: 'Giving up on ', kind: 'error' },
  { words: 'Your ClamAV installation is OUTDATED', kind: 'warning' },
  { words: 'Local version: ', kind: 'info' },
  { words: "DON'T PANIC", kind: 'info' },
  { words: "Can't ", kind: 'error' },
  { words: 'Downloading ', kind: 'info' },
  { words: 'Retrieving ', kind: 'info' },
  { words: 'Trying to ', kind: 'info' },
  { words: 'Testing database', kind: 'info' },
  { words: 'Connecting via ', kind: 'info' },
  { words: 'Client disconnected', kind: 'info' },
  { words: 'Client closed', kind: 'info' },
  { words: 'Clean message', kind: 'info' },
  { words: 'Skipping scan ', kind: 'info' },
  { words: 'Not scanning ', kind: 'info' },
  { words: 'VirusEvent: ', kind: 'info' },
  { words: 'Probe for ', kind: 'warning' },
  { words: 'Failed to ', kind: 'error' },
  { words: 'No clamd server appears to be available', kind: 'warning' },
  { words: 'Limits: ', kind: 'lifecycle' },
  { words: 'LOCAL: ', kind: 'lifecycle' },
  { words: 'TCP: ', kind: 'lifecycle' },
  { words: 'Log file ', kind: 'lifecycle' },
  { words: 'Running as user ', kind: 'lifecycle' },
  { words: 'Listening daemon', kind: 'lifecycle' },
  { words: 'Protecting against ', kind: 'lifecycle' },
  { words: 'Socket file removed', kind: 'lifecycle' },
  { words: 'Pid file removed', kind: 'lifecycle' },
  { words: 'Shutting down', kind: 'lifecycle' },
  { words: 'Waiting for ', kind: 'info' },
  { words: 'Exiting', kind: 'lifecycle' },
  { words: 'No stats for Database', kind: 'info' },
  { words: 'Archive support', kind: 'lifecycle' },
  { words: 'Archive: ', kind: 'lifecycle' },
  { words: 'AlertExceedsMax', kind: 'lifecycle' },
  { words: 'Heuristic', kind: 'lifecycle' },
  { words: 'Detection using ', kind: 'lifecycle' },
  { words: 'Self checking every ', kind: 'lifecycle' },
  { words: 'Portable Executable support', kind: 'lifecycle' },
  { words: 'Not loading PUA', kind: 'lifecycle' },
  { words: 'Bytecode: ', kind: 'lifecycle' },
  { words: ' support enabled', isInside: true, kind: 'lifecycle' },
  { words: ' support disabled', isInside: true, kind: 'lifecycle' },
  { words: ' is up to date', isInside: true, kind: 'info' },
  { words: ' is up-to-date', isInside: true, kind: 'info' },
  { words: ' updated (version', isInside: true, kind: 'info' },
  { words: ' database available for ', isInside: true, kind: 'info' },
];
