import type { Fault } from '../fault.ts';

const family = 'database';
/** Sessions of the mail hosts end, so that what holds for new ones holds for all. */
const endMailSessions =
  "mariadb -N -e \"SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = 'mail'\" | mariadb -f 2>/dev/null || true";
/** Takes a place and keeps it; tries again for as long as there is none. */
const holdConnection = 'while :; do mariadb -e "SELECT SLEEP(3600)"; sleep 0.05; done';
/** On each server apart: a replica would otherwise repeat what it has done already. */
const alone = (sql: string): string => `mariadb -e "SET sql_log_bin = 0; ${sql}"`;

export const databaseFaults: readonly Fault[] = [
  {
    ...{ id: 'databases-killed', family, target: 'databases', title: 'MariaDB is down on every database host' },
    inject: 'pkill -9 -x mariadbd',
    heal: 'pgrep -x mariadbd >/dev/null || service_start database',
    bites: { check: 'submission' },
    failureModes: ['my-down', 'dc-sql-connect-fail', 'pf-mysql-connect'],
    lookalikes: ['database-unreachable', 'database-password-wrong', 'database-connections-exhausted'],
  },
  {
    ...{ id: 'databases-stopped', family, target: 'databases', title: 'MariaDB hangs on every database host' },
    inject: 'pkill -STOP -x mariadbd',
    heal: 'pkill -CONT -x mariadbd || true',
    bites: { check: 'submission' },
    failureModes: ['dc-sql-slow', 'my-source-overloaded', 'dc-auth-timeout'],
    lookalikes: ['mailbox-table-locked', 'database-unreachable'],
  },
  {
    ...{ id: 'database-connections-exhausted', family, target: 'databases', title: 'MariaDB has no connection left' },
    inject: `i=0; while [ $i -lt 12 ]; do setsid sh -c '${holdConnection}' fault-holder >/dev/null 2>&1 </dev/null & i=$((i+1)); done
( echo 'SET GLOBAL max_connections = 10;'; i=0; while [ $i -lt 10 ]; do echo 'KILL USER mail;'; sleep 0.2; i=$((i+1)); done ) | mariadb -f 2>/dev/null || true`,
    // A session that sleeps keeps its place when its client has gone, so the server is started afresh.
    heal: 'pkill -f fault-holder; pkill -x mariadbd; i=0; while pgrep -x mariadbd >/dev/null && [ $i -lt 100 ]; do i=$((i+1)); sleep 0.1; done; pkill -9 -x mariadbd; service_start database',
    bites: { check: 'submission' },
    failureModes: ['my-too-many-conn'],
    lookalikes: ['databases-killed', 'database-password-wrong'],
  },
  {
    ...{
      id: 'database-password-wrong',
      family,
      target: 'databases',
      title: 'The password of the mail user of the database was changed',
    },
    inject: `${alone("ALTER USER 'mail'@'%' IDENTIFIED BY 'changed'")}; ${endMailSessions}`,
    heal: alone("ALTER USER 'mail'@'%' IDENTIFIED BY 'lab-database'"),
    bites: { check: 'submission' },
    failureModes: ['my-access-denied'],
    lookalikes: ['databases-killed', 'database-connections-exhausted'],
  },
  {
    ...{ id: 'mailbox-table-missing', family, target: 'databases', title: 'The table of mailboxes is gone' },
    inject: alone('RENAME TABLE mail.mailbox TO mail.mailbox_kept'),
    heal: `${alone('RENAME TABLE mail.mailbox_kept TO mail.mailbox')} || true`,
    bites: { check: 'submission' },
    failureModes: ['dc-sql-query-error', 'pf-mysql-query-fail'],
    lookalikes: ['database-password-wrong', 'recipients-inactive'],
  },
  {
    ...{
      id: 'mailbox-table-locked',
      family,
      target: 'databases',
      title: 'The table of mailboxes is locked: look-ups wait',
    },
    inject:
      "setsid mariadb -e 'LOCK TABLES mail.mailbox WRITE; SELECT SLEEP(3600) AS held' >/dev/null 2>&1 </dev/null & sleep 0.3",
    heal: "mariadb -N -e \"SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE info LIKE '%AS held'\" | mariadb -f 2>/dev/null || true",
    bites: { check: 'submission' },
    failureModes: ['dc-sql-slow', 'my-lock-wait'],
    lookalikes: ['databases-stopped'],
  },
  {
    ...{ id: 'recipients-inactive', family, target: 'databases', title: 'All mailboxes are marked inactive' },
    inject: alone('UPDATE mail.mailbox SET active = 0'),
    heal: alone('UPDATE mail.mailbox SET active = 1'),
    bites: { check: 'smtp', shows: /550.*unknown/i },
    failureModes: ['pf-reject-unknown-user', 'dc-unknown-user'],
    lookalikes: ['mailbox-table-missing', 'mailbox-domain-removed'],
  },
  {
    ...{ id: 'replica-stopped', family, target: 'replica', title: 'Replication of the database is stopped' },
    inject: "mariadb -e 'STOP SLAVE IO_THREAD'",
    heal: "mariadb -e 'START SLAVE'",
    bites: { check: 'replica' },
    failureModes: ['my-repl-io-stop'],
    lookalikes: ['replica-lagging', 'database-replication-blocked'],
  },
  {
    ...{ id: 'replica-lagging', family, target: 'replica', title: 'The replica reads and does not apply: it lags' },
    inject: "mariadb -e 'STOP SLAVE SQL_THREAD'",
    heal: "mariadb -e 'START SLAVE'",
    bites: { check: 'replica' },
    failureModes: ['my-repl-lag', 'my-repl-sql-stop'],
    lookalikes: ['replica-stopped'],
  },
];
