import { createHash } from 'node:crypto';
import { type HostVolume, vmailId } from '../host-files.ts';
import type { LabPlan } from '../topology.ts';

// Who has a mailbox. Every lab user has the same password: the lab proves daemons, not secrecy, and nothing leaves it.

export const mailboxPassword = 'lab-secret';
export const databasePassword = 'lab-database';

export const storeVolume: HostVolume = {
  name: 'store',
  path: '/srv/mail',
  sizeMiB: 512,
  mode: '0755',
  owner: 'vmail:vmail',
};

/** Every mailbox of `domains`, with where its Maildir lies below the store volume. */
export function mailboxesOf(plan: LabPlan, domains: readonly string[]): readonly { address: string; folder: string }[] {
  return domains.flatMap((domain) =>
    Array.from({ length: plan.mailboxes }, (_, index) => ({
      address: `u${index + 1}@${domain}`,
      folder: `${domain}/u${index + 1}/Maildir`,
    })),
  );
}

/**
 * First line of Dovecot's `dovecot-uidlist` (doc.dovecot.org/2.3, "Maildir"): version, UIDVALIDITY, next UID, GUID of the
 * mailbox. Both holders start with the same GUID; made by each for itself, they would differ and never replicate.
 */
export function uidListText(address: string): string {
  const guid = createHash('md5').update(`INBOX ${address}`).digest('hex');
  return `3 V1700000000 N1 G${guid}\n`;
}

/** The passwd-like lines of users in files (doc.dovecot.org/2.3, "Passwd-file"). */
export function passwdFileText(plan: LabPlan, domains: readonly string[]): string {
  return mailboxesOf(plan, domains)
    .map(
      ({ address }) => `${address}:{PLAIN}${mailboxPassword}:${vmailId}:${vmailId}::/srv/mail/${homeOf(address)}::\n`,
    )
    .join('');
}

function homeOf(address: string): string {
  const [user = '', domain = ''] = address.split('@');
  return `${domain}/${user}`;
}
