// What the generated log is made to, and what its lines are counted as.
export type GenerateOptions = {
  readonly lines: number;
  readonly seed: number;
  /** Epoch milliseconds of the first line; the header is written in UTC. */
  readonly startAt: number;
  readonly hosts: readonly string[];
};

/** What a line adds to. Every line counts under one name, and a size where it has one. */
export const tallies = [
  'connect',
  'disconnect',
  'client',
  'clientSasl',
  'pickup',
  'messageId',
  'queued',
  'sent',
  'deferred',
  'bounced',
  'expired',
  'bounceNotice',
  'removed',
  'reject',
  'saslFailed',
  'lostConnection',
  'tls',
  'postscreen',
  'statistics',
  'imapLogin',
  'imapLogout',
  'imapFailed',
  'lmtpSaved',
  'lmtpConnection',
  'sieve',
  'mailboxAction',
  'other',
] as const;
export type Tally = (typeof tallies)[number];
