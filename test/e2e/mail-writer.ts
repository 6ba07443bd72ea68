// A mail log that grows message by message, every line of it known.
import { appendFileSync, copyFileSync, existsSync, renameSync, truncateSync } from 'node:fs';

export type WrittenMessage = { readonly queueId: string; readonly lines: readonly string[] };

/** Writes Postfix's five lines of a delivered message a time, and turns the log over as logrotate(8) does. */
export function createMailWriter(path: string, startedAt: number) {
  const messages: WrittenMessage[] = [];
  let clock = startedAt;

  function linesOf(queueId: string, no: number): string[] {
    const say = (service: string, text: string) => {
      clock++;
      return `${new Date(clock).toISOString().replace('Z', '000+00:00')} mx1 postfix/${service}[4711]: ${text}`;
    };
    return [
      say('smtpd', `${queueId}: client=relay.example.net[192.0.2.7]`),
      say('cleanup', `${queueId}: message-id=<${no}@relay.example.net>`),
      say('qmgr', `${queueId}: from=<a@example.net>, size=1024, nrcpt=1 (queue active)`),
      say(
        'smtp',
        `${queueId}: to=<b${no}@example.org>, relay=mx.example.org[198.51.100.9]:25, delay=0.4, delays=0.1/0/0.1/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok)`,
      ),
      say('qmgr', `${queueId}: removed`),
    ];
  }

  function shift(): void {
    // Enough are kept that none is deleted unread.
    for (let no = 99; no >= 1; no--) if (existsSync(`${path}.${no}`)) renameSync(`${path}.${no}`, `${path}.${no + 1}`);
  }

  return {
    messages,
    /** One more message, in one write, or in two that tear a line. */
    write: (isTorn = false): WrittenMessage => {
      const no = messages.length;
      const queueId = `4XyZ${String(no).padStart(8, '0')}`;
      const message = { queueId, lines: linesOf(queueId, no) };
      const text = `${message.lines.join('\n')}\n`;
      const at = isTorn ? Math.floor(text.length * 0.7) : text.length;
      appendFileSync(path, text.slice(0, at));
      if (at < text.length) appendFileSync(path, text.slice(at));
      messages.push(message);
      return message;
    },
    /** A new file takes the name; the old one keeps its bytes under another. */
    rotateByRename: (): void => {
      shift();
      renameSync(path, `${path}.1`);
    },
    /** The old bytes are copied aside and the file is emptied under its reader. Nothing is written in between. */
    rotateByCopy: (): void => {
      shift();
      copyFileSync(path, `${path}.1`);
      truncateSync(path);
    },
  };
}
