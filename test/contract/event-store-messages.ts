// Small messages as log lines, for tests that need to know exactly what they stored.

export type Message = {
  readonly at: string;
  readonly queueId: string;
  readonly from: string;
  readonly to: string;
  readonly node?: string;
  readonly status?: 'sent' | 'deferred' | 'bounced';
};

/** The lines of one message; a deferred one stays in the queue. `at` is `Nov 22 10:00:01`. */
export function messageLines({ at, queueId, from, to, node = 'mx1', status = 'sent' }: Message): string[] {
  const dsn = { sent: '2.0.0', deferred: '4.4.1', bounced: '5.1.1' }[status];
  const lines = [
    `smtpd[100]: ${queueId}: client=client.example.net[192.0.2.10]`,
    `cleanup[101]: ${queueId}: message-id=<${queueId}@example.net>`,
    `qmgr[102]: ${queueId}: from=<${from}>, size=1200, nrcpt=1 (queue active)`,
    `smtp[104]: ${queueId}: to=<${to}>, relay=mx.far.example[203.0.113.5]:25, delay=1, delays=0.2/0/0.3/0.5, dsn=${dsn}, status=${status} (said so)`,
    ...(status === 'deferred' ? [] : [`qmgr[102]: ${queueId}: removed`]),
  ];
  return lines.map((line) => `${at} ${node} postfix/${line}`);
}

/** A queue id of ten hexadecimal digits. */
export const queueIdOf = (number: number): string => (0xa000000000 + number).toString(16).toUpperCase();
