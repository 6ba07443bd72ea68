import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import type { Clock } from '../runtime/clock.ts';
import * as cast from './cast.ts';
import { listenImap } from './imap-server.ts';
import { composeMail, filterMail } from './mail.ts';
import type { Dial, DialOutcome, Parcel } from './mail-queue.ts';
import { parseReply, type Reply } from './postfix-lines.ts';
import { refusedText, relayReply } from './simulated-network.ts';
import type { Network, Site } from './site.ts';
import { type Listening, listenSmtp, type ServerSession } from './smtp-listener.ts';
import type { Intent } from './traffic-plan.ts';

/** Bounds of what the demo does at a time; above them an act is left out, and a delivery is tried again later. */
export const trafficLimits = { actsMax: 20, timeoutMs: 10_000, readMessagesMax: 5, inboxKeepMax: 40 } as const;

/** Nobody listens on TCP port 1 (tcpmux) of a loopback today: a connection is refused at once. */
const closedPort = 1;

export type RealNetwork = Network & {
  /** The entrances a person can try by hand. */
  readonly ports: { readonly mx1: number; readonly submission: number; readonly imap: number };
  readonly stop: () => Promise<void>;
};

/**
 * The demo's network over real sockets on loopback: SMTP and LMTP between the nodes, the content filter, the world, and an
 * IMAP server. The site's own logic answers; only the way to it is real. `onFault` hears what should not have happened.
 */
