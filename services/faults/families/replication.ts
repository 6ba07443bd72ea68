import type { Fault } from '../fault.ts';
import { keep, putBack, restartDovecot } from './daemons.ts';

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
];
