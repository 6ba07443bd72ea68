import type { Fault } from '../fault.ts';
import { awaitEnd } from './daemons.ts';

const family = 'tls';
const chain = '/etc/ssl/lab/chain.pem';
// Dovecot does not start on every certificate that a fault serves: that is the fault.
const reload = `postfix reload; doveadm stop || pkill -x dovecot; ${awaitEnd('dovecot')}; service_start dovecot || true`;
/** Dovecot reads the file when the first client comes. */
const readCertificate =
  'sleep 0.5; timeout 5 openssl s_client -connect 127.0.0.1:993 </dev/null >/dev/null 2>&1 || true';
const keep = `cp -n ${chain} ${chain}.kept; cp -n /etc/ssl/lab/key.pem /etc/ssl/lab/key.pem.kept`;
const heal = `test -f ${chain}.kept && mv -f ${chain}.kept ${chain}; test -f /etc/ssl/lab/key.pem.kept && mv -f /etc/ssl/lab/key.pem.kept /etc/ssl/lab/key.pem; ${reload}`;

function tlsFault(
  id: string,
  title: string,
  change: string,
  rest: Pick<Fault, 'bites' | 'failureModes' | 'lookalikes'>,
): Fault {
  return { id, family, title, target: 'mail', inject: `${keep}; ${change}; ${reload}`, heal, ...rest };
}

export const tlsFaults: readonly Fault[] = [
  tlsFault('certificate-expired', 'The served certificate is expired', `cp /etc/ssl/lab/expired.pem ${chain}`, {
    bites: { check: 'imap', shows: /expired/i },
    failureModes: ['tls-cert-expired', 'dc-tls-client-handshake'],
    lookalikes: ['certificate-wrong-name', 'certificate-chain-missing'],
  }),
  tlsFault(
    'certificate-wrong-name',
    'The served certificate is for another name',
    `cp /etc/ssl/lab/other-name.pem ${chain}`,
    {
      bites: { check: 'imap', shows: /altnames|does not match/i },
      failureModes: ['tls-name-mismatch'],
      lookalikes: ['certificate-expired', 'certificate-chain-missing'],
    },
  ),
  tlsFault('certificate-chain-missing', 'The intermediate certificate is not served', `sed -i '/END CERT/q' ${chain}`, {
    bites: { check: 'imap', shows: /unable to|issuer|verify/i },
    failureModes: ['tls-chain-incomplete'],
    lookalikes: ['certificate-expired', 'certificate-wrong-name'],
  }),
  tlsFault(
    'key-of-another-certificate',
    'The private key does not belong to the certificate',
    'openssl ecparam -name prime256v1 -genkey -noout -out /etc/ssl/lab/key.pem',
    {
      bites: { check: 'imap' },
      failureModes: ['dc-tls-key-mismatch', 'pf-tls-key-mismatch'],
      lookalikes: ['certificate-file-missing'],
    },
  ),
  tlsFault('certificate-file-missing', 'The certificate file is gone', `rm ${chain}`, {
    bites: { check: 'imap' },
    failureModes: ['dc-tls-cert-missing', 'pf-tls-cert-load'],
    lookalikes: ['key-of-another-certificate', 'dovecot-config-error'],
  }),
  tlsFault('key-empty', 'The private key cannot be read: its file is empty', ': >/etc/ssl/lab/key.pem', {
    bites: { check: 'imap' },
    failureModes: ['dc-tls-cert-missing', 'pf-tls-cert-load'],
    lookalikes: ['key-of-another-certificate', 'certificate-file-missing'],
  }),
  {
    ...{ id: 'certificate-not-reloaded', family, target: 'mail' },
    title: 'The certificate was renewed on disk, and the daemons still serve the expired one',
    inject: `${keep}; cp /etc/ssl/lab/expired.pem ${chain}; ${reload}; ${readCertificate}; cp ${chain}.kept ${chain}`,
    heal,
    bites: { check: 'imap', shows: /expired/i },
    failureModes: ['tls-not-reloaded'],
    lookalikes: ['certificate-expired'],
  },
];
