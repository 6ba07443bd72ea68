import type { Agent } from 'node:https';
import { AppError } from '../../protocol/errors.ts';
import { issuedSchema } from '../../protocol/trust.ts';
import type { Clock } from '../../runtime/clock.ts';
import { askAuthority } from './ask-authority.ts';
import { connectAs } from './connect-as.ts';
import { type Credentials, credentialsOf, type Identity, identityOf, readIdentity, writeIdentity } from './identity.ts';
import type { IdentityEvents } from './identity-events.ts';
import { makeKeyAndRequest } from './make-key-and-request.ts';

/** How often the file is looked at: an operator may have let the node join anew. */
const lookEveryMs = 10_000;
/** After a renewal that failed, a tenth of what is left is waited, within these. */
const retryMs = { least: 1000, most: 3_600_000, whenOver: 60_000 } as const;

export type IdentityKeeper = {
  readonly identity: () => Identity;
  readonly credentials: () => Credentials;
  /** Connections to control with the present certificate. Those with the one before end when what they carry is answered. */
  readonly connections: () => Agent;
  /** `use` hears of each new certificate. */
  readonly follow: (use: () => void) => void;
  readonly stop: () => void;
};

/** Holds what the node joined with, renews it in time over a connection that it secures, and takes what a new join left. */
export function createIdentityKeeper(
  first: Identity,
  options: { readonly controlUrl: string; readonly dataDir: string; readonly connectionsMax: number },
  deps: { readonly clock: Clock; readonly events: IdentityEvents; readonly random: () => number },
): IdentityKeeper {
  const { controlUrl, dataDir, connectionsMax } = options;
  const { clock, events, random } = deps;
  let identity = first;
  let connections = connectAs(first, connectionsMax);
  let tryAt = first.renewAt;
  let seen = first.certificate;
  let isLooking = false;
  const followers: (() => void)[] = [];

  function take(next: Identity): void {
    const before = connections;
    identity = next;
    seen = next.certificate;
    tryAt = next.renewAt;
    connections = connectAs(next, connectionsMax);
    before.maxFreeSockets = 0;
    for (const idle of Object.values(before.freeSockets).flat()) idle?.destroy();
    for (const use of followers) use();
  }

  async function renew(): Promise<void> {
    const { node } = identity;
    const { key, request } = await makeKeyAndRequest(node);
    const url = new URL('/trust/v1/renew', controlUrl);
    const issued = await askAuthority(url, { tls: credentialsOf(identity), body: { request }, schema: issuedSchema });
    const next = identityOf(identity.control, key, issued, clock.now());
    if ((await readIdentity(dataDir))?.certificate !== identity.certificate)
      throw new AppError('certificate-refused', 'The node has joined anew while its certificate was renewed', {
        hint: 'What it joined with stays, and is taken at the next look or start',
      });
    await writeIdentity(dataDir, next);
    take(next);
    events.renewed(next.endsAt);
  }

  async function look(): Promise<void> {
    const found = await readIdentity(dataDir).catch(() => undefined);
    if (found !== undefined && found.certificate !== seen) {
      seen = found.certificate;
      // Another name or control is for a new start: the lines on their way are of this node, and for this control.
      const isOurs = found.node === identity.node && found.control === identity.control;
      if (isOurs) take(found);
      events.joinedAnew(isOurs);
    }
    events.looked(identity.endsAt);
    if (clock.now() < tryAt) return;
    try {
      await renew();
    } catch (error) {
      const leftMs = identity.endsAt - clock.now();
      const plainMs = leftMs > 0 ? Math.min(retryMs.most, Math.max(retryMs.least, leftMs / 10)) : retryMs.whenOver;
      const waitMs = plainMs * (0.5 + random());
      tryAt = clock.now() + waitMs;
      events.renewalFailed(error, leftMs, waitMs);
    }
  }

  const everyMs = Math.max(100, Math.min(lookEveryMs, (first.endsAt - first.renewAt) / 10));
  const stopLooking = clock.every(everyMs, () => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  });
  events.looked(first.endsAt);
  return {
    identity: () => identity,
    credentials: () => credentialsOf(identity),
    connections: () => connections,
    follow: (use) => void followers.push(use),
    stop: () => {
      stopLooking();
      connections.destroy();
    },
  };
}
