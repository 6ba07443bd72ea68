// Who wrote a line: the tag of its header, `postfix-out/submission/smtpd` or `dovecot`.
import { softwareOfProgram } from './mail-programs.ts';

export type Family = 'postfix' | 'dovecot' | 'policy' | 'other';

/** What a tag says, kept for every line that carries the same one. */
export type ProgramTag = {
  readonly host: string | undefined;
  readonly program: string | undefined;
  readonly software: string | undefined;
  readonly service: string | undefined;
  readonly instance: string | undefined;
  readonly family: Family;
};

/** Every program of Postfix that logs; the last part of its tag. */
const postfixServices = new Set(
  (
    'anvil bounce cleanup defer discard dnsblog error flush lmtp local master nqmgr oqmgr pickup pipe post-install postalias ' +
    'postcat postconf postdrop postfix postfix-script postfix-tls-script postfix-wrapper postkick postlock postlog postlogd postmap ' +
    'postmulti postmulti-script postqueue postscreen postsuper posttls-finger proxymap proxywrite qmgr qmqpd relay rewrite scache ' +
    'sendmail showq smtp smtpd smtps spawn submission tlsmgr tlsproxy trace trivial-rewrite verify virtual'
  ).split(' '),
);

/** Services of Dovecot as they stand before the first colon of its own log. */
export const dovecotServices: ReadonlySet<string> = new Set(
  (
    'aggregator anvil auth auth-worker auth-cache config deliver dict dict-expire director dns_client dns-client doveadm ' +
    'doveadm-server dsync dsync-local dsync-remote dsync-server fs-auth health-check imap imap-hibernate ' +
    'imap-login imap-master imap-urlauth imap-urlauth-login imap-urlauth-worker indexer indexer-worker ipc lda lmtp log ' +
    'managesieve managesieve-login master old-stats pop3 pop3-login quota-status rawlog replicator script script-login ' +
    'sieve-extprograms ssl-params stats submission submission-login tcpwrap welcome IMAP POP3 IMAP-LOGIN POP3-LOGIN'
  ).split(' '),
);

/** Policy services and greylisters that Postfix asks (SMTPD_POLICY_README). */
const policyServices = new Set(
  (
    'cbpolicyd policy-spf policyd policyd-spf policyd-weight postfix-policyd-spf-perl postfix-policyd-spf-python postfwd postfwd2 ' +
    'postfwd3 postgrey pypolicyd-spf pyspf-milter sqlgrey gld policyd-rate-limit'
  ).split(' '),
);

/** Classifies a tag without its pid. */
export function readProgramTag(host: string | undefined, program: string): ProgramTag {
  const slash = program.lastIndexOf('/');
  const last = slash < 0 ? program : program.slice(slash + 1);
  const first = slash < 0 ? program : program.slice(0, program.indexOf('/'));
  if (policyServices.has(last) || policyServices.has(first))
    return { host, program, software: 'postfix', service: last, instance: undefined, family: 'policy' };
  if (first === 'postfix' || first.startsWith('postfix-') || (slash > 0 && postfixServices.has(last))) {
    const service = slash < 0 ? (first === 'postfix' ? undefined : last) : last;
    return { host, program, software: 'postfix', service, instance: slash < 0 ? 'postfix' : first, family: 'postfix' };
  }
  if (first === 'dovecot' || first.startsWith('dovecot-') || first === 'auth' || first === 'auth-worker')
    return { host, program, software: 'dovecot', service: undefined, instance: undefined, family: 'dovecot' };
  const software = softwareOfProgram(program);
  return { host, program, software, service: software && last, instance: undefined, family: 'other' };
}

/** A copy that keeps nothing else alive: slices hold on to the block of the file that they were cut from. */
export function ownCopy(text: string): string {
  return text.split('').join('');
}
