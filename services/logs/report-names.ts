// Under which names a report counts what a line tells.
import type { MailEvent } from '../protocol/mail-event.ts';
import { isLoopback } from './correlate-leg.ts';
import { providerOf } from './report-provider.ts';

/** In lower case; an address without a domain stands for itself, as a user of this machine does. */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 0 ? address : address.slice(at + 1).toLowerCase();
}

/** The domain compares without case, the local part with it (RFC 5321 2.4). */
export function withLowerDomain(address: string): string {
  const at = address.lastIndexOf('@');
  if (at < 0) return address;
  const domain = address.slice(at + 1);
  const lower = domain.toLowerCase();
  return lower === domain ? address : `${address.slice(0, at + 1)}${lower}`;
}

type Client = { readonly clientHost?: string | undefined; readonly clientIp?: string | undefined };

/** The client's name, or its address where it has none. */
export function clientHostOf({ clientHost, clientIp }: Client): string | undefined {
  return clientHost === undefined || clientHost === 'unknown' || clientHost === ''
    ? clientIp
    : clientHost.toLowerCase();
}

/** `mail.example.org[192.0.2.1]`, as Postfix writes it. */
export function clientLabel({ clientHost = 'unknown', clientIp }: Client): string | undefined {
  if (clientIp === undefined) return clientHost === 'unknown' ? undefined : clientHost;
  return `${clientHost}[${clientIp}]`;
}

const ownServices = new Set(['lmtp', 'local', 'virtual', 'pipe', 'dovecot', 'maildrop']);

/** Who was given the mail: `local` for mailboxes of our own, else the relay's provider, or the domain's where no relay was reached. */
export function providerName(event: MailEvent, domain: string): string {
  const { relay, service } = event;
  if ((service !== undefined && ownServices.has(service)) || relay?.service !== undefined || isLoopback(relay?.ip))
    return 'local';
  const host = relay?.host;
  return providerOf(host === undefined || host === 'none' ? domain : host.toLowerCase());
}
