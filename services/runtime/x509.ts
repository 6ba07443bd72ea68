// X.509 as Mailward uses it: P-256 keys, one authority that signs itself, certificates for one node or for control. Loading
// the library takes some twenty megabytes, so whoever needs it once in a while imports this file when that time comes.
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A new P-256 private key, PKCS #8 in PEM. */
export function makeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function cryptoKeys(keyPem: string) {
  const key = createPrivateKey(keyPem);
  return {
    privateKey: key.toCryptoKey(algorithm, false, ['sign']),
    publicKey: createPublicKey(key).toCryptoKey(algorithm, true, ['verify']),
  };
}

/** Positive and 127 bits of chance (RFC 5280 4.1.2.2). */
function makeSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex').toUpperCase();
}

/** A certificate in PEM that signs itself and may sign others, but no further authority. */
export async function makeAuthority(wish: {
  readonly keyPem: string;
  readonly name: string;
  readonly from: number;
  readonly until: number;
}): Promise<string> {
  const keys = cryptoKeys(wish.keyPem);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: makeSerial(),
    name: [{ CN: [wish.name] }],
    notBefore: new Date(wish.from),
    notAfter: new Date(wish.until),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return certificate.toString('pem');
}

/** A PKCS #10 request in PEM. It proves that its maker holds the key; the names are the authority's to give. */
export async function makeRequest(keyPem: string, name: string): Promise<string> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name] }],
    keys: cryptoKeys(keyPem),
    signingAlgorithm: algorithm,
  });
  return request.toString('pem');
}

/** The key (SPKI) of a request whose signature holds and whose curve is P-256; `undefined` for anything else. */
export async function readRequest(requestPem: string): Promise<Buffer<ArrayBuffer> | undefined> {
  try {
    const request = new Pkcs10CertificateRequest(requestPem);
    const { name, namedCurve } = request.publicKey.algorithm as { name?: string; namedCurve?: string };
    if (name !== algorithm.name || namedCurve !== algorithm.namedCurve) return undefined;
    return (await request.verify()) ? Buffer.from(request.publicKey.rawData) : undefined;
  } catch {
    return undefined;
  }
}

/** The public half (SPKI) of a key that we hold. */
export const publicHalf = (keyPem: string): Buffer<ArrayBuffer> =>
  Buffer.from(createPublicKey(keyPem).export({ type: 'spki', format: 'der' }));

/** A certificate for `publicKey`, signed by the authority. `names` are its subject alternative names. */
export async function issueCertificate(wish: {
  readonly authorityPem: string;
  readonly authorityKeyPem: string;
  /** SPKI. */
  readonly publicKey: Buffer<ArrayBuffer>;
  readonly commonName: string;
  readonly names: readonly JsonGeneralName[];
  readonly usage: 'client' | 'server';
  readonly from: number;
  readonly until: number;
}): Promise<{ readonly pem: string; readonly serial: string }> {
  const authority = new X509Certificate(wish.authorityPem);
  const serial = makeSerial();
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([
      wish.usage === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth,
    ]),
    new SubjectAlternativeNameExtension([...wish.names]),
    await SubjectKeyIdentifierExtension.create(wish.publicKey),
    await AuthorityKeyIdentifierExtension.create(authority.publicKey),
  ];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial,
    subject: [{ CN: [wish.commonName] }],
    issuer: authority.subjectName.toJSON(),
    notBefore: new Date(wish.from),
    notAfter: new Date(wish.until),
    signingAlgorithm: algorithm,
    publicKey: wish.publicKey,
    signingKey: cryptoKeys(wish.authorityKeyPem).privateKey,
    extensions,
  });
  return { pem: certificate.toString('pem'), serial };
}
