// saslauthd(8): `do_auth         : auth failure: [user=…] [service=…] [realm=…] [mech=…] [reason=…]`.
import type { MailEvent } from '../../protocol/mail-event.ts';
import { addressAt, between, type Form, nonEmpty, readForms } from '../words.ts';

export function parseSaslauthd(line: string, start: number, event: MailEvent): boolean {
  if (line.startsWith('pam_', start) || line.startsWith('PAM', start)) return parsePam(line, start, event);
  const isFailure = line.includes('auth failure: ', start);
  if (isFailure || line.includes('auth success: ', start)) {
    event.kind = isFailure ? 'auth-failure' : 'auth-success';
    const user = nonEmpty(between(line, start, '[user=', ']'));
    const realm = nonEmpty(between(line, start, '[realm=', ']'));
    event.user = user;
    event.saslUser = user !== undefined && realm !== undefined && !user.includes('@') ? `${user}@${realm}` : user;
    event.saslMethod = nonEmpty(between(line, start, '[mech=', ']'));
    event.service = nonEmpty(between(line, start, '[service=', ']')) ?? event.service;
    event.reason = nonEmpty(between(line, start, '[reason=', ']'));
    if (isFailure && event.reason?.includes('error') !== true) event.securityEvent = true;
    if (isFailure && event.reason === 'PAM auth error') event.securityEvent = true;
    return true;
  }
  return readForms(forms, line, start, event);
}

/** `pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=  user=anna`. */
function parsePam(line: string, start: number, event: MailEvent): boolean {
  const colon = line.indexOf('): ', start);
  event.reason = line.slice(colon < 0 ? start : colon + 3);
  const isFailure =
    event.reason.startsWith('authentication failure') || event.reason.startsWith('check pass; user unknown');
  event.kind = isFailure ? 'auth-failure' : 'info';
  event.service = between(line, start, '(', ':') ?? event.service;
  event.user = nonEmpty(between(line, start, ' user=', ' '));
  const host = line.indexOf('rhost=', start);
  if (host > 0) event.clientIp = addressAt(line, host + 6);
  if (isFailure) event.securityEvent = true;
  return true;
}

const forms: readonly Form[] = [
  { words: 'detach_tty', kind: 'lifecycle' },
  { words: 'ipc_init', kind: 'lifecycle' },
  { words: 'ipc_cleanup', kind: 'lifecycle' },
  { words: 'main ', kind: 'lifecycle' },
  { words: 'server_exit', kind: 'lifecycle' },
  { words: 'master ', kind: 'lifecycle' },
  { words: 'handle_sigchld', kind: 'lifecycle' },
  { words: 'have_baby', kind: 'lifecycle' },
  { words: 'set_auth_mech', kind: 'error' },
  { words: 'do_request', kind: 'warning' },
  { words: 'DEBUG: ', kind: 'info' },
  { words: 'ldap', kind: 'error' },
  { words: 'Retrying ', kind: 'warning' },
  { words: 'Domain/', kind: 'warning' },
  { words: 'auth_', kind: 'warning' },
  { words: 'get_accept_lock', kind: 'error' },
  { words: 'rel_accept_lock', kind: 'error' },
  { words: 'num_procs', kind: 'info' },
];
