import type { Fault } from '../fault.ts';
import { keep, putBack, restartBoth, restartDovecot } from './daemons.ts';

const family = 'directory';
const directory = { family, target: 'directory', needs: 'directory' } as const;
const slapdConf = '/etc/mailward-lab/slapd.conf';
const restartDirectory =
  'pkill -x slapd; i=0; while pgrep -x slapd >/dev/null && [ $i -lt 50 ]; do i=$((i+1)); sleep 0.1; done; service_start directory';

export const directoryFaults: readonly Fault[] = [
  {
    ...{
      id: 'auth-socket-gone',
      family,
      target: 'mail',
      title: "Dovecot's auth socket in Postfix's queue is gone",
    },
    inject: 'mv /var/spool/postfix/private/auth /var/spool/postfix/private/auth.kept; pkill -x smtpd || true',
    heal: `rm -f /var/spool/postfix/private/auth.kept; ${restartBoth}`,
    bites: { check: 'submission' },
    failureModes: ['pf-sasl-dovecot-down', 'dc-unix-sock-refused'],
    lookalikes: ['auth-socket-forbidden', 'submission-port-blocked'],
  },
  {
    ...{
      id: 'auth-socket-forbidden',
      family,
      target: 'mail',
      title: "Dovecot's auth socket may not be used by Postfix",
    },
    inject:
      'chown root:root /var/spool/postfix/private/auth; chmod 600 /var/spool/postfix/private/auth; pkill -x smtpd || true',
    heal: `chown postfix:postfix /var/spool/postfix/private/auth; chmod 660 /var/spool/postfix/private/auth; ${restartBoth}`,
    bites: { check: 'submission' },
    failureModes: ['pf-sasl-dovecot-down', 'dc-perm-denied'],
    lookalikes: ['auth-socket-gone'],
  },
  {
    ...{
      id: 'lmtp-socket-gone',
      family,
      target: 'mail',
      title: "Dovecot's LMTP socket in Postfix's queue is gone",
    },
    inject: 'mv /var/spool/postfix/private/dovecot-lmtp /var/spool/postfix/private/dovecot-lmtp.kept',
    heal: `rm -f /var/spool/postfix/private/dovecot-lmtp.kept; ${restartDovecot}; postqueue -f`,
    bites: { check: 'mailbox', shows: /not in the mailbox/ },
    failureModes: ['pf-lmtp-dovecot-refused'],
    lookalikes: ['dovecot-master-killed', 'qmgr-stopped'],
  },
  {
    ...{ ...directory, id: 'directory-killed', title: 'The directory server is down' },
    inject: 'pkill -9 -x slapd',
    heal: 'pgrep -x slapd >/dev/null || service_start directory',
    bites: { check: 'submission' },
    failureModes: ['ld-down', 'dc-ldap-connect-fail', 'pf-ldap-connect'],
    lookalikes: ['directory-stopped', 'directory-password-wrong', 'directory-unreachable'],
  },
  {
    ...{ ...directory, id: 'directory-stopped', title: 'The directory server does not answer' },
    inject: 'pkill -STOP -x slapd',
    heal: 'pkill -CONT -x slapd || true',
    bites: { check: 'submission' },
    failureModes: ['ld-down', 'dc-ldap-connect-fail', 'dc-auth-timeout'],
    lookalikes: ['directory-killed', 'directory-unreachable'],
  },
  {
    ...{
      ...directory,
      id: 'directory-password-wrong',
      title: 'The password of the mail user of the directory was changed',
    },
    inject: `${keep(slapdConf)}; sed -i 's/^rootpw .*/rootpw changed/' ${slapdConf}; ${restartDirectory}`,
    heal: `${putBack(slapdConf)}; ${restartDirectory}`,
    bites: { check: 'submission' },
    failureModes: ['ld-bind-invalid', 'dc-ldap-connect-fail', 'pf-ldap-connect'],
    lookalikes: ['directory-killed', 'directory-empty'],
  },
  {
    ...{ ...directory, id: 'directory-empty', title: 'The entries of the users are gone from the directory' },
    inject: `${keep(slapdConf)}; sed -i 's#^directory .*#directory /var/lib/ldap/empty#' ${slapdConf}; install -d /var/lib/ldap/empty
awk 'BEGIN { RS = "" } NR == 1' /etc/mailward-lab/users.ldif | slapadd -q -f ${slapdConf}; chown -R openldap:openldap /var/lib/ldap/empty; ${restartDirectory}`,
    heal: `${putBack(slapdConf)}; rm -rf /var/lib/ldap/empty; ${restartDirectory}`,
    bites: { check: 'smtp', shows: /550|unknown/i },
    failureModes: ['pf-reject-unknown-user', 'dc-unknown-user'],
    lookalikes: ['recipients-inactive', 'directory-password-wrong'],
  },
  {
    ...{
      id: 'directory-unreachable',
      family,
      target: 'mail',
      needs: 'directory',
      title: 'The host reaches no directory',
    },
    inject:
      "nft -f - <<'RULES'\ntable inet fault_directory {\nchain o { type filter hook output priority -200; policy accept; tcp dport { 389, 636 } drop; }\n}\nRULES",
    heal: 'nft delete table inet fault_directory 2>/dev/null || true',
    bites: { check: 'submission' },
    failureModes: ['dc-ldap-connect-fail', 'pf-ldap-connect'],
    lookalikes: ['directory-killed', 'directory-stopped'],
  },
];
