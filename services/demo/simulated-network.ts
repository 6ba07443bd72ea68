import type { Clock } from '../runtime/clock.ts';
import * as cast from './cast.ts';
import { composeMail, filterMail } from './mail.ts';
import type { SmtpSession } from './mail-node.ts';
import type { Dial, DialOutcome, Parcel } from './mail-queue.ts';
import { isSuccess, type Reply } from './postfix-lines.ts';
import type { Random } from './random.ts';
import type { Network, Site } from './site.ts';
import type { Intent } from './traffic-plan.ts';

type Answer = Extract<DialOutcome, { kind: 'answered' }>['replies'][number];

/** Cipher of a TLS 1.3 client of today. */
const usualTls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', bits: 256 } as const;

/**
 * Carries mail between the nodes without a socket, with plausible times on a virtual clock: that is how the last hour
 * comes to be before the first second.
 */
export function createSimulatedNetwork(site: Site, deps: { readonly clock: Clock; readonly random: Random }): Network {
  const { clock, random } = deps;

  /** A client's whole conversation with one of our servers. */
  function converse(session: SmtpSession, parcel: Parcel, done: (outcome: DialOutcome) => void): void {
    const connectionMs = random.between(1, 12);
    clock.after(connectionMs, () => {
      const answers: Answer[] = parcel.to.map((to) => ({
        reply: session.recipient(parcel.from, to),
        command: 'RCPT TO',
      }));
      const taken = parcel.to.filter((_, at) => isSuccess(answers[at]?.reply ?? { code: 554, enhanced: '', text: '' }));
      const transmissionMs = random.between(2, 30);
      clock.after(transmissionMs, () => {
        const reply = taken.length === 0 ? undefined : session.data({ ...parcel, to: taken });
        session.close();
        const replies = answers.map((answer) =>
          reply !== undefined && isSuccess(answer.reply) ? { reply, command: 'end of DATA' } : answer,
        );
        done({ kind: 'answered', replies, connectionMs, transmissionMs });
      });
    });
  }

  const answerAll = (
    parcel: Parcel,
    reply: Reply,
    times: { connectionMs: number; transmissionMs: number },
  ): DialOutcome => ({
    kind: 'answered',
    replies: parcel.to.map(() => ({ reply, command: 'end of DATA' })),
    ...times,
  });

  function passFilter(parcel: Parcel, done: (outcome: DialOutcome) => void): void {
    const scanMs = random.between(30, 900);
    clock.after(scanMs, () => {
      const session = site.nodes.mx1.connect('reinject', cast.localhost);
      converse(session, { ...parcel, raw: filterMail(parcel.raw) }, (outcome) => {
        if (outcome.kind !== 'answered') return done(outcome);
        const { transmissionMs } = outcome;
        const replies = outcome.replies.map(({ reply, command }) => ({ reply: relayReply(reply), command }));
        done({ ...outcome, replies, transmissionMs: transmissionMs + scanMs });
      });
    });
  }

  function callWorld(parcel: Parcel, done: (outcome: DialOutcome) => void): void {
    const connectionMs = random.between(20, 180);
    const transmissionMs = random.between(30, 400);
    clock.after(connectionMs, () => {
      const replies: Answer[] = [];
      for (const to of parcel.to) {
        const reply = site.world.judge(parcel.from, to);
        if (reply === undefined) return done({ kind: 'no-connection', reason: refusedText(to) });
        replies.push({ reply, command: 'RCPT TO' });
      }
      clock.after(transmissionMs, () => {
        const accepted = site.world.accept();
        const final = replies.map((answer) =>
          isSuccess(answer.reply) ? { reply: accepted, command: 'end of DATA' } : answer,
        );
        done({ kind: 'answered', replies: final, connectionMs, transmissionMs });
      });
    });
  }

  const dial: Dial = (target, client, parcel, done) => {
    if (target === 'filter') return passFilter(parcel, done);
    if (target === 'lmtp') {
      const transmissionMs = random.between(5, 40);
      clock.after(transmissionMs, () =>
        done(
          answerAll(parcel, site.store.deliver(parcel.to[0] ?? '', parcel.raw), { connectionMs: 1, transmissionMs }),
        ),
      );
      return;
    }
    const next = cast.nodeNames.find((name) => name === target);
    if (next === undefined) callWorld(parcel, done);
    else converse(site.nodes[next].connect('smtp', client), parcel, done);
  };

  function perform(intent: Intent): void {
    switch (intent.kind) {
      case 'release-held':
        site.nodes.mx1.releaseHeld();
        return;
      case 'read':
        readMail(site, intent, random);
        return;
      case 'send': {
        const session = site.nodes[intent.entrance].connect(intent.listener, intent.client);
        if (intent.account !== undefined) {
          session.startTls(usualTls);
          const password = intent.hasWrongPassword === true ? 'guess' : cast.userPassword;
          if (!session.login(intent.account, password, 'PLAIN')) {
            session.close();
            return;
          }
        }
        const { from, to } = intent.draft;
        converse(session, { from, to, raw: composeMail(intent.draft, clock.now()) }, () => {});
      }
    }
  }

  return { dial, perform };
}

/** The filter's own reply wraps what the re-injection server said, as amavis does. */
export const relayReply = (reply: Reply): Reply =>
  isSuccess(reply)
    ? { ...reply, text: `from MTA(smtp:[127.0.0.1]:10025): ${reply.code} ${reply.enhanced} ${reply.text}` }
    : reply;

/** What smtp logs when nobody listens. */
export function refusedText(to: string): string {
  const remote = cast.remotes[to.slice(to.lastIndexOf('@') + 1)];
  return `connect to ${remote?.host}[${remote?.ip}]:25: Connection refused`;
}

/** How many of the oldest messages a reader deletes when a mailbox grows. */
const keepMax = 40;

function readMail(site: Site, intent: Extract<Intent, { kind: 'read' }>, random: Random): void {
  const password = intent.hasWrongPassword ? 'guess' : cast.userPassword;
  const login = site.store.login(intent.account, password, intent.client);
  const inbox = login?.mailbox('INBOX');
  if (login === undefined || inbox === undefined) return;
  let out = random.between(900, 1600);
  for (const mail of inbox.mails.filter(({ flags }) => !flags.has('\\Seen')).slice(0, 5)) {
    login.countBody(mail.raw.length);
    login.addFlags('INBOX', mail, ['\\Seen']);
    out += mail.raw.length;
  }
  for (const mail of inbox.mails.slice(0, Math.max(0, Math.min(3, inbox.mails.length - keepMax)))) {
    login.addFlags('INBOX', mail, ['\\Deleted']);
  }
  login.expunge('INBOX');
  login.logout({ in: random.between(120, 700), out });
}
