import type { Fault } from '../fault.ts';
import { restartBoth, restartDovecot } from './daemons.ts';

const family = 'disk';
const fill = (path: string): string =>
  `fallocate -l "$(df --output=avail -B1 ${path} | tail -1)" ${path}/.fault || dd if=/dev/zero of=${path}/.fault bs=64k 2>/dev/null || true`;
/** No inode more than are in use (tmpfs(5), nr_inodes). */
const exhaustInodes = (path: string): string =>
  `mount -o remount,nr_inodes="$(df --output=iused ${path} | tail -1 | tr -d ' ')" ${path}`;
const freeInodes = (path: string): string => `mount -o remount,nr_inodes=500000 ${path}`;

export const storageFaults: readonly Fault[] = [
  {
    ...{ id: 'queue-full', family, target: 'mail', title: 'The file system of the mail queue is full' },
    inject: fill('/var/spool/postfix'),
    heal: 'rm -f /var/spool/postfix/.fault',
    bites: { check: 'smtp', shows: /452|451/ },
    failureModes: ['pf-queue-disk-full', 'pf-queue-write-error'],
    lookalikes: ['queue-no-inodes', 'store-full'],
  },
  {
    ...{ id: 'queue-no-inodes', family, target: 'mail', title: 'The file system of the mail queue has no inode left' },
    // Mail that leaves frees inodes again, so something takes them as they come.
    inject: `mkdir -p /var/spool/postfix/.fault; ${exhaustInodes('/var/spool/postfix')}
setsid sh -c 'i=0; while :; do if : >/var/spool/postfix/.fault/$i; then i=$((i+1)); else sleep 0.05; fi; done' fault-holder >/dev/null 2>&1 </dev/null &`,
    heal: `pkill -f fault-holder; rm -rf /var/spool/postfix/.fault; ${freeInodes('/var/spool/postfix')}`,
    bites: { check: 'smtp' },
    failureModes: ['pf-inode-exhausted'],
    lookalikes: ['queue-full'],
  },
  {
    ...{ id: 'store-full', family, target: 'mail', title: 'The mail store is full' },
    inject: fill('/srv/mail'),
    heal: 'rm -f /srv/mail/.fault; postqueue -f',
    bites: { check: 'mailbox', shows: /not in the mailbox/ },
    failureModes: ['dc-nospace'],
    lookalikes: ['store-no-inodes', 'store-read-only', 'store-wrong-owner'],
  },
  {
    ...{ id: 'store-no-inodes', family, target: 'mail', title: 'The mail store has no inode left' },
    inject: exhaustInodes('/srv/mail'),
    heal: `${freeInodes('/srv/mail')}; postqueue -f`,
    bites: { check: 'mailbox', shows: /not in the mailbox/ },
    failureModes: ['dc-nospace', 'pf-inode-exhausted'],
    lookalikes: ['store-full', 'store-read-only'],
  },
  {
    ...{ id: 'store-read-only', family, target: 'mail', title: 'The mail store is read-only' },
    // Busy while a session holds a file open for writing.
    inject: 'i=0; until mount -o remount,bind,ro /srv/mail || [ $i -ge 50 ]; do i=$((i+1)); sleep 0.1; done',
    heal: 'mount -o remount,bind,rw /srv/mail; postqueue -f',
    bites: { check: 'mailbox' },
    failureModes: ['sys-fs-readonly'],
    lookalikes: ['store-full', 'store-wrong-owner'],
  },
  {
    ...{ id: 'store-wrong-owner', family, target: 'mail', title: 'Mailboxes of the store belong to somebody else' },
    inject: 'chown root:root /srv/mail/*/u1/Maildir/* /srv/mail/*/u1/Maildir; chmod 700 /srv/mail/*/u1/Maildir',
    heal: 'chown -R vmail:vmail /srv/mail; chmod 755 /srv/mail/*/u1/Maildir; postqueue -f',
    bites: { check: 'mailbox' },
    failureModes: ['dc-perm-denied', 'pf-maildir-fail'],
    lookalikes: ['store-read-only', 'store-full'],
  },
  {
    ...{
      id: 'store-not-mounted',
      family,
      target: 'mail',
      title: 'The mail store is not mounted: users see an empty, unwritable place',
    },
    inject: 'mount -t tmpfs -o mode=755,size=1m fault /srv/mail',
    heal: 'umount -l /srv/mail || true; postqueue -f',
    bites: { check: 'mailbox' },
    failureModes: ['dc-mbox-mount-missing'],
    lookalikes: ['store-wrong-owner', 'store-read-only'],
  },
  {
    ...{ id: 'store-slow', family, target: 'mail', title: 'The disk of the mail store is slow' },
    // The store is seen through a file system that writes so many bytes a second and no more (bindfs(1)).
    parameters: { bytes_per_second: '150' },
    inject: `test -c /dev/fuse || mknod -m 666 /dev/fuse c 10 229
bindfs --multithreaded --write-rate="$bytes_per_second" -o allow_other,nonempty /srv/mail /srv/mail; ${restartDovecot}`,
    // Whoever waits for the slow disk would go on waiting, and Postfix would hold the mailboxes back because of them.
    heal: `umount -l /srv/mail 2>/dev/null; pkill -9 -x bindfs; pkill -9 -f '^dovecot/'; ${restartBoth}`,
    bites: { check: 'mailbox', shows: /not in the mailbox/ },
    failureModes: ['sys-disk-latency', 'pf-lmtp-timeout', 'dc-translog-lock-slow'],
    lookalikes: ['store-full', 'qmgr-stopped'],
  },
];
