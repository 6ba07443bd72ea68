import type { Fault } from '../fault.ts';
import { restartDovecot, restartPostfix } from './daemons.ts';

const family = 'process';
/** A program that ends at once stands where the daemon's own was. */
const diesAtStart = (program: string): string => `mount --bind /bin/false ${program}`;
const startsAgain = (program: string): string => `umount -l ${program} 2>/dev/null`;
const smtpd = '/usr/lib/postfix/sbin/smtpd';
const imap = '/usr/lib/dovecot/imap';

export const processFaults: readonly Fault[] = [
  {
    ...{ id: 'postfix-master-killed', family, target: 'mail', title: 'Postfix master is killed' },
    inject: 'kill -9 "$(cat /var/spool/postfix/pid/master.pid)"; pkill -9 -x smtpd || true',
    heal: 'postfix abort 2>/dev/null; service_start postfix',
    bites: { check: 'smtp', shows: /ECONNREFUSED/ },
    failureModes: ['pf-master-not-running'],
    lookalikes: ['smtp-port-blocked', 'host-cut'],
  },
  {
    ...{
      id: 'postfix-stopped',
      family,
      target: 'mail',
      title: 'Postfix hangs: master and its listeners are stopped (SIGSTOP)',
    },
    inject: 'pkill -STOP -x smtpd; kill -STOP "$(cat /var/spool/postfix/pid/master.pid)"',
    heal: 'kill -CONT "$(cat /var/spool/postfix/pid/master.pid)"; pkill -CONT -x smtpd || true',
    bites: { check: 'smtp' },
    failureModes: ['pf-master-not-running', 'sym-smtp-connect-timeouts'],
    lookalikes: ['smtp-port-blocked', 'smtpd-process-limit'],
  },
  {
    ...{
      id: 'qmgr-stopped',
      family,
      target: 'mail',
      title: 'The queue manager hangs: mail is taken and not delivered',
    },
    inject: 'pkill -STOP -x qmgr',
    heal: 'pkill -CONT -x qmgr || true',
    bites: { check: 'mailbox', shows: /not in the mailbox/ },
    failureModes: ['pf-incoming-backlog'],
    lookalikes: ['lmtp-socket-gone', 'store-full'],
  },
  {
    ...{ id: 'dovecot-master-killed', family, target: 'mail', title: 'Dovecot master is killed' },
    inject: 'kill -9 "$(cat /run/dovecot/master.pid)"; pkill -9 -f "^dovecot/" || true',
    heal: 'pkill -9 -f "^dovecot/" || true; doveadm stop 2>/dev/null; service_start dovecot',
    bites: { check: 'imap', shows: /ECONNREFUSED/ },
    failureModes: ['dc-master-down'],
    lookalikes: ['imap-port-blocked', 'dovecot-config-error'],
  },
  {
    ...{ id: 'dovecot-auth-stopped', family, target: 'mail', title: 'Dovecot auth hangs (SIGSTOP)' },
    inject: 'pkill -STOP -f "^dovecot/auth"',
    heal: 'pkill -CONT -f "^dovecot/auth" || true',
    bites: { check: 'imap' },
    failureModes: ['dc-auth-disconnected-early', 'dc-auth-timeout'],
    lookalikes: ['databases-stopped', 'mailbox-table-locked'],
  },
  {
    ...{ id: 'smtpd-crash-loop', family, target: 'mail', title: 'smtpd dies each time it is started' },
    inject: `${diesAtStart(smtpd)}; pkill -x smtpd || true`,
    heal: `${startsAgain(smtpd)}; ${restartPostfix}`,
    bites: { check: 'smtp' },
    failureModes: ['pf-bad-command-startup', 'pf-daemon-killed-signal'],
    lookalikes: ['postfix-master-killed', 'smtpd-process-limit', 'too-many-descriptors'],
  },
  {
    ...{ id: 'imap-crash-loop', family, target: 'mail', title: 'IMAP processes die each time they are started' },
    inject: diesAtStart(imap),
    heal: `${startsAgain(imap)}; ${restartDovecot}`,
    bites: { check: 'imap' },
    failureModes: ['dc-service-throttled', 'dc-child-killed'],
    lookalikes: ['imap-memory-limit', 'dovecot-master-killed'],
  },
];
