import type { Clock } from '../runtime/clock.ts';
import * as cast from './cast.ts';
import { readHeaders } from './mail.ts';
import { createMailQueue, type Dial, type Hop, type Parcel } from './mail-queue.ts';
import type { NodeLog, Pids } from './node-log.ts';
import * as lines from './postfix-lines.ts';
import { createQueueIds } from './queue-id.ts';
import type { Random } from './random.ts';

/** `smtp`: the world and the other nodes. `submission`: our users. `reinject`: what comes back from the content filter. */
export type Listener = 'smtp' | 'submission' | 'reinject';
const programs: Record<Listener, string> = {
  smtp: 'postfix/smtpd',
  submission: 'postfix/submission/smtpd',
  reinject: 'postfix/reinject/smtpd',
};

/** One client's conversation with smtpd. The methods answer as the server does and write what it would write. */
export type SmtpSession = {
  readonly startTls: (tls: { protocol: string; cipher: string; bits: number }) => void;
  readonly login: (user: string, password: string, method: string) => boolean;
  readonly recipient: (from: string, to: string) => lines.Reply;
  readonly data: (parcel: Parcel) => lines.Reply;
  readonly close: () => void;
};

export type MailNode = {
  readonly connect: (listener: Listener, client: cast.Party) => SmtpSession;
  readonly releaseHeld: () => void;
};

const accepted: lines.Reply = { code: 250, enhanced: '2.1.5', text: 'Ok' };

/** The route of each node: mx1 filters and passes inward, mx2 passes inward and outward, mx3 stores and passes outward through mx2. */
export function routeOf(node: cast.NodeName, recipient: string, isFiltered: boolean): Hop {
  const inside = recipient.endsWith(`@${cast.domain}`);
  if (node === 'mx1' && !isFiltered) {
    return {
      service: 'smtp',
      target: 'filter',
      relay: '127.0.0.1[127.0.0.1]:10024',
      relayHost: '127.0.0.1[127.0.0.1]',
    };
  }
  if (node === 'mx3' && inside) {
    const relayHost = `${cast.nodes.mx3.host}[private/dovecot-lmtp]`;
    return { service: 'lmtp', target: 'lmtp', relay: relayHost, relayHost };
  }
  if (inside || node === 'mx3') {
    const next: cast.NodeName = inside ? 'mx3' : 'mx2';
    const relayHost = lines.clientName(cast.partyOf(next));
    return { service: 'smtp', target: next, relay: `${relayHost}:25`, relayHost };
  }
  const remoteDomain = recipient.slice(recipient.lastIndexOf('@') + 1);
  const remote = cast.remotes[remoteDomain] ?? cast.remotes['example.net'];
  const relayHost = `${remote?.host}[${remote?.ip}]`;
  return { service: 'smtp', target: remoteDomain, relay: `${relayHost}:25`, relayHost };
}

/** Who may send what to whom; `undefined` accepts. Restrictions and their words as smtpd_check.c has them. */
export function judgeRecipient(options: {
  node: cast.NodeName;
  listener: Listener;
  client: cast.Party;
  isLoggedIn: boolean;
  to: string;
}): lines.Reply | undefined {
  const { node, listener, client, isLoggedIn, to } = options;
  const isTrusted =
    isLoggedIn || listener === 'reinject' || cast.nodeNames.some((name) => cast.nodes[name].ip === client.ip);
  if (listener === 'submission' && !isLoggedIn) {
    const text = `<${lines.clientName(client)}>: Client host rejected: Access denied`;
    return { code: 554, enhanced: '5.7.1', text };
  }
  if (!isTrusted && client.ip === cast.listedIp) {
    const text = `Service unavailable; Client host [${client.ip}] blocked using ${cast.blockList}; Listed, see https://dnsbl.example/${client.ip}`;
    return { code: 554, enhanced: '5.7.1', text };
  }
  const inside = to.endsWith(`@${cast.domain}`);
  if (!inside && !isTrusted) return { code: 554, enhanced: '5.7.1', text: `<${to}>: Relay access denied` };
  if (inside && !cast.knownAddresses.has(to)) {
    const table = node === 'mx3' ? 'virtual mailbox' : 'relay recipient';
    return {
      code: 550,
      enhanced: '5.1.1',
      text: `<${to}>: Recipient address rejected: User unknown in ${table} table`,
    };
  }
  return undefined;
}

