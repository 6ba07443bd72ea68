import type { HostFile, HostService } from '../host-files.ts';
import { clamavMilterSocket } from './postfix.ts';

// ClamAV as Debian ships it, clamd behind a socket and clamav-milter in front of it, with one signature of the lab's own.

/** Whoever sends these words is refused; nothing else is. */
export const infectedWords = 'MAILWARD-LAB-TEST-SIGNATURE';
/** Not the machine's own folder, where all the world's signatures may lie: they would need gigabytes in each host. */
const signatureFolder = '/var/lib/clamav-lab';

const clamdSocket = '/run/clamav/clamd.ctl';
const clamdConf = `LocalSocket ${clamdSocket}
LocalSocketMode 666
User clamav
DatabaseDirectory ${signatureFolder}
LogSyslog true
LogFacility LOG_MAIL
`;

const milterSocket = `/var/spool/postfix/${clamavMilterSocket}`;
/** OnFail is the default, said because faults of clamd stand on it: what cannot be scanned is deferred. */
const milterConf = `MilterSocket ${milterSocket}
MilterSocketMode 666
FixStaleSocket true
ClamdSocket unix:${clamdSocket}
User clamav
OnFail Defer
OnInfected Reject
RejectMsg infected by %v
AddHeader Replace
LogInfected Full
LogSyslog true
LogFacility LOG_MAIL
`;

export const antivirusFiles: readonly HostFile[] = [
  { path: '/etc/clamav/clamd.conf', text: clamdConf },
  { path: '/etc/clamav/clamav-milter.conf', text: milterConf },
  {
    // An extended signature, name:target type:offset:hexadecimal (ClamAV's manual, "Body-based Signature Content Format").
    path: `${signatureFolder}/lab.ndb`,
    text: `Mailward.Lab.Test:0:*:${Buffer.from(infectedWords).toString('hex')}\n`,
  },
];

/**
 * Its start ends when the signatures are read and the socket is there. It waits for the socket itself: clamd that goes into
 * the background by itself has a parent which waits for a signal and misses one that comes early, as with few signatures.
 */
export const clamdService: HostService = {
  name: 'clamd',
  start: `install -d -o clamav -g clamav /run/clamav; rm -f ${clamdSocket}
setsid clamd --foreground &
i=0; until test -S ${clamdSocket} || test $i -ge 300; do i=$((i+1)); sleep 0.1; done`,
  listens: [],
};

export const clamavMilterService: HostService = {
  name: 'clamav-milter',
  start: 'install -d -o clamav -g clamav /var/spool/postfix/clamav; clamav-milter',
  listens: [],
};
