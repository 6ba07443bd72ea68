// The small servers around the real ones: sinks that stand for the world, and a content filter that re-injects.
import type { AddressInfo } from 'node:net';
import { createTransport } from 'nodemailer';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export type Sink = { readonly port: number; readonly stop: () => Promise<void> };

async function listen(options: SMTPServerOptions): Promise<Sink> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 500,
    logger: false,
    ...options,
  });
  server.on('error', () => {});
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server.server.address() as AddressInfo));
  });
  return { port: address.port, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

const refuse = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

/** Takes everything, defers every recipient, or refuses every recipient. */
export function listenSink(mood: 'takes' | 'defers' | 'bounces'): Promise<Sink> {
  let taken = 0;
  return listen({
    name: `${mood}.test`,
    onRcptTo: (address, _session, callback) => {
      if (mood === 'defers')
        callback(refuse(450, `4.2.0 <${address.address}>: Recipient address rejected: Greylisted`));
      else if (mood === 'bounces')
        callback(refuse(550, `5.1.1 <${address.address}>: Recipient address rejected: User unknown`));
      else callback();
    },
    onData: (stream, _session, callback) => {
      stream.resume();
      stream.once('end', () => {
        taken += 1;
        // Worded as the large providers do it: what names a queue id on loopback is taken for a filter of the machine's own.
        callback(null, `2.0.0 OK ${taken} - sink`);
      });
    },
  });
}

/** A content filter as amavis is one: answers only after Postfix has taken the message back on the re-injection port. */
export async function listenFilter(reinjectPort: number): Promise<Sink> {
  const back = createTransport({
    host: '127.0.0.1',
    port: reinjectPort,
    name: 'filter.test',
    ignoreTLS: true,
    pool: true,
    maxConnections: 4,
  });
  const server = await listen({
    name: 'filter.test',
    onData: (stream, session, callback) => {
      const pass = async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of stream) chunks.push(chunk);
        const from = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
        const to = session.envelope.rcptTo.map(({ address }) => address);
        const info = await back.sendMail({ envelope: { from, to }, raw: Buffer.concat(chunks) });
        callback(null, `2.0.0 from MTA(smtp:[127.0.0.1]:${reinjectPort}): ${info.response}`);
      };
      pass().catch(callback);
    },
  });
  return {
    port: server.port,
    stop: async () => {
      back.close();
      await server.stop();
    },
  };
}
