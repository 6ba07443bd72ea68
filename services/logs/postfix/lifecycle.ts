// master(8), postfix-script, postsuper(1) and what any daemon says of its own comings and goings.
import type { EventKind, MailEvent } from '../../protocol/mail-event.ts';

const forms: ReadonlyArray<readonly [string, EventKind]> = [
  ['daemon started', 'lifecycle'],
  ['reload', 'lifecycle'],
  ['terminating on signal', 'lifecycle'],
  ['starting the Postfix', 'lifecycle'],
  ['stopping the Postfix', 'lifecycle'],
  ['refreshing the Postfix', 'lifecycle'],
  ['aborting the Postfix', 'lifecycle'],
  ['the Postfix mail system is', 'lifecycle'],
  ['Postfix is ', 'lifecycle'],
  ['waiting for the Postfix', 'lifecycle'],
  ['table ', 'lifecycle'],
  ['set-permissions', 'lifecycle'],
  ['placed on hold', 'hold'],
  ['released from hold', 'info'],
  ['requeued', 'info'],
  ['expired', 'expired'],
  ['skipped, still being delivered', 'info'],
  ['discarding EHLO keywords', 'info'],
  ['entering STRESS mode', 'limit'],
  ['leaving STRESS mode', 'limit'],
  ['removed spurious', 'info'],
  ['breaking line', 'info'],
  ['replacing command', 'info'],
  ['Relaying allowed', 'info'],
  ['Deleted: ', 'info'],
  ['Placed on hold: ', 'info'],
  ['Released from hold: ', 'info'],
  ['Requeued: ', 'info'],
  ['Expired: ', 'info'],
  ['Renamed', 'info'],
  ['mail for ', 'info'],
  ['using backwards-compatible default setting', 'info'],
  ['dict_', 'info'],
  // The SASL library writes to the log itself.
  ['looking for plugins', 'info'],
  ['unable to dlopen', 'warning'],
  ['cannot load ', 'warning'],
];

export function parseLifecycle(line: string, start: number, event: MailEvent): boolean {
  for (const [words, kind] of forms) {
    if (!line.startsWith(words, start)) continue;
    event.kind = kind;
    event.reason = line.slice(start);
    return true;
  }
  return false;
}
