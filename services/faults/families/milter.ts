import type { Fault } from '../fault.ts';
import { dropGroup, makeGroup, runInGroup } from './control-groups.ts';
import { hold, keep, letGo, putBackOrRemove } from './daemons.ts';

const family = 'milter';
const restartRspamd =
  'pkill -x rspamd; i=0; while pgrep -x rspamd >/dev/null && [ $i -lt 50 ]; do i=$((i+1)); sleep 0.1; done; service_start rspamd';

const forceActions = '/etc/rspamd/local.d/force_actions.conf';
const rspamdOptions = '/etc/rspamd/local.d/options.inc';
const rspamdRules = '/etc/rspamd/rspamd.local.lua';

/** Where something listens for `rspamd-slow`. */
const silentPort = 7790;
/** One hash signature a line, hash:size:name. They match nothing that is ever sent. */
const manySignatures = '/var/lib/clamav-lab/many.hdb';
const writeSignatures = `awk -v count="$signatures" 'BEGIN { for (i = 0; i < count; i++) printf "%032x:%d:Lab.Many.%d\\n", i, 1000000 + i % 1000, i }' >${manySignatures}`;

export const milterFaults: readonly Fault[] = [
  {
    ...{ id: 'rspamd-killed', family, target: 'mail', title: 'Rspamd is down' },
    inject: 'pkill -9 -x rspamd',
    heal: 'pgrep -x rspamd >/dev/null || service_start rspamd',
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['rs-down', 'pf-milter-connect-fail'],
    lookalikes: ['opendkim-killed', 'rspamd-stopped', 'clamd-killed'],
  },
  {
    ...{ id: 'rspamd-stopped', family, target: 'mail', title: 'Rspamd does not answer' },
    inject: 'pkill -STOP -x rspamd',
    heal: 'pkill -CONT -x rspamd || true',
    bites: { check: 'smtp' },
    failureModes: ['pf-milter-timeout', 'rs-down'],
    lookalikes: ['rspamd-killed', 'opendkim-stopped', 'rspamd-slow', 'clamd-stopped'],
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
    inject: `${keep(forceActions)}; printf 'rules { ALL { action = "soft reject"; expression = "!FAULT_NEVER"; message = "Try again later"; } }\\n' >${forceActions}; ${restartRspamd}`,
    heal: `${putBackOrRemove(forceActions, 'FAULT_NEVER')}; ${restartRspamd}`,
    bites: { check: 'smtp', shows: /45\d|4\.7\.1/ },
    failureModes: ['pf-milter-tempfail', 'rs-false-positive-surge'],
    lookalikes: ['rspamd-killed', 'rspamd-stopped'],
  },
  {
    ...{ id: 'rspamd-slow', family, target: 'mail', title: 'Rspamd answers later than Postfix waits' },
    parameters: { delay_seconds: '15' },
    // A rule asks something that listens and never answers, and each message waits for it.
    inject: `${hold('silent', `socat -u TCP4-LISTEN:${silentPort},bind=127.0.0.1,reuseaddr,fork OPEN:/dev/null; true`)}
${keep(rspamdOptions)}; echo 'task_timeout = 120s; # FAULT_SLOW' >>${rspamdOptions}
${keep(rspamdRules)}; cat >${rspamdRules} <<RULE
local http = require 'rspamd_http'
local function ask(task)
  http.request({ task = task, url = 'http://127.0.0.1:${silentPort}/', timeout = $delay_seconds, callback = function() end })
end
rspamd_config:register_symbol({ name = 'FAULT_SLOW', type = 'normal', callback = ask })
RULE
${restartRspamd}`,
    heal: `${letGo('silent')}; ${putBackOrRemove(rspamdOptions, 'FAULT_SLOW')}; ${putBackOrRemove(rspamdRules, 'FAULT_SLOW')}; ${restartRspamd}`,
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['pf-milter-timeout', 'rs-task-timeout'],
    lookalikes: ['rspamd-stopped', 'clamd-stopped', 'resolver-slow'],
  },
  {
    ...{ id: 'clamd-killed', family, target: 'mail', title: 'clamd is down: no message can be scanned' },
    inject: 'pkill -9 -x clamd',
    heal: 'pgrep -x clamd >/dev/null || service_start clamd',
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['av-clamd-down', 'av-milter-clamd', 'pf-milter-tempfail'],
    lookalikes: ['signatures-loading', 'clamd-stopped', 'rspamd-killed', 'rspamd-tempfails'],
  },
  {
    ...{ id: 'clamd-stopped', family, target: 'mail', title: 'clamd hangs: every scan waits for it (SIGSTOP)' },
    inject: 'pkill -STOP -x clamd',
    heal: 'pkill -CONT -x clamd || true',
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['pf-milter-timeout', 'av-clamd-down', 'av-overload'],
    lookalikes: ['clamd-killed', 'rspamd-slow', 'rspamd-stopped'],
  },
  {
    ...{ id: 'signatures-loading', family, target: 'mail', needs: 'cgroups' },
    title: 'clamd was started again and is still reading its signatures',
    // From its start on it has so little of the processor that it reads them for minutes, which costs the machine nothing.
    parameters: { signatures: '1000000' },
    inject: `pkill -9 -x clamd; ${writeSignatures}; ${makeGroup('cpu', { 'cpu.cfs_period_us': '1000000', 'cpu.cfs_quota_us': '-1' })}${runInGroup('service_start clamd')}
i=0; until pgrep -x clamd >/dev/null || [ $i -ge 500 ]; do i=$((i+1)); sleep 0.01; done; echo 1000 >"$group/cpu.cfs_quota_us"`,
    heal: `pkill -9 -x clamd; rm -f ${manySignatures}; ${dropGroup('cpu')} service_start clamd`,
    bites: { check: 'smtp', shows: /451|4\.7\.1/ },
    failureModes: ['av-clamd-down', 'av-milter-clamd', 'pf-milter-tempfail'],
    lookalikes: ['clamd-killed', 'clamd-stopped', 'rspamd-killed'],
  },
];
