import type { Fault } from '../fault.ts';
import { dropGroup, makeGroup } from './control-groups.ts';
import { hold, keep, letGo, postconf, putBack, restartDovecot, restartPostfix } from './daemons.ts';

const family = 'limit';
const dovecotConf = '/etc/dovecot/dovecot.conf';

export const limitFaults: readonly Fault[] = [
  {
    ...{
      id: 'smtpd-process-limit',
      family,
      target: 'mail',
      title: 'All allowed smtpd processes are held by silent clients',
    },
    inject:
      "postconf -F smtp/inet/process_limit=1; postfix reload; sleep 0.5; pkill -x smtpd; setsid sh -c 'while :; do sleep 3600 | socat - TCP4:127.0.0.1:25; sleep 0.1; done' fault-holder >/dev/null 2>&1 </dev/null & sleep 1",
    heal: 'pkill -f fault-holder || true; pkill -f TCP4:127.0.0.1:25 || true; postconf -F smtp/inet/process_limit=-; postfix reload',
    bites: { check: 'smtp' },
    failureModes: ['pf-process-limit', 'pf-stress-mode'],
    lookalikes: ['postfix-stopped', 'smtp-port-blocked'],
  },
  {
    ...{ id: 'mailbox-over-quota', family, target: 'mail', title: 'Every mailbox is over its quota' },
    inject: `sed -i 's/storage=50M/storage=1B/' /etc/dovecot/dovecot.conf; ${restartDovecot}`,
    heal: `sed -i 's/storage=1B/storage=50M/' /etc/dovecot/dovecot.conf; ${restartDovecot}`,
    bites: { check: 'mailbox', shows: /not in the mailbox/ },
    failureModes: ['dc-quota-user'],
    lookalikes: ['store-full'],
  },
  {
    ...{ id: 'too-many-descriptors', family, target: 'mail', title: 'Postfix may open too few files' },
    inject: 'prlimit --pid "$(cat /var/spool/postfix/pid/master.pid)" --nofile=14:14; pkill -x smtpd || true',
    heal: restartPostfix,
    bites: { check: 'smtp' },
    failureModes: ['pf-fd-limit', 'pf-bad-command-startup'],
    lookalikes: ['smtpd-crash-loop', 'too-many-processes'],
  },
  {
    ...{
      id: 'too-many-processes',
      family,
      target: 'mail',
      needs: 'cgroups',
      title: 'Postfix may start no further process',
    },
    inject: `${makeGroup('pids', { 'pids.max': '1' })}
for p in $(cat /var/spool/postfix/pid/master.pid); do echo "$p" >"$group/cgroup.procs"; done; pkill -x smtpd || true`,
    heal: `postfix stop; ${dropGroup('pids')} ${restartPostfix}`,
    bites: { check: 'smtp' },
    failureModes: ['sys-tasks-max', 'pf-fork-fail'],
    lookalikes: ['smtpd-crash-loop', 'too-many-descriptors'],
  },
  {
    ...{ id: 'imap-process-limit', family, target: 'mail', title: 'IMAP has as many sessions as it may' },
    inject: `${keep(dovecotConf)}; sed -i 's/^  process_limit = 2048/  process_limit = 1/' ${dovecotConf}; ${restartDovecot}; sleep 0.5
${hold('session', '(printf "a LOGIN u2@%s lab-secret\\r\\n" "$1"; exec sleep 3600) | socat - TCP4:127.0.0.1:143', '"$(ls /srv/mail | head -1)"')}`,
    heal: `${letGo('session')}; ${putBack(dovecotConf)}; ${restartDovecot}`,
    bites: { check: 'imap' },
    failureModes: ['dc-process-limit', 'dc-client-limit'],
    lookalikes: ['imap-crash-loop', 'imap-memory-limit'],
  },
  postconf(
    family,
    'connection-rate-limit',
    'A client may connect once a minute and no more',
    'smtpd_client_connection_rate_limit=1',
    {
      bites: { check: 'smtp', shows: /42[01]|too many/i },
      failureModes: ['pf-conn-rate-limit'],
      lookalikes: ['smtpd-process-limit'],
    },
  ),
];
