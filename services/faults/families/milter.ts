import type { Fault } from '../fault.ts';

const family = 'milter';
const restartRspamd =
  'pkill -x rspamd; i=0; while pgrep -x rspamd >/dev/null && [ $i -lt 50 ]; do i=$((i+1)); sleep 0.1; done; service_start rspamd';

export const milterFaults: readonly Fault[] = [
  {
    ...{ id: 'rspamd-killed', family, target: 'mail', title: 'Rspamd is down' },
    inject: 'pkill -9 -x rspamd',
    heal: 'pgrep -x rspamd >/dev/null || service_start rspamd',
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['rs-down', 'pf-milter-connect-fail'],
    lookalikes: ['opendkim-killed', 'rspamd-stopped'],
  },
  {
    ...{ id: 'rspamd-stopped', family, target: 'mail', title: 'Rspamd does not answer' },
    inject: 'pkill -STOP -x rspamd',
    heal: 'pkill -CONT -x rspamd || true',
    bites: { check: 'smtp' },
    failureModes: ['pf-milter-timeout', 'rs-down'],
    lookalikes: ['rspamd-killed', 'opendkim-stopped'],
  },
  {
    ...{ id: 'opendkim-killed', family, target: 'mail', title: 'OpenDKIM is down' },
    inject: 'pkill -9 -x opendkim',
    heal: 'pgrep -x opendkim >/dev/null || service_start opendkim',
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['dkim-down', 'pf-milter-connect-fail'],
    lookalikes: ['rspamd-killed', 'opendkim-stopped'],
  },
  {
    ...{ id: 'opendkim-stopped', family, target: 'mail', title: 'OpenDKIM does not answer' },
    inject: 'pkill -STOP -x opendkim',
    heal: 'pkill -CONT -x opendkim || true',
    bites: { check: 'smtp' },
    failureModes: ['pf-milter-timeout', 'dkim-down'],
    lookalikes: ['opendkim-killed', 'rspamd-stopped'],
  },
  {
    ...{ id: 'dkim-key-missing', family, target: 'mail', title: 'The signing key is gone' },
    inject:
      'mv -n /etc/opendkim/dkim.key /etc/opendkim/dkim.key.kept; pkill -9 -x opendkim; sleep 0.3; service_start opendkim || true',
    heal: 'test -f /etc/opendkim/dkim.key.kept && mv -f /etc/opendkim/dkim.key.kept /etc/opendkim/dkim.key; pkill -9 -x opendkim; sleep 0.3; service_start opendkim',
    bites: { check: 'submission' },
    failureModes: ['dkim-key-load', 'dkim-down'],
    lookalikes: ['opendkim-killed', 'signing-table-other'],
  },
  {
    ...{
      id: 'signing-table-other',
      family,
      target: 'mail',
      title: 'The own domains are not signed: the signing table lists another one',
    },
    inject:
      'cp -n /etc/opendkim/signing /etc/opendkim/signing.kept; echo "*@elsewhere.test lab.test" >/etc/opendkim/signing; pkill -9 -x opendkim; sleep 0.3; service_start opendkim',
    heal: 'test -f /etc/opendkim/signing.kept && mv -f /etc/opendkim/signing.kept /etc/opendkim/signing; pkill -9 -x opendkim; sleep 0.3; service_start opendkim',
    bites: { check: 'signed', shows: /unsigned/ },
    failureModes: ['dkim-no-signing-match', 'dkim-unsigned-outbound'],
    lookalikes: ['dkim-key-missing'],
  },
  {
    ...{ id: 'rspamd-tempfails', family, target: 'mail', title: 'Rspamd defers every message' },
    inject: `printf 'rules { ALL { action = "soft reject"; expression = "!FAULT_NEVER"; message = "Try again later"; } }\\n' >/etc/rspamd/local.d/force_actions.conf; ${restartRspamd}`,
    heal: `rm -f /etc/rspamd/local.d/force_actions.conf; ${restartRspamd}`,
    bites: { check: 'smtp', shows: /45\d|4\.7\.1/ },
    failureModes: ['pf-milter-tempfail', 'rs-false-positive-surge'],
    lookalikes: ['rspamd-killed', 'rspamd-stopped'],
  },
];
