import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { AppError } from '../../protocol/errors.ts';
import type { Trust } from './trust.ts';

/**
 * Lets an agent speak for `node` when the certificate of its connection names that node. Without TLS there is nothing to see, and
 * everybody is on this machine.
 * @throws AppError `wrong-node`, or what is wrong with the certificate.
 */
export function admitAgent(trust: Trust | undefined, socket: Socket, node: string): void {
  if (trust === undefined) return;
  const peer = trust.peerOf(socket);
  if (peer.node !== node)
    throw new AppError('wrong-node', `The certificate is of ${peer.node}, and it spoke for ${node}`, {
      hint: `Call the agent's node ${peer.node}, or join ${node} with a token of its own`,
    });
}

/**
 * Whether a request is an agent's errand, which the checks against other people's web pages do not concern: no page can show a
 * node's certificate, and joining takes a secret that no page knows. A certificate opens the agents' own paths and no other; the
 * channel of the console stands on the same path as theirs, and therefore asks for itself.
 */
export function isAgentsErrand(trust: Trust | undefined, request: IncomingMessage): boolean {
  if (trust === undefined) return false;
  if (isAgentsPath(request)) return true;
  if (!request.url?.startsWith('/socket.io/')) return false;
  try {
    return trust.peerOf(request.socket) !== undefined;
  } catch {
    return false;
  }
}

/** Whether a request is for a path that agents alone have a use for. */
export const isAgentsPath = ({ url = '' }: IncomingMessage): boolean => /^\/(ingest|trust)\//.test(url);