/** Header checks of the demo: one subject is held for an operator, one is dropped. */
export function judgeSubject(subject: string): 'hold' | 'discard' | undefined {
  if (subject.startsWith('[quarantine]')) return 'hold';
  return subject.startsWith('[load test]') ? 'discard' : undefined;
}

/** The Postfix of one node: smtpd here, the queue behind it. */
export function createMailNode(
  name: cast.NodeName,
  deps: {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: NodeLog;
    readonly pids: Pids;
    readonly dial: Dial;
  },
): MailNode {
  const { clock, random, log, pids } = deps;
  const queueIds = createQueueIds(random, cast.nodes[name].longQueueIds);
  const queue = createMailQueue(
    { party: cast.partyOf(name), routeOf: (recipient, isFiltered) => routeOf(name, recipient, isFiltered) },
    { ...deps, newId: () => queueIds(clock.now()) },
  );

  /** cleanup: names the message, and applies the header checks where mail enters the site, once. */
  function cleanUp(
    queueId: string,
    listener: Listener,
    client: cast.Party,
    parcel: Parcel,
  ): 'hold' | 'discard' | undefined {
    const { messageId, subject, traceparent } = readHeaders(parcel.raw);
    const envelope = { from: parcel.from, to: parcel.to[0] ?? '' };
    const pid = pids.acquire('cleanup');
    const say = (action: 'info' | 'hold' | 'discard', header: string) =>
      log('postfix/cleanup', pid, lines.headerText(queueId, action, header, client, envelope));
    log('postfix/cleanup', pid, lines.messageIdText(queueId, messageId));
    const isEntrance = listener !== 'reinject' && name !== 'mx3';
    if (isEntrance && traceparent !== undefined) say('info', `traceparent: ${traceparent}`);
    const verdict = isEntrance ? judgeSubject(subject) : undefined;
    if (verdict !== undefined) say(verdict, `Subject: ${subject}`);
    pids.release('cleanup', pid);
    return verdict;
  }

  return {
    releaseHeld: queue.releaseHeld,
    connect: (listener, client) => {
      const program = programs[listener];
      const pid = pids.acquire(program);
      const counts: Record<string, [number, number]> = {};
      const count = (command: string, isOk = true) => {
        const [ok, tried] = counts[command] ?? [0, 0];
        counts[command] = [ok + (isOk ? 1 : 0), tried + 1];
      };
      let sasl: { method: string; user: string } | undefined;
      let queueId: string | undefined;
      let arrivedAt = clock.now();
      log(program, pid, lines.connectText(client));
      count('ehlo');
      return {
        startTls: (tls) => {
          count('starttls');
          count('ehlo');
          log(program, pid, lines.tlsText(client, tls));
        },
        login: (user, password, method) => {
          const isRight = cast.knownAddresses.has(user) && password === cast.userPassword;
          count('auth', isRight);
          if (isRight) sasl = { method, user };
          else log(program, pid, lines.saslFailureText(client, method, user));
          return isRight;
        },
        recipient: (from, to) => {
          if (queueId === undefined && counts.rcpt === undefined) count('mail');
          const refusal = queue.isFull()
            ? { code: 452, enhanced: '4.3.1', text: 'Insufficient system storage' }
            : judgeRecipient({ node: name, listener, client, isLoggedIn: sasl !== undefined, to });
          count('rcpt', refusal === undefined);
          if (refusal !== undefined) {
            log(program, pid, lines.rejectText(client, refusal, from, to));
            return refusal;
          }
          if (queueId === undefined) {
            queueId = queue.newId();
            arrivedAt = clock.now();
            log(program, pid, lines.clientText(queueId, client, sasl));
          }
          return accepted;
        },
        data: (parcel) => {
          count('data');
          const id = queueId ?? queue.newId();
          queueId = undefined;
          const verdict = cleanUp(id, listener, client, parcel);
          if (verdict === 'hold') queue.hold(id, parcel);
          else if (verdict === undefined) queue.accept(id, parcel, { isFiltered: listener === 'reinject', arrivedAt });
          return { code: 250, enhanced: '2.0.0', text: `Ok: queued as ${id}` };
        },
        close: () => {
          count('quit');
          log(program, pid, lines.disconnectText(client, counts));
          pids.release(program, pid);
        },
      };
    },
  };
}
