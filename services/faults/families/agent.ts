import type { Fault } from '../fault.ts';
import { awaitEnd } from './daemons.ts';

// What keeps an operator from seeing what happened: the agent, control, the way between them, the mail log itself. Mail
// goes on. Most have no name in the catalogue of failure modes of mail systems.

const family = 'agent';
const agent = 'services/agent/main.ts';
const control = 'services/control/main.ts';
const log = '/var/log/mail.log';
const restartAgent = `pkill -9 -f ${agent}; service_start agent`;

const unseen = (
  id: string,
  title: string,
  target: Fault['target'],
  act: { readonly inject: string; readonly heal: string },
  lookalikes: string[],
  failureModes: string[] = [],
): Fault => ({
  ...{ id, family, title, target, pastAgent: true },
  ...act,
  bites: { check: 'trace' },
  failureModes,
  lookalikes,
});

export const agentFaults: readonly Fault[] = [
  unseen(
    'agent-killed',
    'The agent of the host is down',
    'mail',
    { inject: `pkill -9 -f ${agent}`, heal: `pgrep -f ${agent} >/dev/null || service_start agent` },
    ['agent-stopped', 'control-unreachable', 'mail-log-silent'],
  ),
  unseen(
    'agent-stopped',
    'The agent of the host hangs (SIGSTOP)',
    'mail',
    { inject: `pkill -STOP -f ${agent}`, heal: `pkill -CONT -f ${agent} || true` },
    ['agent-killed', 'control-unreachable'],
  ),
  unseen(
    'agent-may-not-read-log',
    'The agent may not read the mail log',
    'mail',
    {
      inject: `chmod 000 ${log}; pkill -9 -f ${agent}
service=$(command -v setpriv >/dev/null && echo ok); test -n "$service"
( service_start() { setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search /etc/mailward-lab/services/"$1"; }; service_start agent )`,
      heal: `chmod 640 ${log}; ${restartAgent}`,
    },
    ['mail-log-silent', 'agent-killed'],
    ['pf-maillog-lost'],
  ),
  unseen(
    'mail-log-silent',
    'The system log daemon is down: mail flows and nothing is written',
    'mail',
    { inject: 'pkill -9 -x rsyslogd', heal: 'pgrep -x rsyslogd >/dev/null || service_start rsyslog' },
    ['mail-log-elsewhere', 'agent-killed'],
    ['pf-maillog-lost'],
  ),
  unseen(
    'mail-log-elsewhere',
    'The mail log is written to another file than the one that is read',
    'mail',
    {
      inject: `sed -i 's#/var/log/mail.log#/var/log/elsewhere#' /etc/rsyslog.conf; pkill -x rsyslogd; ${awaitEnd('rsyslogd')}; service_start rsyslog`,
      heal: `sed -i 's#/var/log/elsewhere#/var/log/mail.log#' /etc/rsyslog.conf; pkill -x rsyslogd; ${awaitEnd('rsyslogd')}; service_start rsyslog; rm -f /var/log/elsewhere`,
    },
    ['mail-log-silent'],
    ['pf-maillog-lost'],
  ),
  unseen(
    'control-unreachable',
    'The host does not reach control',
    'mail',
    {
      inject:
        'nft -f - <<\'RULES\'\ntable inet fault_control {\nchain o { type filter hook output priority -200; policy accept; oifname "eth0" tcp dport 7400 drop; }\n}\nRULES',
      heal: 'nft delete table inet fault_control 2>/dev/null || true',
    },
    ['control-killed', 'agent-stopped'],
  ),
  unseen(
    'control-killed',
    'Control is down',
    'control',
    { inject: `pkill -9 -f ${control}`, heal: `pgrep -f ${control} >/dev/null || service_start control` },
    ['control-stopped', 'control-unreachable'],
  ),
  unseen(
    'control-stopped',
    'Control hangs (SIGSTOP)',
    'control',
    { inject: `pkill -STOP -f ${control}`, heal: `pkill -CONT -f ${control} || true` },
    ['control-killed'],
  ),
];
