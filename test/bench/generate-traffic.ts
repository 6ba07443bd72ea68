// The traffic behind generate-log.ts: sessions, messages and mailboxes of a small cluster, each a few lines spread over time.
import type { GenerateOptions, Tally } from './generate-terms.ts';

type Emit = (at: number, text: string, tally: Tally, size: number) => void;
type Next = () => number;

/** Mean time between two arrivals; with about eight lines each this makes some forty lines a second. */
const arrivalGapMs = 190;

/** mulberry32: small, seeded, good enough to vary a log. */
function createRandom(seed: number): Next {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const remotes = [
  'example.com',
  'example.net',
  'mail.example',
  'partner.example',
  'shop.example',
  'news.example',
  'uni.example',
];
const localDomains = ['corp.example', 'club.example'];
const givenNames =
  'anna ben carla deniz emma farid gina hugo ines jonas kim lena mehmet nora omar paula quentin rosa'.split(' ');
const ciphers = [
  'TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256',
  'TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)',
];
const longIdLetters = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy';
const base64Letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export type Cluster = {
  /** Lets the next client or message arrive. Returns when: all later arrivals, and their lines, come after that. */
  readonly arrive: () => number;
};

type Host = { readonly name: string; readonly address: string; readonly long: boolean };
type Message = { readonly id: string; readonly from: string; readonly messageId: string; readonly size: number };

export function startCluster(options: GenerateOptions, emit: Emit): Cluster {
  const random = createRandom(options.seed);
  const hosts: Host[] = options.hosts.map((name, index) => ({
    name,
    address: `192.0.2.${10 + index}`,
    long: index % 2 === 1,
  }));
  let now = options.startAt;
  let messageNumber = 0;

  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low));
  const letters = (set: string, length: number): string => {
    let text = '';
    for (let index = 0; index < length; index++) text += set[Math.floor(random() * set.length)];
    return text;
  };
  const queueId = (host: Host): string =>
    host.long ? `4${letters(longIdLetters, 9)}z${letters(longIdLetters, 4)}` : letters('0123456789ABCDEF', 10);
  const session = (): string => letters(base64Letters, 22);
  const pid = (): number => between(1000, 60000);
  const localUser = (): string => `${pick(givenNames)}${between(1, 40)}@${pick(localDomains)}`;
  const remoteUser = (): string => `${pick(givenNames)}.${pick(givenNames)}@${pick(remotes)}`;
  const ip = (): string =>
    random() < 0.12
      ? `2001:db8:${between(1, 9999)}::${between(1, 99)}`
      : `198.51.${between(0, 255)}.${between(1, 255)}`;
  const clientName = (domain: string): string => `mail${between(1, 9)}.${domain}`;
  const seconds = (value: number): string => (value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2))));
  const delays = (total: number): string =>
    `delay=${seconds(total)}, delays=${seconds(total * 0.3)}/0.0${between(1, 9)}/${seconds(total * 0.4)}/${seconds(total * 0.3)}`;

  const log = (host: Host, at: number, tag: string, text: string, tally: Tally, size = 0): void =>
    emit(at, `${host.name} ${tag}: ${text}`, tally, size);
  const postfix = (
    host: Host,
    at: number,
    daemon: string,
    number: number,
    text: string,
    tally: Tally,
    size = 0,
  ): void => log(host, at, `postfix/${daemon}[${number}]`, text, tally, size);

  function newMessage(host: Host, from: string): Message {
    messageNumber++;
    const messageId = `${messageNumber.toString(36)}.${letters('0123456789abcdef', 12)}@${from.slice(from.indexOf('@') + 1) || 'corp.example'}`;
    return { id: queueId(host), from, messageId, size: between(900, 250_000) };
  }

  /** cleanup and qmgr take the message in. */
  function enqueue(host: Host, at: number, message: Message, recipients: number): void {
    postfix(host, at, 'cleanup', pid(), `${message.id}: message-id=<${message.messageId}>`, 'messageId');
    const text = `${message.id}: from=<${message.from}>, size=${message.size}, nrcpt=${recipients} (queue active)`;
    postfix(host, at + 20, 'qmgr', 901, text, 'queued', message.size);
  }

  /** A client connects to smtpd and hands a message over. */
  function receive(
    host: Host,
    at: number,
    message: Message,
    recipients: number,
    client: string,
    service: string,
    sasl?: string,
  ): number {
    const number = pid();
    const hasTls = sasl !== undefined || random() < 0.6;
    postfix(host, at, service, number, `connect from ${client}`, 'connect');
    if (hasTls)
      postfix(
        host,
        at + 40,
        service,
        number,
        `Anonymous TLS connection established from ${client}: ${pick(ciphers)}`,
        'tls',
      );
    const login = sasl === undefined ? '' : `, sasl_method=PLAIN, sasl_username=${sasl}`;
    postfix(
      host,
      at + 90,
      service,
      number,
      `${message.id}: client=${client}${login}`,
      sasl === undefined ? 'client' : 'clientSasl',
    );
    enqueue(host, at + 120, message, recipients);
    const tls = hasTls ? ' starttls=1' : '';
    const auth = sasl === undefined ? '' : ' auth=1';
    const commands = 4 + recipients + (hasTls ? 2 : 0) + (sasl === undefined ? 0 : 1);
    const counts = `ehlo=${hasTls ? 2 : 1}${tls}${auth} mail=1 rcpt=${recipients} data=1 quit=1 commands=${commands}`;
    postfix(host, at + 220, service, number, `disconnect from ${client} ${counts}`, 'disconnect');
    return at + 200;
  }

  const removed = (host: Host, at: number, message: Message): void =>
    postfix(host, at, 'qmgr', 901, `${message.id}: removed`, 'removed');

  /** Hands the message to Dovecot over LMTP, with or without a Sieve script. */
  function deliverLocally(host: Host, at: number, message: Message, to: string): number {
    const number = pid();
    const id = session();
    const prefix = `lmtp(${to})<${number}><${id}>`;
    log(host, at, 'dovecot', `lmtp(${number}): Connect from local`, 'lmtpConnection');
    if (random() < 0.3)
      log(
        host,
        at + 30,
        'dovecot',
        `${prefix}: sieve: msgid=<${message.messageId}>: stored mail into mailbox '${pick(['Junk', 'Lists', 'INBOX'])}'`,
        'sieve',
      );
    else log(host, at + 30, 'dovecot', `${prefix}: msgid=<${message.messageId}>: saved mail to INBOX`, 'lmtpSaved');
    const text = `${message.id}: to=<${to}>, relay=${host.name}.corp.example[private/dovecot-lmtp], ${delays(0.1 + random())}, dsn=2.0.0, status=sent (250 2.0.0 <${to}> ${id} Saved)`;
    postfix(host, at + 40, 'lmtp', pid(), text, 'sent');
    log(host, at + 50, 'dovecot', `lmtp(${number}): Disconnect from local: Logged out (state=READY)`, 'lmtpConnection');
    return at + 60;
  }

  function inbound(host: Host): void {
    const domain = pick(remotes);
    const message = newMessage(host, random() < 0.05 ? '' : `${pick(givenNames)}@${domain}`);
    const recipients = random() < 0.15 ? 2 : 1;
    let at = receive(host, now, message, recipients, `${clientName(domain)}[${ip()}]`, 'smtpd');
    for (let index = 0; index < recipients; index++) at = deliverLocally(host, at, message, localUser());
    removed(host, at, message);
  }

  /** Through a content filter that puts it back under another queue id. */
  function filtered(host: Host): void {
    const domain = pick(remotes);
    const message = newMessage(host, `${pick(givenNames)}@${domain}`);
    const to = localUser();
    const at = receive(host, now, message, 1, `${clientName(domain)}[${ip()}]`, 'smtpd');
    const again: Message = { ...message, id: queueId(host), size: message.size + 512 };
    const number = pid();
    const client = 'localhost[127.0.0.1]';
    const takenAt = at + between(200, 3000);
    postfix(host, takenAt, '10025/smtpd', number, `connect from ${client}`, 'connect');
    postfix(
      host,
      takenAt,
      '10025/smtpd',
      number,
      `${again.id}: client=${client}, orig_queue_id=${message.id}, orig_client=${clientName(domain)}[${ip()}]`,
      'client',
    );
    enqueue(host, takenAt + 10, again, 1);
    postfix(
      host,
      takenAt + 40,
      '10025/smtpd',
      number,
      `disconnect from ${client} ehlo=1 xforward=1 mail=1 rcpt=1 data=1 quit=1 commands=6`,
      'disconnect',
    );
    const reply = `250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as ${again.id}`;
    postfix(
      host,
      takenAt + 50,
      'amavis/smtp',
      pid(),
      `${message.id}: to=<${to}>, relay=127.0.0.1[127.0.0.1]:10024, ${delays(1 + random())}, dsn=2.0.0, status=sent (${reply})`,
      'sent',
    );
    removed(host, takenAt + 60, message);
    removed(host, deliverLocally(host, takenAt + 80, again, to), again);
  }

  /** From a user to the world: sent, refused, or put off and tried again. */
  function outbound(host: Host): void {
    const from = localUser();
    const message = newMessage(host, from);
    const to = remoteUser();
    const at = receive(host, now, message, 1, `unknown[${ip()}]`, 'submission/smtpd', from);
    attempt(host, at, message, to, 0, now);
  }

  function attempt(host: Host, at: number, message: Message, to: string, tries: number, since: number): void {
    const domain = to.slice(to.indexOf('@') + 1);
    const mx = clientName(domain);
    const address = ip();
    const number = pid();
    const relay = `${mx}[${address}]:25`;
    const luck = random();
    const doneAt = at + between(300, 4000);
    const head = `${message.id}: to=<${to}>, relay=${relay}, ${delays((doneAt - since) / 1000)}`;
    if (luck < 0.6)
      postfix(
        host,
        doneAt - 200,
        'smtp',
        number,
        `Trusted TLS connection established to ${relay}: ${pick(ciphers)}`,
        'tls',
      );
    if (luck < 0.9) {
      postfix(
        host,
        doneAt,
        'smtp',
        number,
        `${head}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as ${letters('0123456789ABCDEF', 10)})`,
        'sent',
      );
      removed(host, doneAt + 10, message);
    } else if (luck < 0.94 || tries >= 6) {
      const said = `host ${mx}[${address}] said: 550 5.1.1 <${to}>: Recipient address rejected: User unknown (in reply to RCPT TO command)`;
      postfix(host, doneAt, 'smtp', number, `${head}, dsn=5.1.1, status=bounced (${said})`, 'bounced');
      const notice: Message = { ...newMessage(host, ''), size: message.size + 2000 };
      postfix(
        host,
        doneAt + 10,
        'bounce',
        pid(),
        `${message.id}: sender non-delivery notification: ${notice.id}`,
        'bounceNotice',
      );
      enqueue(host, doneAt + 12, notice, 1);
      removed(host, doneAt + 40, message);
      removed(host, deliverLocally(host, doneAt + 60, notice, message.from || localUser()), notice);
    } else {
      const said =
        luck < 0.97
          ? `host ${mx}[${address}] said: 450 4.2.0 <${to}>: Recipient address rejected: Greylisted, try again later (in reply to RCPT TO command)`
          : `connect to ${mx}[${address}]:25: Connection timed out`;
      postfix(host, doneAt, 'smtp', number, `${head}, dsn=4.2.0, status=deferred (${said})`, 'deferred');
      const againAt = doneAt + 300_000 * 2 ** tries;
      postfix(
        host,
        againAt,
        'qmgr',
        901,
        `${message.id}: from=<${message.from}>, size=${message.size}, nrcpt=1 (queue active)`,
        'queued',
        message.size,
      );
      attempt(host, againAt + 30, message, to, tries + 1, since);
    }
  }

  /** From one of our hosts to another one, which delivers. */
  function hop(host: Host): void {
    const other = hosts[(hosts.indexOf(host) + 1) % hosts.length] as Host;
    const domain = pick(remotes);
    const to = localUser();
    const message = newMessage(host, `${pick(givenNames)}@${domain}`);
    const at = receive(host, now, message, 1, `${clientName(domain)}[${ip()}]`, 'smtpd');
    const next: Message = { ...message, id: queueId(other), size: message.size + 300 };
    const takenAt = receive(other, at + 50, next, 1, `${host.name}.corp.example[${host.address}]`, 'smtpd');
    const relay = `${other.name}.corp.example[${other.address}]:25`;
    postfix(
      host,
      takenAt + 10,
      'smtp',
      pid(),
      `${message.id}: to=<${to}>, relay=${relay}, ${delays(0.5)}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as ${next.id})`,
      'sent',
    );
    removed(host, takenAt + 20, message);
    removed(other, deliverLocally(other, takenAt + 40, next, to), next);
  }

  function pickup(host: Host): void {
    const message = newMessage(host, `root@${host.name}.corp.example`);
    postfix(host, now, 'pickup', 877, `${message.id}: uid=0 from=<root>`, 'pickup');
    enqueue(host, now + 10, message, 1);
    const text = `${message.id}: to=<ops@${host.name}.corp.example>, orig_to=<root>, relay=local, ${delays(0.05)}, dsn=2.0.0, status=sent (delivered to mailbox)`;
    postfix(host, now + 60, 'local', pid(), text, 'sent');
    removed(host, now + 70, message);
  }

  function rejected(host: Host): void {
    const client = `${random() < 0.5 ? 'unknown' : clientName(pick(remotes))}[${ip()}]`;
    const number = pid();
    const address = client.slice(client.indexOf('[') + 1, -1);
    const to = localUser();
    const why = pick([
      `554 5.7.1 Service unavailable; Client host [${address}] blocked using bl.example; https://bl.example/q?${address}`,
      `550 5.1.1 <${to}>: Recipient address rejected: User unknown in virtual mailbox table`,
      `554 5.7.1 <${to}>: Relay access denied`,
      `450 4.7.25 Client host rejected: cannot find your hostname, [${address}]`,
    ]);
    postfix(host, now, 'smtpd', number, `connect from ${client}`, 'connect');
    postfix(
      host,
      now + 100,
      'smtpd',
      number,
      `NOQUEUE: reject: RCPT from ${client}: ${why}; from=<${remoteUser()}> to=<${to}> proto=ESMTP helo=<${clientName(pick(remotes))}>`,
      'reject',
    );
    postfix(
      host,
      now + 200,
      'smtpd',
      number,
      `disconnect from ${client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4`,
      'disconnect',
    );
  }

  function guesser(host: Host): void {
    const client = `unknown[${ip()}]`;
    const number = pid();
    postfix(host, now, 'submission/smtpd', number, `connect from ${client}`, 'connect');
    postfix(
      host,
      now + 900,
      'submission/smtpd',
      number,
      `warning: ${client}: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=${pick(givenNames)}`,
      'saslFailed',
    );
    postfix(
      host,
      now + 1000,
      'submission/smtpd',
      number,
      `lost connection after AUTH from ${client}`,
      'lostConnection',
    );
    postfix(
      host,
      now + 1010,
      'submission/smtpd',
      number,
      `disconnect from ${client} ehlo=1 auth=0/1 commands=1/2`,
      'disconnect',
    );
  }

  function mailbox(host: Host): void {
    const user = localUser();
    const id = session();
    const address = ip();
    const number = pid();
    if (random() < 0.06) {
      const text = `imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<${user}>, method=PLAIN, rip=${address}, lip=${host.address}, TLS, session=<${id}>`;
      log(host, now, 'dovecot', text, 'imapFailed');
      return;
    }
    log(
      host,
      now,
      'dovecot',
      `imap-login: Login: user=<${user}>, method=PLAIN, rip=${address}, lip=${host.address}, mpid=${number}, TLS, session=<${id}>`,
      'imapLogin',
    );
    const prefix = `imap(${user})<${number}><${id}>`;
    if (random() < 0.2)
      log(
        host,
        now + 3000,
        'dovecot',
        `${prefix}: expunge: box=Trash, uid=${between(1, 9000)}, msgid=<${letters('0123456789abcdef', 16)}@${pick(remotes)}>, size=${between(500, 90_000)}`,
        'mailboxAction',
      );
    const counters = `in=${between(50, 5000)} out=${between(500, 90_000)} deleted=0 expunged=0 trashed=0 hdr_count=${between(0, 40)} hdr_bytes=${between(0, 9000)} body_count=${between(0, 9)} body_bytes=${between(0, 90_000)}`;
    log(host, now + between(1000, 900_000), 'dovecot', `${prefix}: Disconnected: Logged out ${counters}`, 'imapLogout');
  }

  function screened(host: Host): void {
    const client = `[${ip()}]:${between(1024, 65000)}`;
    const number = pid();
    postfix(host, now, 'postscreen', number, `CONNECT from ${client} to [${host.address}]:25`, 'connect');
    postfix(
      host,
      now + 60,
      'postscreen',
      number,
      `PREGREET 11 after 0.06 from ${client}: EHLO User\\r\\n`,
      'postscreen',
    );
    postfix(host, now + 70, 'postscreen', number, `DISCONNECT ${client}`, 'disconnect');
  }

  function anvil(host: Host): void {
    postfix(
      host,
      now,
      'anvil',
      930,
      `statistics: max connection rate ${between(1, 40)}/60s for (smtp:${ip()}) at ${new Date(now).toUTCString().slice(8, 11)} 12:00:00`,
      'statistics',
    );
  }

  /** Shares of what arrives, in percent. */
  const arrivals: ReadonlyArray<readonly [number, (host: Host) => void]> = [
    [31, inbound],
    [9, filtered],
    [28, outbound],
    [5, hop],
    [2, pickup],
    [6, rejected],
    [3, guesser],
    [12, mailbox],
    [3, screened],
    [1, anvil],
  ];

  return {
    arrive() {
      const host = pick(hosts);
      let share = random() * 100;
      for (const [percent, act] of arrivals) {
        share -= percent;
        if (share >= 0) continue;
        act(host);
        break;
      }
      now += random() * 2 * arrivalGapMs;
      return now;
    },
  };
}
