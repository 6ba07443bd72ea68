import { createHash, X509Certificate } from 'node:crypto';
import { AppError } from '../../protocol/errors.ts';
import { authoritySchema, issuedSchema, joinTokenSchema } from '../../protocol/trust.ts';
import { makeKey, makeRequest } from '../../runtime/x509.ts';
import { askAuthority } from './ask-authority.ts';
import { type Identity, identityOf, mustBeControl, writeIdentity } from './identity.ts';

/**
 * Joins a node: control's authority is fetched and believed only when it has the fingerprint of the token, and the token's
 * secret is said only to who proves to be control under that authority. The key is made here and stays here.
 * @throws AppError `bad-query` for what is no token, `certificate-refused` for another's authority, or what control says.
 */
export async function joinControl(
  wish: { readonly control: URL; readonly token: string; readonly node: string; readonly dataDir: string },
  deps: { readonly now: () => number },
): Promise<Identity> {
  const { control, node, dataDir } = wish;
  const token = joinTokenSchema.safeParse(wish.token);
  if (!token.success) throw new AppError('bad-query', token.error.issues[0]?.message ?? 'This is no join token');
  const authority = await fetchAuthority(control, token.data.caFingerprint);

  const key = makeKey();
  const body = { secret: token.data.secret, node, request: await makeRequest(key, node) };
  const tls = { ca: authority, checkServerIdentity: mustBeControl };
  const issued = await askAuthority(new URL('/trust/v1/join', control), { tls, body, schema: issuedSchema });
  if (!new X509Certificate(issued.certificate).verify(new X509Certificate(authority).publicKey))
    throw new AppError('certificate-refused', 'Control answered with a certificate that its authority has not signed');
  const identity = identityOf(control.origin, key, issued, deps.now());
  await writeIdentity(dataDir, identity);
  return identity;
}

/** Nobody is believed on this connection, and nothing secret is said on it. */
async function fetchAuthority(control: URL, fingerprint: string): Promise<string> {
  const { certificates } = await askAuthority(new URL('/trust/v1/authority', control), {
    tls: { rejectUnauthorized: false },
    schema: authoritySchema,
  });
  const found = certificates.find((pem) => fingerprintOf(pem) === fingerprint);
  if (found !== undefined) return found;
  throw new AppError(
    'certificate-refused',
    `What answers at ${control.origin} is not the control that made this token`,
    {
      hint: 'Somebody may stand between the two: compare the address with that of control. Nothing secret was sent',
    },
  );
}

function fingerprintOf(pem: string): string | undefined {
  try {
    return createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url');
  } catch {
    return undefined;
  }
}
