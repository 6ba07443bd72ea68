// master, log, config, replicator, aggregator and indexer: the services themselves.
import type { EventKind, MailEvent } from '../../protocol/mail-event.ts';

const forms: ReadonlyArray<readonly [string, EventKind]> = [
  ['Dovecot v', 'lifecycle'],
  ['Killed with signal', 'lifecycle'],
  ['SIGHUP received', 'lifecycle'],
  ['SIGUSR1 received', 'lifecycle'],
  ['SIGINT received', 'lifecycle'],
  ['Killed by', 'lifecycle'],
  ['Sent SIG', 'lifecycle'],
  ['Shutting down', 'lifecycle'],
  ['Indexed ', 'info'],
  ['ID sent: ', 'info'],
  ['User lookup failed', 'info'],
];

export function parseLifecycle(line: string, start: number, event: MailEvent): boolean {
  const service = event.service;
  const text = line.slice(start);
  if (
    service === 'replicator' ||
    service === 'aggregator' ||
    service?.startsWith('dsync') ||
    text.startsWith('replication') ||
    text.startsWith('dsync(')
  ) {
    event.kind = 'replication';
    event.reason = text;
    return true;
  }
  for (const [words, kind] of forms) {
    if (!text.startsWith(words)) continue;
    event.kind = kind;
    event.reason = text;
    return true;
  }
  return false;
}
