// One private Dovecot under a folder of its own: LMTP and authentication over Unix sockets, IMAP on a high loopback port, a sieve
// script that files marked mail into Junk, the mail_log plugin, and its log in Dovecot's own form.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { untilLogSays } from './postfix-instance.ts';
import { runCommand } from './run-command.ts';

export type DovecotOptions = {
  readonly folder: string;
  readonly imapPort: number;
  /** Addresses that have a mailbox; the password of each is `secret`. */
  readonly users: readonly string[];
};
export type DovecotInstance = {
  readonly logFile: string;
  readonly lmtpSocket: string;
  readonly authSocket: string;
  readonly stop: () => Promise<void>;
};

const sieveScript = `require ["fileinto", "mailbox"];
if header :is "X-Spam-Flag" "YES" {
  fileinto :create "Junk";
  stop;
}
if header :is "X-Unwanted" "YES" {
  discard;
}
`;

export async function startDovecot(options: DovecotOptions): Promise<DovecotInstance> {
  const { folder, imapPort, users } = options;
  const [base, mail, sieve] = [join(folder, 'run'), join(folder, 'mail'), join(folder, 'sieve')];
  for (const path of [base, mail, sieve]) await mkdir(path, { recursive: true });
  // Debian's own account for mail: the test makes no users.
  await runCommand('chown', ['mail:mail', mail]);
  const script = join(sieve, 'default.sieve');
  await writeFile(script, sieveScript);
  const userFile = join(folder, 'users');
  await writeFile(userFile, users.map((user) => `${user}:{PLAIN}secret::::::\n`).join(''));
  const logFile = join(folder, 'dovecot.log');
  const [lmtpSocket, authSocket] = [join(folder, 'lmtp'), join(folder, 'auth-client')];
  const configFile = join(folder, 'dovecot.conf');
  await writeFile(
    configFile,
    `protocols = imap lmtp
listen = 127.0.0.1
base_dir = ${base}
state_dir = ${base}
instance_name = mailward-test
log_path = ${logFile}
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_verbose = yes
mail_location = maildir:${mail}/%n
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
mail_plugins = $mail_plugins notify mail_log
postmaster_address = postmaster@real.test
hostname = store.real.test
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${userFile}
}
userdb {
  driver = passwd-file
  args = username_format=%u ${userFile}
  default_fields = uid=mail gid=mail home=${mail}/%n
}
namespace inbox {
  inbox = yes
}
protocol lmtp {
  mail_plugins = $mail_plugins sieve
}
plugin {
  sieve_default = ${script}
  mail_log_events = delete undelete expunge copy save mailbox_create mailbox_delete mailbox_rename flag_change
  mail_log_fields = uid box msgid size
}
service imap-login {
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
service lmtp {
  unix_listener ${lmtpSocket} {
    mode = 0666
  }
}
service auth {
  unix_listener ${authSocket} {
    mode = 0666
  }
}
`,
  );
  await runCommand('sievec', ['-c', configFile, script]);
  await runCommand('dovecot', ['-c', configFile]);
  await untilLogSays(logFile, 'starting up', 10_000);
  return {
    logFile,
    lmtpSocket,
    authSocket,
    stop: () => runCommand('doveadm', ['-c', configFile, 'stop']),
  };
}
