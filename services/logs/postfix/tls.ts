// TLS as smtp(8), smtpd(8) and tlsproxy(8) log it (TLS_README).
import type { MailEvent } from '../../protocol/mail-event.ts';
import { readClient, readCount, readPeer, skipDigits } from '../scan.ts';

const trusts = ['Anonymous', 'Untrusted', 'Trusted', 'Verified', 'Unverified', 'Unknown'];

/** Connections and handshakes. False when the line is not about TLS. */
export function parseTls(line: string, start: number, event: MailEvent): boolean {
  const first = line.charCodeAt(start);
  if (first < 65 || first > 90) return parseVerification(line, start, event);
  if (line.startsWith('TLS connection ', start)) return readConnection(line, start, start, event);
  for (const trust of trusts) {
    if (
      trust.charCodeAt(0) !== first ||
      !line.startsWith(trust, start) ||
      !line.startsWith(' TLS connection ', start + trust.length)
    )
      continue;
    return readConnection(line, start, start + trust.length + 1, event, trust);
  }
  if (line.startsWith('SSL_accept error from ', start)) {
    tlsProblem(line, start, event);
    readClient(line, start + 22, event);
    return true;
  }
  if (line.startsWith('SSL_connect error to ', start)) {
    tlsProblem(line, start, event);
    readPeer(line, start + 21, line.length, event);
    return true;
  }
  if (
    line.startsWith('Cannot start TLS', start) ||
    line.startsWith('TLS is required', start) ||
    line.startsWith('Host offered STARTTLS', start) ||
    line.startsWith('Server certificate', start) ||
    line.startsWith('Unverified: ', start) ||
    line.startsWith('Verified: ', start) ||
    line.startsWith('TLS ', start) ||
    line.startsWith('SSL_', start)
  ) {
    tlsProblem(line, start, event);
    return true;
  }
  return false;
}

function tlsProblem(line: string, start: number, event: MailEvent): void {
  event.kind = 'tls';
  event.reason = line.slice(start);
}

/** `TLS connection established from host[address]: TLSv1.3 with cipher NAME (256/256 bits) …`. */
function readConnection(line: string, start: number, tlsAt: number, event: MailEvent, trust?: string): boolean {
  event.kind = 'tls';
  const verbEnd = line.indexOf(' ', tlsAt + 15);
  if (verbEnd < 0) return true;
  let after: number;
  if (line.startsWith('from ', verbEnd + 1)) after = readClient(line, verbEnd + 6, event);
  else after = readPeer(line, verbEnd + 4, line.length, event);
  const colon = line.indexOf(': ', after > 0 ? after : start);
  if (colon < 0) return true;
  readCipher(line, colon + 2, trust, event);
  return true;
}

/** `TLSv1.3 with cipher NAME (256/256 bits)`. */
export function readCipher(line: string, start: number, trust: string | undefined, event: MailEvent): void {
  const protocolEnd = line.indexOf(' with cipher ', start);
  if (protocolEnd < 0) {
    event.tls = { protocol: undefined, cipher: undefined, bits: undefined, trust };
    return;
  }
  const cipherAt = protocolEnd + 13;
  const cipherEnd = line.indexOf(' ', cipherAt);
  const end = cipherEnd < 0 ? line.length : cipherEnd;
  const bits = line.charCodeAt(end + 1) === 40 ? readCount(line, end + 2, skipDigits(line, end + 2)) : undefined;
  event.tls = { protocol: line.slice(start, protocolEnd), cipher: line.slice(cipherAt, end), bits, trust };
}

const verifications = [
  'certificate verification failed for ',
  'server certificate verification failed for ',
  'certificate verification depth=',
  'certificate peer name verification failed for ',
  'setting up TLS connection from ',
  'setting up TLS connection to ',
  'starting TLS engine',
  'initializing the ',
  'save session ',
  'reloaded session ',
];

function parseVerification(line: string, start: number, event: MailEvent): boolean {
  for (const words of verifications) {
    if (!line.startsWith(words, start)) continue;
    tlsProblem(line, start, event);
    if (words.endsWith(' from ')) readClient(line, start + words.length, event);
    else if (words.endsWith(' to ') || words.endsWith(' for '))
      readPeer(line, start + words.length, line.length, event);
    return true;
  }
  return false;
}

/** `host[address]:port: Trusted: subject_CN=…, issuer=…, fingerprint=…`, and the steps of a chain at a higher log level. */
export function parsePeerCertificate(line: string, start: number, event: MailEvent): boolean {
  const isAbout =
    line.includes(' subject_CN=', start) || line.includes(' depth=', start) || line.includes(' Matched ', start);
  const space = line.indexOf(' ', start);
  const bracket = line.indexOf(']', start);
  if (!isAbout || bracket < 0 || bracket > space || line.indexOf('[', start) > bracket) return false;
  tlsProblem(line, start, event);
  if (event.service === 'smtpd') readClient(line, start, event);
  else readPeer(line, start, line.length, event);
  return true;
}
