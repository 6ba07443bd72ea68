// The messages of the demo: composing them, and reading the few headers that decide what becomes of them.

export type MailHeaders = {
  readonly messageId: string;
  readonly subject: string;
  readonly traceparent: string | undefined;
  readonly isSpam: boolean;
  readonly listId: string | undefined;
};

const headersCharsMax = 16 * 1024;

/** Reads a message's headers; what is missing is absent or empty. Only the first 16 KiB are looked at. */
export function readHeaders(raw: string): MailHeaders {
  const end = raw.indexOf('\r\n\r\n');
  const block = raw.slice(0, Math.min(end < 0 ? raw.length : end, headersCharsMax)).replace(/\r\n[ \t]+/g, ' ');
  const valueByName = new Map<string, string>();
  for (const line of block.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !valueByName.has(name)) valueByName.set(name, line.slice(colon + 1).trim());
  }
  return {
    messageId: valueByName.get('message-id') ?? '',
    subject: valueByName.get('subject') ?? '',
    traceparent: valueByName.get('traceparent'),
    isSpam: valueByName.get('x-spam-flag') === 'YES',
    listId: valueByName.get('list-id'),
  };
}

export type Draft = {
  readonly messageId: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly body: string;
  readonly traceparent?: string;
  readonly listId?: string;
};

/** A draft as the bytes of a message (RFC 5322, ASCII). */
export function composeMail(draft: Draft, time: number): string {
  const headers = [
    `Message-ID: ${draft.messageId}`,
    `Date: ${new Date(time).toUTCString().replace('GMT', '+0000')}`,
    `From: <${draft.from}>`,
    `To: ${draft.to.map((address) => `<${address}>`).join(',\r\n ')}`,
    `Subject: ${draft.subject}`,
    ...(draft.traceparent === undefined ? [] : [`traceparent: ${draft.traceparent}`]),
    ...(draft.listId === undefined ? [] : [`List-Id: ${draft.listId}`]),
  ];
  return `${headers.join('\r\n')}\r\n\r\n${draft.body}\r\n`;
}

/** What the content filter of mx1 does: it marks what looks like spam and passes everything on. */
export function filterMail(raw: string): string {
  return /\b(winner|prize|casino)\b/i.test(readHeaders(raw).subject) ? `X-Spam-Flag: YES\r\n${raw}` : raw;
}

/** A non-delivery notice (RFC 3464, shortened to what its reader needs). */
export function composeNotice(options: {
  readonly messageId: string;
  readonly host: string;
  readonly to: string;
  readonly recipient: string;
  readonly reason: string;
  readonly time: number;
}): string {
  const body = `This is the mail system at host ${options.host}.\r\n\r\n<${options.recipient}>: ${options.reason}`;
  return composeMail(
    {
      messageId: options.messageId,
      from: `MAILER-DAEMON@${options.host}`,
      to: [options.to],
      subject: 'Undelivered Mail Returned to Sender',
      body,
    },
    options.time,
  );
}
