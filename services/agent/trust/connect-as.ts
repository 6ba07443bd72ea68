import { Agent } from 'node:https';
import { credentialsOf, type Identity } from './identity.ts';

/** A connection that nobody used is given up before control does so. */
const idleMs = 30_000;

/** Connections to control that are kept, and that show the node's certificate. */
export function connectAs(identity: Identity, connectionsMax: number): Agent {
  const bounds = { keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax, timeout: idleMs };
  // Each connection shows the certificate anew, so that none speaks for one that is gone.
  return new Agent({ ...credentialsOf(identity), ...bounds, minVersion: 'TLSv1.3', maxCachedSessions: 0 });
}
