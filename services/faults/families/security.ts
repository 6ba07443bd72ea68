import type { Fault } from '../fault.ts';
import { postconf } from './daemons.ts';

// Attacks on accounts, and doors left open. The attackers are bounded in rate, in sessions and in time.

const family = 'security';
const attack = (kind: string): string =>
  `setsid node /opt/mailward/services/lab/main.ts attack ${kind} "$against" "$mailbox" >/dev/null 2>&1 </dev/null &`;
const stop = (kind: string): string => `pkill -f 'main.ts attack ${kind}' || true`;
const someone = { against: 'mx1.lab.test', mailbox: 'u3@lab.test' };
/** Addresses that the attackers' host takes on besides its own. */
const moreAddresses = (verb: 'add' | 'del'): string =>
  `i=100; while [ $i -lt 130 ]; do ip addr ${verb} "$net.$i/24" dev eth0 2>/dev/null; i=$((i+1)); done`;
const findNet =
  'net=$(ip -4 -o addr show dev eth0 primary | awk \'{ split($4, a, "."); print a[1] "." a[2] "." a[3]; exit }\')';

export const securityFaults: readonly Fault[] = [
  {
    ...{ id: 'password-guessing-one-address', family, target: 'client', parameters: someone },
    title: 'Passwords are guessed from one address, and the users behind the same address are held up',
    inject: attack('guess-one'),
    // Dovecot forgets the penalty of an address only in its time, or with the process that counts.
    heal: stop('guess-one'),
    bites: { check: 'submission' },
    failureModes: ['pf-sasl-bruteforce', 'dc-auth-bruteforce-imap', 'dc-auth-penalty'],
    lookalikes: ['password-guessing-many-addresses', 'mailbox-table-locked'],
  },
  {
    ...{ id: 'password-guessing-many-addresses', family, target: 'client', parameters: someone },
    title: 'Passwords are guessed from many addresses until submission has no place left',
    inject: `${findNet}; ${moreAddresses('add')}; ${attack('guess-many')}`,
    heal: `${stop('guess-many')}; ${findNet}; ${moreAddresses('del')}`,
    bites: { check: 'submission' },
    failureModes: ['pf-sasl-bruteforce', 'pf-process-limit', 'pf-stress-mode'],
    lookalikes: ['password-guessing-one-address', 'submission-port-blocked'],
  },
  {
    ...{ id: 'account-compromised', family, target: 'client', parameters: someone },
    title: 'Somebody sends spam with the password of a user, who gets the bounces',
    inject: attack('spam'),
    heal: stop('spam'),
    bites: { check: 'quiet' },
    failureModes: ['pf-compromised-account'],
    lookalikes: ['backscatter'],
  },
  postconf(family, 'open-relay', 'The whole world is among the own networks', 'mynetworks=0.0.0.0/0,[::]/0', {
    bites: { check: 'closed', shows: /250|queued/i },
    failureModes: ['pf-open-relay'],
    lookalikes: ['account-compromised'],
  }),
];
