import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabSecrets } from './host-files.ts';
import { runCommand } from './run-command.ts';

// A root, an intermediate and one certificate a name, so that a missing chain is a fault one can have. Keys are P-256:
// fifteen of them cost less than one RSA key.

const daysValid = 90;

/** `names` are full host names; each certificate also holds `alsoNames`. Work files go below `scratch` and away again. */
export async function makeSecrets(
  scratch: string,
  names: readonly string[],
  alsoNames: readonly string[],
): Promise<LabSecrets> {
  mkdirSync(scratch, { recursive: true });
  const folder = mkdtempSync(join(scratch, 'ca-'));
  try {
    await signCertificate(folder, { name: 'root', subject: 'Lab Root', issuer: undefined, extensions: caExtensions });
    await signCertificate(folder, {
      name: 'middle',
      subject: 'Lab Intermediate',
      issuer: 'root',
      extensions: caExtensions,
    });
    const intermediatePem = readPem(folder, 'middle.crt');
    const tlsByFqdn = new Map<string, { keyPem: string; chainPem: string }>();
    const badChainsByFqdn = new Map<string, { expiredPem: string; otherNamePem: string }>();
    for (const name of names) {
      const alternatives = [name, ...alsoNames].map((alternative) => `DNS:${alternative}`).join(',');
      const extensions = `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth,clientAuth\n`;
      await signCertificate(folder, { name, subject: name, issuer: 'middle', extensions });
      tlsByFqdn.set(name, {
        keyPem: readPem(folder, `${name}.key`),
        chainPem: readPem(folder, `${name}.crt`) + intermediatePem,
      });
      const bad = { issuer: 'middle', keyFile: join(folder, `${name}.key`) };
      await signCertificate(folder, { ...bad, name: 'expired', subject: name, extensions, expired: true });
      const otherName = 'subjectAltName=DNS:other.invalid\n';
      await signCertificate(folder, { ...bad, name: 'other', subject: 'other.invalid', extensions: otherName });
      badChainsByFqdn.set(name, {
        expiredPem: readPem(folder, 'expired.crt') + intermediatePem,
        otherNamePem: readPem(folder, 'other.crt') + intermediatePem,
      });
    }
    const dkim = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    return {
      caPem: readPem(folder, 'root.crt'),
      tlsByFqdn,
      badChainsByFqdn,
      dkimKeyPem: dkim.privateKey,
      dkimPublicBase64: dkim.publicKey.toString('base64'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const caExtensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n';
const readPem = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');

type Wish = {
  readonly name: string;
  readonly subject: string;
  /** Signs itself when there is none. */
  readonly issuer: string | undefined;
  readonly extensions: string;
  /** A key that exists; otherwise one is made. */
  readonly keyFile?: string;
  readonly expired?: true;
};

async function signCertificate(folder: string, wish: Wish): Promise<void> {
  const path = (suffix: string) => join(folder, `${wish.name}.${suffix}`);
  const keyFile = wish.keyFile ?? path('key');
  if (wish.keyFile === undefined) {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(keyFile, key.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  writeFileSync(path('ext'), wish.extensions);
  const request = ['-key', keyFile, '-subj', `/CN=${wish.subject}`, '-out', path('csr')];
  await runCommand(['openssl', 'req', '-new', ...request]);
  if (wish.expired) return await signInThePast(folder, wish, path);
  const by =
    wish.issuer === undefined
      ? ['-signkey', keyFile]
      : ['-CA', join(folder, `${wish.issuer}.crt`), '-CAkey', join(folder, `${wish.issuer}.key`), '-CAcreateserial'];
  const sign = ['openssl', 'x509', '-req', '-in', path('csr'), '-days', String(daysValid), '-extfile', path('ext')];
  await runCommand([...sign, ...by, '-out', path('crt')]);
}

/** Only openssl-ca(1) takes a first and a last day. */
async function signInThePast(folder: string, wish: Wish, path: (suffix: string) => string): Promise<void> {
  const config = `[ca]
default_ca = past
[past]
database = ${join(folder, 'index.txt')}
new_certs_dir = ${folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
`;
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(path('conf'), config);
  const issuer = ['-cert', join(folder, `${wish.issuer}.crt`), '-keyfile', join(folder, `${wish.issuer}.key`)];
  const days = ['-startdate', '20200101000000Z', '-enddate', '20200401000000Z'];
  const files = ['-in', path('csr'), '-out', path('crt'), '-extfile', path('ext')];
  await runCommand(['openssl', 'ca', '-batch', '-notext', '-config', path('conf'), ...issuer, ...days, ...files]);
}
