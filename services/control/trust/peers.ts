import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { AppError } from '../../protocol/errors.ts';
import { readNodeUri, readUri } from '../../protocol/trust.ts';

/** Connections of one node at once: four batches, the control channel, and as much again while a certificate changes. */
export const connectionsPerNodeMax = 16;

/** Who stands at the other end of a connection, as its certificate says. */
export type Peer = { readonly node: string; readonly serial: string; readonly endsAt: number };

/**
 * Reads the peer of a TLS connection.
 * @throws AppError `certificate-needed`, `certificate-refused` or `certificate-over`.
 */
export function readPeer(socket: Socket): Peer {
  // A resumed session counts as authorized even when no certificate was ever shown: the certificate itself is asked for.
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!(socket instanceof TLSSocket) || certificate === undefined)
    throw new AppError('certificate-needed', 'Agents show the certificate of their node here, and none was shown', {
      hint: 'Join the node with `mailward join`',
    });
  const error = String(socket.authorizationError ?? '');
  if (error.includes('EXPIRED'))
    throw new AppError('certificate-over', `The certificate was good until ${certificate.validTo}`, {
      hint: 'Join the node anew with `mailward join`',
    });
  const node = readNodeUri(readUri(certificate.subjectAltName));
  if (!socket.authorized || node === undefined)
    throw new AppError('certificate-refused', 'The certificate was not issued to a node by this control', {
      hint: 'Join the node to this control with `mailward join`',
    });
  return { node, serial: certificate.serialNumber, endsAt: certificate.validToDate.getTime() };
}

/** Every open connection that shows a good certificate, so that a revocation reaches it at once, whatever is spoken on it. */
export function createPeerConnections() {
  const peerBySocket = new Map<Socket, Peer>();

  function destroyWhere(isMeant: (peer: Peer) => boolean): number {
    const meant = [...peerBySocket].filter(([, peer]) => isMeant(peer));
    for (const [socket] of meant) socket.destroy();
    return meant.length;
  }
  return {
    /** The peer of `socket`, read once a connection. Throws as {@link readPeer} does. */
    peerOf: (socket: Socket): Peer => {
      const known = peerBySocket.get(socket);
      if (known !== undefined) return known;
      const peer = readPeer(socket);
      const siblings = [...peerBySocket].filter(([, { node }]) => node === peer.node);
      if (siblings.length >= connectionsPerNodeMax) siblings[0]?.[0].destroy();
      peerBySocket.set(socket, peer);
      socket.once('close', () => peerBySocket.delete(socket));
      return peer;
    },
    destroyWhere,
  };
}
