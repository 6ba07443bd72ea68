import type { Fault } from '../fault.ts';
import { dropGroup, enterAll, makeGroup, runInGroup } from './control-groups.ts';
import { hold, keep, letGo, putBack, restartDovecot } from './daemons.ts';

// Memory and processor time that daemons do not get.

export const memoryFaults: readonly Fault[] = [
  {
    ...{ id: 'imap-memory-limit', family: 'memory', target: 'mail' },
    title: 'IMAP processes reach the limit of their address space',
    inject: `${keep('/etc/dovecot/dovecot.conf')}; printf 'service imap {\\n  vsz_limit = 5M\\n}\\n' >>/etc/dovecot/dovecot.conf; ${restartDovecot}`,
    heal: `${putBack('/etc/dovecot/dovecot.conf')}; ${restartDovecot}`,
    bites: { check: 'imap' },
    failureModes: ['dc-vsz-limit', 'dc-child-killed'],
    lookalikes: ['imap-crash-loop', 'dovecot-master-killed'],
  },
  {
    ...{ id: 'rspamd-out-of-memory', family: 'memory', target: 'mail', needs: 'cgroups' },
    title: 'The kernel ends Rspamd for its memory, each time it starts',
    inject: `pkill -9 -x rspamd; ${makeGroup('memory', { 'memory.limit_in_bytes': '24M' })}${runInGroup('service_start rspamd')}`,
    heal: `pkill -9 -x rspamd; ${dropGroup('memory')} service_start rspamd`,
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['sys-oom', 'rs-down', 'rs-memory-growth', 'pf-milter-connect-fail'],
    lookalikes: ['rspamd-killed', 'opendkim-killed'],
  },
  {
    ...{ id: 'databases-out-of-memory', family: 'memory', target: 'databases', needs: 'cgroups' },
    title: 'The kernel ends MariaDB for its memory on every database host',
    inject: `pkill -9 -x mariadbd; ${makeGroup('memory', { 'memory.limit_in_bytes': '24M' })}${runInGroup('service_start database')}`,
    heal: `pkill -f services/database; pkill -9 -x mariadbd; ${dropGroup('memory')} service_start database`,
    bites: { check: 'submission' },
    failureModes: ['my-oom', 'sys-oom', 'my-down'],
    lookalikes: ['databases-killed', 'databases-stopped'],
  },
];

/** Busy loops share what the group has, so the machine itself hardly notices, and end with it. */
const burn = hold('burner', 'echo 0 >"$1/cgroup.procs"; while test -d "$1"; do :; done', '"$group"');

function processorFault(
  id: string,
  title: string,
  target: Fault['target'],
  /** Of each second, so much time of one processor, and so many busy loops that want it too. */
  limits: { readonly microseconds: number; readonly burners: number },
  truth: Pick<Fault, 'bites' | 'failureModes' | 'lookalikes'>,
): Fault {
  const burners = `i=0; while [ $i -lt ${limits.burners} ]; do ${burn} i=$((i+1)); done`;
  return {
    ...{ id, family: 'cpu', title, target, needs: 'cgroups', pastAgent: true },
    inject: `${makeGroup('cpu', { 'cpu.cfs_period_us': '1000000', 'cpu.cfs_quota_us': String(limits.microseconds) })}${enterAll}${burners}`,
    heal: `${letGo('burner')}; ${dropGroup('cpu')} postqueue -f 2>/dev/null || true`,
    ...truth,
  };
}

export const processorFaults: readonly Fault[] = [
  processorFault(
    'cpu-hog',
    'Something else uses the processor up',
    'mail',
    { microseconds: 20_000, burners: 20 },
    {
      bites: { check: 'smtp' },
      failureModes: ['sys-cpu-saturated', 'sym-smtp-greeting-delay'],
      lookalikes: ['cpu-withheld', 'host-slow-link', 'rspamd-stopped'],
    },
  ),
  processorFault(
    'cpu-withheld',
    'The host is given hardly any time of its processor, as a crowded hypervisor does',
    'mail',
    { microseconds: 2000, burners: 0 },
    {
      bites: { check: 'smtp' },
      failureModes: ['sys-steal', 'sys-cpu-saturated'],
      lookalikes: ['cpu-hog', 'host-slow-link'],
    },
  ),
  processorFault(
    'databases-cpu-hog',
    'Something else uses the processor of the database hosts up',
    'databases',
    { microseconds: 2000, burners: 40 },
    {
      bites: { check: 'submission' },
      failureModes: ['sys-cpu-saturated', 'my-source-overloaded', 'dc-sql-slow'],
      lookalikes: ['databases-stopped', 'mailbox-table-locked'],
    },
  ),
];
