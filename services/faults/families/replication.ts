import type { Fault } from '../fault.ts';
import { awaitEnd, keep, putBack, restartDovecot } from './daemons.ts';

const family = 'replication';
const dovecotConf = '/etc/dovecot/dovecot.conf';
const syncAll = "sleep 0.5; doveadm replicator replicate -p high '*'";

export const replicationFaults: readonly Fault[] = [
  {
    ...{
      id: 'replicator-stopped',
      family,
      target: 'mail',
      needs: 'peer',
      title: 'The replicator hangs: the other holder falls behind',
    },
    inject: 'pkill -STOP -f "^dovecot/replicator"',
    heal: 'pkill -CONT -f "^dovecot/replicator" || true',
    bites: { check: 'replication', shows: /other holder/ },
    failureModes: ['dc-dsync-queue', 'dc-dsync-fail'],
    lookalikes: ['replication-blocked'],
  },
  {
    ...{ id: 'replication-password-wrong', family, target: 'mail', needs: 'peer' },
    title: 'The holders of the mailboxes no longer know the same replication password',
    inject: `${keep(dovecotConf)}; sed -i 's/^doveadm_password = .*/doveadm_password = changed/' ${dovecotConf}; ${restartDovecot}`,
    heal: `${putBack(dovecotConf)}; ${restartDovecot}; ${syncAll}`,
    bites: { check: 'replication', shows: /other holder/ },
    failureModes: ['dc-dsync-fail'],
    lookalikes: ['replicator-stopped', 'replication-blocked'],
  },
  {
    ...{ id: 'replication-split', family, target: 'mail', needs: 'peer' },
    title: 'Each holder counts the mailbox as one of its own, and the two never become one again',
    // Another GUID of the same mailbox: every exchange then swaps them and ends in failure.
    inject: `for d in /srv/mail/*/u1/Maildir; do cp -n "$d/dovecot-uidlist" "$d/kept-uidlist"; done
${restartDovecot}; doveadm stop; rm -f /srv/mail/*/u1/Maildir/dovecot.index*
sed -i '1s/ G[0-9a-f]*/ G00000000000000000000000000000bad/' /srv/mail/*/u1/Maildir/dovecot-uidlist; service_start dovecot`,
    heal: `doveadm stop; for d in /srv/mail/*/u1/Maildir; do test -f "$d/kept-uidlist" || continue
sed -i "1s/ G[0-9a-f]*/ G$(sed -n '1s/.* G\\([0-9a-f]*\\).*/\\1/p' "$d/kept-uidlist")/" "$d/dovecot-uidlist"; rm -f "$d/kept-uidlist" "$d"/dovecot.index*; done; ${awaitEnd('dovecot')}; service_start dovecot; ${syncAll}`,
    bites: { check: 'replication', shows: /other holder/ },
    failureModes: ['dc-dsync-fail'],
    lookalikes: ['replicator-stopped'],
  },
];
