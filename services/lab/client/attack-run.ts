import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { z } from 'zod';
import type { Clock } from '../../runtime/clock.ts';
import { mailboxPassword } from '../roles/mailboxes.ts';
import { sendMail } from './lab-mail.ts';

// Attackers as mail servers know them, from inside the client host. Bounded in sessions, in rate and in time.

export const attackKindSchema = z.enum(['guess-one', 'guess-many', 'spam', 'backscatter']);
type AttackKind = z.infer<typeof attackKindSchema>;

const attackMs = 3_600_000;
/** From one address few at a time, as a slow guesser; from many so many that no place is left. */
const sessionsByKind = { 'guess-one': 4, 'guess-many': 130 } as const;
const sessionMs = 20_000;
const mailEveryMs = 300;
const pauseMs = 100;

type AttackTarget = {
  /** Full name of the mail host. */
  readonly against: string;
  /** Whose password is guessed or known, or to whom bounces go. */
  readonly mailbox: string;
};

/** From the words after `attack KIND` of a command line. */
export const attackTarget = ([, , , , against = '', mailbox = '']: readonly string[]): AttackTarget => ({
  against,
  mailbox,
});

/** Goes on until its time is over or the process ends. */
export async function runAttack(
  kind: AttackKind,
  target: AttackTarget,
  deps: { readonly clock: Clock },
): Promise<void> {
  const endsAt = deps.clock.monotonicMs() + attackMs;
  const pause = (ms: number) => new Promise<void>((done) => deps.clock.after(ms, done));
  let count = 0;
  if (kind === 'spam' || kind === 'backscatter') {
    while (deps.clock.monotonicMs() < endsAt) {
      await (kind === 'spam' ? sendSpam(target, ++count) : sendBounce(target, ++count));
      await pause(mailEveryMs);
    }
    return;
  }
  // One guesser comes as the users of this host come, so that what befalls its address befalls them.
  const addresses = kind === 'guess-one' ? [] : ownAddresses();
  const guess = async (session: number): Promise<void> => {
    const localAddress = addresses[session % addresses.length];
    while (deps.clock.monotonicMs() < endsAt) {
      await guessPasswords(target, localAddress, () => `wrong-${session}-${++count}`).catch(() => {});
      await pause(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: sessionsByKind[kind] }, (_, session) => guess(session)));
}

const sendSpam = ({ against, mailbox }: AttackTarget, count: number) =>
  sendMail({
    ...{ host: against, port: 587, user: mailbox, password: mailboxPassword, from: mailbox },
    to: [`victim-${count}@unknown-user.test`],
    subject: 'You have won',
    messageId: `<spam-${count}@${against}>`,
  });

const sendBounce = ({ against, mailbox }: AttackTarget, count: number) =>
  sendMail({
    ...{ host: against, port: 25, from: '', to: [mailbox] },
    subject: 'Undelivered Mail Returned to Sender',
    messageId: `<bounce-${count}@accept.test>`,
    headers: { 'Auto-Submitted': 'auto-replied' },
  });

function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
}

/** One submission session that offers password after password until the server has had enough (RFC 4954). */
function guessPasswords(target: AttackTarget, localAddress: string | undefined, password: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const steps = ['EHLO attacker.invalid', 'STARTTLS'];
    const plain = connect({
      ...{ host: target.against, port: 587, timeout: sessionMs },
      ...(localAddress === undefined ? {} : { localAddress, family: 4 }),
    });
    const follow = (socket: Socket): void => {
      let text = '';
      socket.on('error', reject);
      socket.on('close', () => resolve());
      socket.on('timeout', () => socket.destroy());
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (!/^\d{3} .*\r\n$/m.test(text)) return;
        const code = text.trimEnd().split('\r\n').at(-1)?.slice(0, 3);
        text = '';
        if (code === '421') return void socket.destroy();
        const step = steps.shift();
        if (step !== undefined) return void socket.write(`${step}\r\n`);
        if (socket !== plain) return void socket.write(`AUTH PLAIN ${plainResponse(target.mailbox, password())}\r\n`);
        socket.removeAllListeners('data');
        steps.push('EHLO attacker.invalid');
        const secure = connectTls({ socket: plain, rejectUnauthorized: false, timeout: sessionMs });
        follow(secure);
        secure.once('secureConnect', () => secure.write(`${steps.shift()}\r\n`));
      });
    };
    follow(plain);
  });
}

/** RFC 4616: authorization identity, authentication identity, password. */
const plainResponse = (user: string, password: string): string =>
  Buffer.from(`\0${user}\0${password}`).toString('base64');
