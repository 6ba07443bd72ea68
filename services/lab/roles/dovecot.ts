import type { BuildInput, HostFile, HostService } from '../host-files.ts';
import { hostsOf, type LabHost, type LabPlan, type UserPlace } from '../topology.ts';
import { directoryBase, directoryPassword, directoryUrls, directoryUser, inDomains } from './directory.ts';
import { databasePassword, mailboxesOf, passwdFileText } from './mailboxes.ts';

export const replicationPort = 12_345;

export function dovecotFiles({ plan, host, time }: BuildInput): readonly HostFile[] {
  const peer = plan.hosts.find(({ name }) => name === host.peer);
  const text = {
    files: passwdFileText,
    database: sqlConf,
    directory: ldapConf,
  }[host.users](plan, host.domains);
  return [
    { path: '/etc/dovecot/dovecot.conf', text: dovecotConf(host, plan, peer?.fqdn) },
    {
      path: '/etc/dovecot/sieve/after.sieve',
      text: 'require "fileinto";\nif header :contains "X-Lab-Folder" "Lists" { fileinto "Lists"; }\n',
    },
    { path: usersFile, text, mode: 0o640, owner: 'root:dovecot' },
    ...(peer === undefined
      ? []
      : [{ path: '/var/lib/dovecot/replicator.db', text: replicatorState(plan, host.domains, time), mode: 0o600 }]),
  ];
}

export const dovecotService: HostService = {
  name: 'dovecot',
  // Its sockets lie in Postfix's queue, whose private folder must be Postfix's own before either of them starts.
  start:
    'rm -f /run/dovecot/master.pid; install -d -o postfix -g root -m 700 /var/spool/postfix/private; sievec /etc/dovecot/sieve/after.sieve; dovecot',
  listens: [24, 110, 143, 993, 995, 4190].map((port) => ({ protocol: 'tcp', port })),
};

function dovecotConf(host: LabHost, plan: LabPlan, peerFqdn: string | undefined): string {
  const replication = peerFqdn !== undefined;
  return `protocols = imap pop3 lmtp sieve
listen = *, ::
hostname = ${host.fqdn}
postmaster_address = postmaster@${plan.domain}
mail_location = maildir:~/Maildir
mail_uid = vmail
mail_gid = vmail
first_valid_uid = 5000
mail_plugins = $mail_plugins notify mail_log quota${replication ? ' replication' : ''}
login_trusted_networks =
ssl = yes
ssl_cert = </etc/ssl/lab/chain.pem
ssl_key = </etc/ssl/lab/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_max_userip_connections = 20
syslog_facility = mail
${usersIn(host.users)}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Lists {
    auto = no
  }
}
protocol imap {
  mail_plugins = $mail_plugins imap_quota
}
protocol lmtp {
  mail_plugins = $mail_plugins sieve
}
service lmtp {
  inet_listener lmtp {
    port = 24
  }
  unix_listener /var/spool/postfix/private/dovecot-lmtp {
    mode = 0600
    user = postfix
    group = postfix
  }
}
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
service imap-login {
  service_count = 0
  client_limit = 1000
}
service imap {
  process_limit = 2048
}
plugin {
  mail_log_events = delete undelete expunge copy save mailbox_create mailbox_delete mailbox_rename flag_change
  mail_log_fields = uid box msgid size from
  quota = maildir:User quota
  quota_rule = *:storage=50M
  sieve_after = /etc/dovecot/sieve/after.sieve
}
${replication ? replicationConf(peerFqdn) : ''}`;
}

/** What a driver of passdb and userdb reads. */
const usersFile = '/etc/dovecot/lab-users';

function usersIn(place: UserPlace): string {
  const driver = { files: 'passwd-file', database: 'sql', directory: 'ldap' }[place];
  const options = place === 'files' ? 'username_format=%u ' : '';
  const scheme = place === 'files' ? 'scheme=PLAIN ' : '';
  return `passdb {
  driver = ${driver}
  args = ${scheme}${options}${usersFile}
}
userdb {
  driver = ${driver}
  args = ${options}${usersFile}
}`;
}

function replicationConf(peerFqdn: string): string {
  return `doveadm_port = ${replicationPort}
doveadm_password = lab-replication
service doveadm {
  inet_listener {
    port = ${replicationPort}
  }
}
service replicator {
  process_min_avail = 1
  unix_listener replicator-doveadm {
    mode = 0600
    user = vmail
  }
}
service aggregator {
  fifo_listener replication-notify-fifo {
    user = vmail
  }
  unix_listener replication-notify {
    user = vmail
  }
}
plugin {
  mail_replica = tcp:${peerFqdn}:${replicationPort}
}
`;
}

/**
 * What the replicator knows of its users (replicator.db): priority, last update, last fast and full sync, failed, state,
 * last success. The mailboxes start empty on both holders, and this says so: otherwise a fresh lab would spend its first
 * minutes comparing them, one by one.
 */
function replicatorState(plan: LabPlan, domains: readonly string[], time: number): string {
  const now = Math.floor(time / 1000);
  return mailboxesOf(plan, domains)
    .map(({ address }) => `${address}\t0\t0\t${now}\t${now}\t0\t\t${now}\n`)
    .join('');
}

function ldapConf(plan: LabPlan, domains: readonly string[]): string {
  const here = inDomains(domains);
  return `uris = ${directoryUrls(plan)}
dn = ${directoryUser}
dnpass = ${directoryPassword}
base = ${directoryBase}
scope = subtree
default_pass_scheme = PLAIN
pass_attrs = mail=user,userPassword=password
pass_filter = (&(mail=%u)${here})
user_attrs = =uid=5000,=gid=5000,=home=/srv/mail/%d/%n
user_filter = (&(mail=%u)${here})
iterate_attrs = mail=user
iterate_filter = (&(mail=*)${here})
`;
}

function sqlConf(plan: LabPlan, domains: readonly string[]): string {
  const here = `domain IN (${domains.map((domain) => `'${domain}'`).join(',')}) AND active = 1`;
  const connects = hostsOf(plan, 'database')
    .map(({ fqdn }) => `connect = host=${fqdn} dbname=mail user=mail password=${databasePassword} connect_timeout=5\n`)
    .join('');
  return `driver = mysql
${connects}default_pass_scheme = PLAIN
password_query = SELECT address AS user, password FROM mailbox WHERE address = '%u' AND ${here}
user_query = SELECT 5000 AS uid, 5000 AS gid, CONCAT('/srv/mail/', domain, '/', name) AS home FROM mailbox WHERE address = '%u' AND ${here}
iterate_query = SELECT address AS user FROM mailbox WHERE ${here}
`;
}
