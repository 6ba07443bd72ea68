import type { BuildInput, HostBuild, HostVolume } from '../host-files.ts';
import { hostsOf } from '../topology.ts';
import { databasePassword, mailboxesOf, mailboxPassword } from './mailboxes.ts';

const dataVolume: HostVolume = {
  name: 'data',
  path: '/var/lib/mysql',
  sizeMiB: 256,
  mode: '0755',
  owner: 'mysql:mysql',
};

/** MariaDB, a primary or its replica (GTID), with the virtual users of all mail hosts. */
export function buildDatabase(input: BuildInput): HostBuild {
  const primary = input.plan.hosts.find(({ name }) => name === input.host.peer);
  const sql = primary === undefined ? primarySql(input) : replicaSql(primary.fqdn);
  const start = [
    'mkdir -p /run/mysqld; chown mysql:mysql /run/mysqld',
    'test -d /var/lib/mysql/mysql || mariadb-install-db --skip-test-db --auth-root-authentication-method=socket',
    'setsid mariadbd >>/var/log/lab/mariadbd.log 2>&1 &',
    // Bounded: 60 s is more than any start has taken, and a database that never comes up is seen by its closed port.
    'i=0; until mariadb-admin --silent ping || [ $i -ge 600 ]; do i=$((i+1)); sleep 0.1; done',
    'mariadb </etc/mailward-lab/database.sql',
    // A replica is started when it has what it replicates.
    ...(primary === undefined
      ? []
      : ['i=0; until mariadb -e "SELECT 1 FROM mail.alias LIMIT 1" || [ $i -ge 600 ]; do i=$((i+1)); sleep 0.1; done']),
  ].join('\n');
  return {
    files: [
      { path: '/etc/mysql/my.cnf', text: myCnf(input) },
      { path: '/etc/mailward-lab/database.sql', text: sql, mode: 0o600 },
    ],
    volumes: [dataVolume],
    services: [{ name: 'database', start, listens: [{ protocol: 'tcp', port: 3306 }] }],
    extraNumbers: [],
  };
}

function myCnf({ host }: BuildInput): string {
  return `[mariadbd]
user = mysql
datadir = /var/lib/mysql
socket = /run/mysqld/mysqld.sock
pid-file = /run/mysqld/mysqld.pid
bind-address = ::
server-id = ${host.number}
log-bin = binlog
relay-log = relay
log-error = /var/log/lab/mariadb-error.log
skip-name-resolve
performance-schema = 0
innodb_buffer_pool_size = 32M
innodb_log_file_size = 8M
innodb_flush_log_at_trx_commit = 2
expire_logs_days = 1
max_connections = 200
[client]
socket = /run/mysqld/mysqld.sock
`;
}

function primarySql({ plan }: BuildInput): string {
  const domains = [...new Set(hostsOf(plan, 'mail').flatMap((host) => host.domains))];
  const mailboxes = mailboxesOf(plan, domains).map(({ address }) => {
    const [name = '', domain = ''] = address.split('@');
    return `('${address}','${name}','${domain}','${mailboxPassword}')`;
  });
  const aliases = domains.flatMap((domain) => [
    `('postmaster@${domain}','u1@${domain}')`,
    `('team@${domain}','u1@${domain},u2@${domain},u3@${domain}')`,
  ]);
  return `CREATE DATABASE IF NOT EXISTS mail CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'mail'@'%' IDENTIFIED BY '${databasePassword}';
GRANT SELECT ON mail.* TO 'mail'@'%';
CREATE USER IF NOT EXISTS 'replica'@'%' IDENTIFIED BY '${databasePassword}';
GRANT REPLICATION SLAVE ON *.* TO 'replica'@'%';
USE mail;
CREATE TABLE IF NOT EXISTS mailbox (address VARCHAR(190) PRIMARY KEY, name VARCHAR(64) NOT NULL, domain VARCHAR(120) NOT NULL, password VARCHAR(120) NOT NULL, active TINYINT NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS alias (address VARCHAR(190) PRIMARY KEY, goto TEXT NOT NULL, active TINYINT NOT NULL DEFAULT 1);
INSERT IGNORE INTO mailbox (address, name, domain, password) VALUES ${mailboxes.join(',')};
INSERT IGNORE INTO alias (address, goto) VALUES ${aliases.join(',')};
`;
}

function replicaSql(primaryFqdn: string): string {
  return `STOP SLAVE;
CHANGE MASTER TO MASTER_HOST='${primaryFqdn}', MASTER_USER='replica', MASTER_PASSWORD='${databasePassword}', MASTER_CONNECT_RETRY=1, MASTER_USE_GTID=slave_pos;
START SLAVE;
`;
}
