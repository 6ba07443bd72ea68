import type { SinkBehaviour } from '../roles/remote.ts';

/**
 * What a remote side says at each step of a session, where it departs from plain acceptance. `{ip}` is the client's
 * address, `{to}` the recipient. Texts are the providers' own, from their postmaster pages.
 */
export type SinkScript = {
  readonly greeting?: string;
  readonly mailFrom?: string;
  readonly recipient?: string;
  /** Answers the first recipient of a client, sender and recipient once; later ones are taken (RFC 6647). */
  readonly recipientFirst?: string;
  readonly message?: string;
  /** Never answers after this step. */
  readonly silentAt?: 'greeting' | 'message';
  /** Closes the connection at this step without a word. */
  readonly closesAt?: 'message';
  readonly delayMs?: number;
};

export const sinkScripts: Readonly<Record<SinkBehaviour, SinkScript>> = {
  accept: {},
  greylist: {
    recipientFirst:
      '451 4.7.1 <{to}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/greylist.test.html',
  },
  'gmail-throttle': {
    message:
      '421-4.7.28 [{ip}] Our system has detected an unusual rate of unsolicited mail\r\n421-4.7.28 originating from your IP address. To protect our users from spam, mail\r\n421-4.7.28 sent from your IP address has been temporarily rate limited. Please visit\r\n421 4.7.28 https://support.google.com/mail/?p=UnsolicitedRateLimitError - gsmtp',
  },
  'outlook-throttle': {
    mailFrom:
      '451 4.7.650 The mail server [{ip}] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S775)',
  },
  'yahoo-deferred': {
    mailFrom:
      '421 4.7.0 [TSS04] Messages from {ip} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes',
  },
  'outlook-blocked': {
    mailFrom:
      "550 5.7.1 Unfortunately, messages from [{ip}] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
  },
  policy: { message: '550 5.7.1 Message rejected by content policy' },
  'unknown-user': { recipient: '550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table' },
  'mailbox-full': { recipient: "452 4.2.2 <{to}>: The recipient's inbox is out of storage space" },
  busy: { greeting: '421 4.3.2 Service not available, too many connections' },
  refuse: {},
  hang: { silentAt: 'message' },
  drop: { closesAt: 'message' },
  slow: { delayMs: 1500 },
};
