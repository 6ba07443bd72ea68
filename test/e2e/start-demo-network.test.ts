// The demo's own servers over real sockets: what people and machines do there is answered, and leaves the lines it should.
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as cast from '../../services/demo/cast.ts';
import { createRealNetwork, type RealNetwork } from '../../services/demo/real-network.ts';
import { createSite } from '../../services/demo/site.ts';
import type { Intent } from '../../services/demo/traffic-plan.ts';
import { createVirtualClock } from '../../services/demo/virtual-clock.ts';
import { systemClock } from '../../services/runtime/clock.ts';

const lines: string[] = [];
const faults: unknown[] = [];
const clock = createVirtualClock(Date.now());
const site = createSite(
  { seed: 1, offsetMinutes: () => 0 },
  { clock, writeLine: (node, line) => void lines.push(`${node} ${line}`) },
);
let network: RealNetwork;
beforeAll(async () => {
  network = await createRealNetwork(site, { clock, onFault: (error) => void faults.push(error) });
  clock.handOver(systemClock);
  site.setNetwork(network);
});
afterAll(async () => {
  clock.stop();
  await network.stop();
  expect(faults).toEqual([]);
});

const has = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line));
const untilLine = (pattern: RegExp) =>
  expect.poll(() => has(pattern), { timeout: 10_000, message: String(pattern) }).toBe(true);

const outside = cast.partyByHelo('mail-out.example.net');
const desk = cast.partyByHelo('laptop-1');
const mail = (id: string, from: string, to: string, subject = 'Hello') => ({
  messageId: `<${id}@test.example>`,
  from,
  to: [to],
  subject,
  body: 'text',
});
const fromWorld = (id: string, to: string, subject?: string): Intent => ({
  kind: 'send',
  entrance: 'mx1',
  listener: 'smtp',
  client: outside,
  draft: mail(id, 'mia@example.net', to, subject),
});
const fromUser = (id: string, to: string, hasWrongPassword = false): Intent => ({
  kind: 'send',
  entrance: 'mx2',
  listener: 'submission',
  client: desk,
  account: 'alice@example.org',
  hasWrongPassword,
  draft: mail(id, 'alice@example.org', to),
});

test('mail from the world passes the filter and reaches the mailbox, spam its own', async () => {
  network.perform(fromWorld('plain', 'bob@example.org'));
  network.perform(fromWorld('spam', 'bob@example.org', 'You are a winner'));
  await untilLine(/^mx3 .*sieve: msgid=<plain@test\.example>: stored mail into mailbox 'INBOX'/);
  await untilLine(/^mx3 .*sieve: msgid=<spam@test\.example>: fileinto action: stored mail into mailbox 'Junk'/);
  expect(
    has(
      /^mx1 .*relay=127\.0\.0\.1\[127\.0\.0\.1\]:10024,.*from MTA\(smtp:\[127\.0\.0\.1\]:10025\): 250 2\.0\.0 Ok: queued as/,
    ),
  ).toBe(true);
  expect(has(/^mx1 .*postfix\/reinject\/smtpd.*client=localhost\[127\.0\.0\.1\]/)).toBe(true);
});

test.each([
  ['sent', 'omar@example.net', /to=<omar@example\.net>, relay=mx\.example\.net\[192\.0\.2\.10\]:25,.*status=sent/],
  ['deferred', 'omar@slow.example', /to=<omar@slow\.example>.*dsn=4\.2\.0, status=deferred \(host mx\.slow\.example/],
  [
    'refused by nobody there',
    'omar@down.example',
    /relay=none,.*dsn=4\.4\.1, status=deferred \(connect to mx\.down\.example.*Connection refused\)/,
  ],
])('mail from a user can be %s', async (_fate, to, pattern) => {
  network.perform(fromUser(`out-${to.replace('@', '-')}`, to));
  await untilLine(pattern);
  expect(has(/Anonymous TLS connection established from laptop-1.*: TLSv1\.3 with cipher TLS_/)).toBe(true);
});

test('what bounces comes back to its sender as a notice', async () => {
  network.perform(fromUser('bounce', 'omar@gone.example'));
  await untilLine(/^mx2 .*to=<omar@gone\.example>.*status=bounced \(host mx\.gone\.example.*550 5\.1\.1/);
  await untilLine(/^mx2 .*sender non-delivery notification: /);
  await untilLine(
    /^mx3 .*lmtp\(alice@example\.org\).*msgid=<\d{14}\.\w+@mx2\.example\.org>: stored mail into mailbox 'INBOX'/,
  );
});

test('wrong passwords are refused and logged', async () => {
  network.perform(fromUser('guess', 'bob@example.org', true));
  network.perform({ kind: 'read', account: 'bob@example.org', client: outside, hasWrongPassword: true });
  await untilLine(/SASL PLAIN authentication failed.*sasl_username=alice@example\.org/);
  await untilLine(/imap-login: Disconnected: Connection closed \(auth failed.*user=<bob@example\.org>/);
});

test('a stranger with a mail program of their own is on loopback, and an unknown user is refused', async () => {
  const transport = createTransport({ host: '127.0.0.1', port: network.ports.mx1, name: 'somebody', ignoreTLS: true });
  const send = (to: string) => transport.sendMail({ from: 'you@example.net', to, subject: 'Hand-made', text: 'x' });
  expect((await send('carol@example.org')).response).toMatch(/^250 2\.0\.0 Ok: queued as [0-9A-F]+$/);
  await expect(send('nobody@example.org')).rejects.toThrow('User unknown in relay recipient table');
  expect(has(/^mx1 .*client=localhost\[127\.0\.0\.1\]/)).toBe(true);
  expect(has(/^mx1 .*NOQUEUE: reject: RCPT from localhost\[127\.0\.0\.1\]: 550 5\.1\.1 <nobody@example\.org>/)).toBe(
    true,
  );
});

test('IMAP: a mailbox is read, waits for news, and forgets what is deleted', async () => {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: network.ports.imap,
    secure: false,
    doSTARTTLS: false,
    clientInfo: { name: desk.helo },
    auth: { user: 'wei@example.org', pass: cast.userPassword },
    logger: false,
  });
  await client.connect();
  expect((await client.list()).map(({ path }) => path).toSorted()).toEqual(['INBOX', 'Junk', 'Lists']);
  const { exists: before } = await client.mailboxOpen('INBOX');
  const grown = new Promise<number>((resolve) => client.once('exists', ({ count }) => resolve(count)));
  const idle = client.idle();
  network.perform(fromWorld('for-wei', 'wei@example.org'));
  const count = await grown;
  expect(count).toBe(before + 1);
  const { source } = (await client.fetchOne(String(count), { source: true })) || {};
  await idle;
  expect(source?.toString()).toContain('Message-ID: <for-wei@test.example>');
  await client.messageDelete(String(count));
  await client.logout();
  await untilLine(/imap\(wei@example\.org\).*expunge: box=INBOX, uid=\d+, msgid=<for-wei@test\.example>/);
  await untilLine(
    /imap\(wei@example\.org\).*Disconnected: Logged out in=\d+ out=\d+ deleted=1 expunged=1 trashed=0 hdr_count=0 hdr_bytes=0 body_count=1/,
  );
});
