// The part of IMAP4rev1 (RFC 3501) that the demo's server speaks: reading commands and writing FETCH answers. Pure.

export type ImapToken = string | readonly ImapToken[];
export type ImapCommand = { readonly tag: string; readonly name: string; readonly args: readonly ImapToken[] };

/** Reads one command line; `undefined` when it is none. Literals are not understood: no client needs one for the demo. */
export function parseCommand(line: string): ImapCommand | undefined {
  let at = 0;
  const readAtom = (): string => {
    const start = at;
    let brackets = 0;
    while (at < line.length) {
      const char = line.charAt(at);
      if (char === '[') brackets += 1;
      else if (char === ']') brackets -= 1;
      else if (brackets <= 0 && (char === ' ' || char === '(' || char === ')')) break;
      at += 1;
    }
    return line.slice(start, at);
  };
  const readQuoted = (): string => {
    let text = '';
    for (at += 1; at < line.length && line.charAt(at) !== '"'; at += 1) {
      if (line.charAt(at) === '\\') at += 1;
      text += line.charAt(at);
    }
    at += 1;
    return text;
  };
  const readList = (depth: number): ImapToken[] => {
    const items: ImapToken[] = [];
    while (at < line.length && line.charAt(at) !== ')') {
      const char = line.charAt(at);
      if (char === ' ') at += 1;
      else if (char === '"') items.push(readQuoted());
      else if (char === '(' && depth < 8) {
        at += 1;
        items.push(readList(depth + 1));
        at += 1;
      } else {
        const before = at;
        items.push(readAtom());
        if (at === before) at += 1;
      }
    }
    return items;
  };
  const [tag, verb, ...rest] = readList(0);
  if (typeof tag !== 'string' || typeof verb !== 'string') return undefined;
  const isUid = verb.toUpperCase() === 'UID' && typeof rest[0] === 'string';
  const name = isUid ? `UID ${String(rest[0]).toUpperCase()}` : verb.toUpperCase();
  return { tag, name, args: isUid ? rest.slice(1) : rest };
}

/** Whether `number` is in a set such as `1:4,7,9:*`, where `*` is `last`. */
export function isInSet(set: string, number: number, last: number): boolean {
  const value = (text: string | undefined) => (text === '*' ? last : Number(text));
  return set.split(',').some((range) => {
    const [from, to = from] = range.split(':');
    const low = Math.min(value(from), value(to));
    const high = Math.max(value(from), value(to));
    return number >= low && number <= high;
  });
}

export type Fetchable = {
  readonly uid: number;
  readonly raw: string;
  readonly receivedAt: number;
  readonly flags: ReadonlySet<string>;
};

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
function internalDate(time: number): string {
  const date = new Date(time);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  return `"${day}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()} ${date.toISOString().slice(11, 19)} +0000"`;
}

const literal = (text: string): string => `{${Buffer.byteLength(text)}}\r\n${text}`;

/** The answer to FETCH for one message, and which parts of it were sent. Unknown items are left out. */
export function fetchAnswer(
  mail: Fetchable,
  items: readonly string[],
): { readonly text: string; readonly bodyBytes: number; readonly headerBytes: number; readonly setsSeen: boolean } {
  const headerEnd = mail.raw.indexOf('\r\n\r\n');
  const header = headerEnd < 0 ? mail.raw : mail.raw.slice(0, headerEnd + 4);
  let bodyBytes = 0;
  let headerBytes = 0;
  let setsSeen = false;
  const answers = items.flatMap((item) => {
    const name = item.toUpperCase();
    switch (name) {
      case 'UID':
        return [`UID ${mail.uid}`];
      case 'FLAGS':
        return [`FLAGS (${[...mail.flags].join(' ')})`];
      case 'INTERNALDATE':
        return [`INTERNALDATE ${internalDate(mail.receivedAt)}`];
      case 'RFC822.SIZE':
        return [`RFC822.SIZE ${Buffer.byteLength(mail.raw)}`];
    }
    const section = /^BODY(\.PEEK)?\[([^\]]*)\]$/.exec(name);
    if (section === null) return [];
    const wanted = section[2] ?? '';
    const text = wanted.startsWith('HEADER') ? header : wanted === 'TEXT' ? mail.raw.slice(header.length) : mail.raw;
    if (wanted.startsWith('HEADER')) headerBytes += Buffer.byteLength(text);
    else bodyBytes += Buffer.byteLength(text);
    if (section[1] === undefined) setsSeen = true;
    return [`BODY[${wanted}] ${literal(text)}`];
  });
  return { text: answers.join(' '), bodyBytes, headerBytes, setsSeen };
}
