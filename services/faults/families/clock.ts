import type { Fault } from '../fault.ts';

// Only the daemons of the host see another time (libfaketime, preloaded into everything that the host starts from then on):
// the machine's clock is everybody's. The host's agent runs on and sees the right time.

const family = 'clock';
const daemons = ['rsyslog', 'opendkim', 'dovecot', 'postfix'];
const stopAll = `postfix stop; doveadm stop; pkill -x opendkim; pkill -x rsyslogd
i=0; while { pgrep -x dovecot || pgrep -x opendkim || pgrep -x rsyslogd; } >/dev/null && [ $i -lt 100 ]; do i=$((i+1)); sleep 0.1; done`;
const startAll = daemons.map((name) => `service_start ${name}`).join('; ');
const preload = `ls /usr/lib/*/faketime/libfaketime.so.1 >/etc/ld.so.preload`;
const settings = (offset: string): string => `printf '%s\\n' '${offset}' >/etc/faketimerc`;
const noCache = 'export FAKETIME_NO_CACHE=1';

function clockFault(
  id: string,
  title: string,
  change: string,
  truth: Pick<Fault, 'bites' | 'failureModes' | 'lookalikes'>,
): Fault {
  return {
    ...{ id, family, title, target: 'mail' },
    inject: change,
    heal: `rm -f /etc/ld.so.preload /etc/faketimerc; ${stopAll}; ${startAll}; postqueue -f`,
    ...truth,
  };
}
const skewed = (offset: string): string => `${stopAll}; ${settings(offset)}; ${preload}; ${startAll}`;
/** The daemons come up in the right time, and then it jumps under them. */
const stepped = (offset: string): string =>
  `${stopAll}; ${settings('+0')}; ${preload}; ${noCache}; ${startAll}; sleep 1; ${settings(offset)}`;

export const clockFaults: readonly Fault[] = [
  clockFault('clock-behind', 'The clock of the host is an hour behind', skewed('-1h'), {
    bites: { check: 'time' },
    failureModes: ['sys-clock-skew', 'pf-queue-clock-skew'],
    lookalikes: ['clock-ahead', 'qmgr-stopped'],
  }),
  clockFault('clock-ahead', 'The clock of the host is an hour ahead', skewed('+1h'), {
    bites: { check: 'time', shows: /s off/ },
    failureModes: ['sys-clock-skew'],
    lookalikes: ['clock-behind'],
  }),
  clockFault('clock-steps-back', 'The clock jumps back under running daemons', stepped('-10m'), {
    bites: { check: 'time' },
    failureModes: ['dc-time-backwards', 'sys-clock-skew', 'pf-queue-clock-skew'],
    lookalikes: ['clock-behind', 'dovecot-master-killed'],
  }),
  clockFault('clock-steps-ahead', 'The clock jumps ahead under running daemons', stepped('+10m'), {
    bites: { check: 'time' },
    failureModes: ['dc-time-forward', 'sys-clock-skew'],
    lookalikes: ['clock-ahead'],
  }),
];
