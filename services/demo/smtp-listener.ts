import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import { type Party, partyByHelo } from './cast.ts';
import type { SmtpSession } from './mail-node.ts';
import type { Parcel } from './mail-queue.ts';
import { isSuccess, type Reply } from './postfix-lines.ts';

/** Bounds of each of the demo's servers; what is larger or more is refused. */
export const listenerLimits = { messageBytesMax: 256 * 1024, clientsMax: 64, socketTimeoutMs: 30_000 } as const;

/** The server's side of a conversation; the content filter answers only after it has passed the message on. */
export type ServerSession = Omit<SmtpSession, 'data'> & { readonly data: (parcel: Parcel) => Reply | Promise<Reply> };

export type Listening = { readonly port: number; readonly stop: () => Promise<void> };

/** A refusal in the form in which smtp-server sends it. */
function refusalOf(reply: Reply): Error & { responseCode: number } {
  return Object.assign(new Error(`${reply.enhanced} ${reply.text}`), { responseCode: reply.code });
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  // What exceeds the size limit is read and forgotten: the client gets its refusal after the last byte.
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes <= listenerLimits.messageBytesMax) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/**
 * A real SMTP or LMTP server on a free loopback port; `open` begins the conversation that answers. Everybody comes from loopback, so
 * a client is known by its HELO name, and the conversation begins with the first command after it.
 */
export async function listenSmtp(options: {
  readonly name: string;
  readonly open: (client: Party) => ServerSession;
  readonly isSubmission?: boolean;
  readonly isLmtp?: boolean;
}): Promise<Listening> {
  const sessionById = new Map<string, ServerSession>();
  const sessionOf = (smtp: SMTPServerSession): ServerSession => {
    const known = sessionById.get(smtp.id);
    if (known !== undefined) return known;
    const session = options.open(partyByHelo(smtp.hostNameAppearsAs || 'unknown'));
    if (smtp.tlsOptions) {
      const { version: protocol, standardName: cipher } = smtp.tlsOptions;
      session.startTls({ protocol, cipher, bits: /AES_?128/.test(cipher) ? 128 : 256 });
    }
    sessionById.set(smtp.id, session);
    return session;
  };
  const senderOf = ({ envelope }: SMTPServerSession) => (envelope.mailFrom === false ? '' : envelope.mailFrom.address);

  const serverOptions: SMTPServerOptions = {
    name: options.name,
    lmtp: options.isLmtp === true,
    size: listenerLimits.messageBytesMax,
    rejectOversized: true,
    maxClients: listenerLimits.clientsMax,
    socketTimeout: listenerLimits.socketTimeoutMs,
    closeTimeout: 500,
    disableReverseLookup: true,
    logger: false,
    authOptional: options.isSubmission !== true,
    disabledCommands: options.isSubmission === true ? [] : ['AUTH', 'STARTTLS'],
    onAuth: (auth, smtp, callback) => {
      const user = auth.username ?? '';
      if (sessionOf(smtp).login(user, auth.password ?? '', auth.method)) callback(null, { user });
      else
        callback(
          refusalOf({ code: 535, enhanced: '5.7.8', text: 'Error: authentication failed: (reason unavailable)' }),
        );
    },
    onMailFrom: (_address, smtp, callback) => {
      sessionOf(smtp);
      callback();
    },
    onRcptTo: (address, smtp, callback) => {
      const reply = sessionOf(smtp).recipient(senderOf(smtp), address.address);
      callback(isSuccess(reply) ? null : refusalOf(reply));
    },
    onData: (stream, smtp, callback) => {
      const answer = async () => {
        const raw = await readAll(stream);
        const to = smtp.envelope.rcptTo.map(({ address }) => address);
        const reply = await sessionOf(smtp).data({ from: senderOf(smtp), to, raw });
        if (isSuccess(reply)) callback(null, `${reply.enhanced} ${reply.text}`);
        else callback(refusalOf(reply));
      };
      answer().catch(callback);
    },
    onClose: (smtp, callback) => {
      sessionById.get(smtp.id)?.close();
      sessionById.delete(smtp.id);
      callback?.();
    },
  };
  const server = new SMTPServer(serverOptions);
  // A client that vanishes is the client's affair; it is in the log as such.
  server.on('error', () => {});
  const listening = await new Promise<AddressInfo>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server.server.address() as AddressInfo));
  });
  return { port: listening.port, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}