export async function createRealNetwork(
  site: Site,
  deps: { readonly clock: Clock; readonly onFault: (error: unknown) => void },
): Promise<RealNetwork> {
  const { clock, onFault } = deps;
  const servers: Listening[] = [];
  const listen = async (name: string, options: Omit<Parameters<typeof listenSmtp>[0], 'name'>): Promise<number> => {
    const server = await listenSmtp({ name, ...options });
    servers.push(server);
    return server.port;
  };
  const { mx1, mx2, mx3 } = cast.nodes;
  const reinjectPort = await listen(mx1.host, { open: (client) => site.nodes.mx1.connect('reinject', client) });
  const portByTarget = new Map<string, number>([
    ['mx1', await listen(mx1.host, { open: (client) => site.nodes.mx1.connect('smtp', client) })],
    ['mx2', await listen(mx2.host, { open: (client) => site.nodes.mx2.connect('smtp', client) })],
    ['mx3', await listen(mx3.host, { open: (client) => site.nodes.mx3.connect('smtp', client) })],
    ['filter', await listen('filter', { open: () => filterSession(reinjectPort) })],
    ['lmtp', await listen(mx3.host, { isLmtp: true, open: () => lmtpSession(site) })],
  ]);
  const submissionPort = await listen(mx2.host, {
    isSubmission: true,
    open: (client) => site.nodes.mx2.connect('submission', client),
  });
  const worldPort = await listen('world.example', { open: () => worldSession(site) });
  const imap = await listenImap({ store: site.store, clock });
  servers.push(imap);

  const dial: Dial = (target, client, parcel, done) => {
    const isDown = cast.remotes[target]?.mood === 'refuses';
    const port = isDown ? closedPort : (portByTarget.get(target) ?? worldPort);
    const options = { port, heloName: client.helo, isLmtp: target === 'lmtp' };
    converse(options, parcel).then(done, (error: unknown) => {
      onFault(error);
      done({ kind: 'no-connection', reason: refusedText(parcel.to[0] ?? '') });
    });
  };

  let acts = 0;
  let isStopping = false;
  async function act(intent: Intent): Promise<void> {
    switch (intent.kind) {
      case 'release-held':
        return site.nodes.mx1.releaseHeld();
      case 'read':
        return readMail(imap.port, intent);
      case 'send': {
        const port = intent.listener === 'submission' ? submissionPort : portByTarget.get(intent.entrance);
        const { from, to } = intent.draft;
        const raw = composeMail(intent.draft, clock.now());
        const password = intent.hasWrongPassword === true ? 'guess' : cast.userPassword;
        const login = intent.account === undefined ? undefined : { user: intent.account, pass: password };
        // A refusal is an answer here, not a fault: it is what the site's log is about.
        await converse({ port: port ?? 0, heloName: intent.client.helo, login }, { from, to, raw });
      }
    }
  }

  return {
    dial,
    ports: { mx1: portByTarget.get('mx1') ?? 0, submission: submissionPort, imap: imap.port },
    perform: (intent) => {
      if (isStopping || acts >= trafficLimits.actsMax) return;
      acts += 1;
      act(intent)
        .catch((error: unknown) => {
          if (!isStopping) onFault(error);
        })
        .finally(() => {
          acts -= 1;
        });
    },
    stop: async () => {
      isStopping = true;
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

type SendError = Error & {
  code?: string;
  response?: string;
  rejectedErrors?: readonly (Error & { recipient?: string; response?: string })[];
};

/** One SMTP or LMTP conversation with nodemailer, and how it ended for each recipient. */
async function converse(
  options: {
    readonly port: number;
    readonly heloName: string;
    readonly isLmtp?: boolean;
    readonly login?: { user: string; pass: string } | undefined;
  },
  parcel: Parcel,
): Promise<DialOutcome> {
  const startedAt = performance.now();
  const transport = createTransport({
    host: '127.0.0.1',
    port: options.port,
    name: options.heloName,
    lmtp: options.isLmtp === true,
    secure: false,
    ignoreTLS: options.login === undefined,
    requireTLS: options.login !== undefined,
    // The demo's servers have a certificate of their own making and talk on loopback only.
    tls: { rejectUnauthorized: false },
    connectionTimeout: trafficLimits.timeoutMs,
    greetingTimeout: trafficLimits.timeoutMs,
    socketTimeout: trafficLimits.timeoutMs,
    ...(options.login === undefined ? {} : { auth: options.login }),
  });
  const answer = (
    rejected: NonNullable<SendError['rejectedErrors']>,
    final: Reply | undefined,
    transmissionMs: number,
  ): DialOutcome => ({
    kind: 'answered',
    replies: parcel.to.map((to) => {
      const refusal = rejected.find(({ recipient }) => recipient === to);
      if (refusal?.response !== undefined) return { reply: parseReply(refusal.response), command: 'RCPT TO' };
      const reply = final ?? { code: 451, enhanced: '4.3.0', text: 'Temporary failure' };
      return { reply, command: 'end of DATA' };
    }),
    connectionMs: Math.max(0, performance.now() - startedAt - transmissionMs),
    transmissionMs,
  });
  try {
    const info = await transport.sendMail({ envelope: { from: parcel.from, to: [...parcel.to] }, raw: parcel.raw });
    const transmissionMs = (info.envelopeTime ?? 0) + (info.messageTime ?? 0);
    return answer(info.rejectedErrors ?? [], parseReply(info.response), transmissionMs);
  } catch (caught) {
    const error = caught as SendError;
    if (error.response === undefined && error.rejectedErrors === undefined) {
      return { kind: 'no-connection', reason: refusedText(parcel.to[0] ?? '') };
    }
    const final = error.response === undefined ? undefined : parseReply(error.response);
    return answer(error.rejectedErrors ?? [], final, 0);
  } finally {
    transport.close();
  }
}

const ok: Reply = { code: 250, enhanced: '2.1.5', text: 'Ok' };
/** A server's side of a conversation that keeps no log of its own. */
const silent = { startTls: () => {}, login: () => false, close: () => {} };

/** The content filter: takes, marks, and hands back to mx1 before it answers. */
function filterSession(reinjectPort: number): ServerSession {
  return {
    ...silent,
    recipient: () => ok,
    data: async (parcel) => {
      const outcome = await converse(
        { port: reinjectPort, heloName: cast.localhost.helo },
        { ...parcel, raw: filterMail(parcel.raw) },
      );
      const reply = outcome.kind === 'answered' ? outcome.replies[0]?.reply : undefined;
      return relayReply(reply ?? { code: 451, enhanced: '4.5.0', text: 'Error in processing, try again later' });
    },
  };
}

const lmtpSession = (site: Site): ServerSession => ({
  ...silent,
  recipient: () => ok,
  data: ({ to, raw }) => site.store.deliver(to[0] ?? '', raw),
});

const worldSession = (site: Site): ServerSession => ({
  ...silent,
  recipient: (from, to) => site.world.judge(from, to) ?? { code: 451, enhanced: '4.4.1', text: 'No answer' },
  data: () => site.world.accept(),
});

/** A user's look into the mailbox: new mail read, the oldest deleted when there is much. */
async function readMail(port: number, intent: Extract<Intent, { kind: 'read' }>): Promise<void> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure: false,
    doSTARTTLS: false,
    clientInfo: { name: intent.client.helo },
    auth: { user: intent.account, pass: intent.hasWrongPassword ? 'guess' : cast.userPassword },
    disableAutoIdle: true,
    logger: false,
  });
  // imapflow reports a lost connection both here and through the command that waits.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    client.close();
    if (intent.hasWrongPassword) return;
    throw error;
  }
  try {
    const mailbox = await client.mailboxOpen('INBOX');
    const unread: number[] = [];
    for await (const mail of client.fetch('1:*', { uid: true, flags: true })) {
      if (mail.flags?.has('\\Seen') === false && unread.length < trafficLimits.readMessagesMax) unread.push(mail.uid);
    }
    if (unread.length > 0) {
      for await (const mail of client.fetch(unread, { source: true }, { uid: true })) void mail.uid;
      await client.messageFlagsAdd(unread, ['\\Seen'], { uid: true });
    }
    const surplus = Math.min(trafficLimits.readMessagesMax, mailbox.exists - trafficLimits.inboxKeepMax);
    if (surplus > 0) await client.messageDelete(`1:${surplus}`);
  } finally {
    await client.logout();
  }
}
