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
    for (const name of names) {
      const alternatives = [name, ...alsoNames].map((alternative) => `DNS:${alternative}`).join(',');
      const extensions = `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth,clientAuth\n`;
      await signCertificate(folder, { name, subject: name, issuer: 'middle', extensions });
      tlsByFqdn.set(name, {
        keyPem: readPem(folder, `${name}.key`),
        chainPem: readPem(folder, `${name}.crt`) + intermediatePem,
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
      dkimKeyPem: dkim.privateKey,
      dkimPublicBase64: dkim.publicKey.toString('base64'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const caExtensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n';
const readPem = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');

async function signCertificate(
  folder: string,
  wish: { name: string; subject: string; issuer: string | undefined; extensions: string },
): Promise<void> {
  const path = (suffix: string) => join(folder, `${wish.name}.${suffix}`);
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(path('key'), key.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(path('ext'), wish.extensions);
  await runCommand([
    'openssl',
    'req',
    '-new',
    '-key',
    path('key'),
    '-subj',
    `/CN=${wish.subject}`,
    '-out',
    path('csr'),
  ]);
  const by =
    wish.issuer === undefined
      ? ['-signkey', path('key')]
      : ['-CA', join(folder, `${wish.issuer}.crt`), '-CAkey', join(folder, `${wish.issuer}.key`), '-CAcreateserial'];
  const sign = ['openssl', 'x509', '-req', '-in', path('csr'), '-days', String(daysValid), '-extfile', path('ext')];
  await runCommand([...sign, ...by, '-out', path('crt')]);
}
