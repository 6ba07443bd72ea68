// Reasons with what differs from message to message taken out, so that what is the same counts as one.

/** What is read of a reason, and what is kept of it. */
const readCharsMax = 400;
const keptCharsMax = 120;

/** In this order; each pattern runs in time proportional to the text. */
const replacements: ReadonlyArray<readonly [RegExp, string]> = [
  // Who said it: the table beside counts the hosts.
  [/^host \S+ (?:said|refused to talk to me): /, ''],
  [/ ?\(in reply to [^()]*\)\)?$/, ''],
  [/^<[^<>]*>: /, ''],
  [/https?:\/\/\S+/g, '…'],
  [/\S+\[[^[\]\s]*\](?::\d+)?/g, '…'],
  [/\[[^[\]\s]*\](?::\d+)?/g, '…'],
  [/<[^<>]*>/g, '…'],
  [/[^\s<>()"',;:=]+@[^\s<>()"',;:]+/g, '…'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, '…'],
  [/\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){3,7}/g, '…'],
  [/"[^"]*"/g, '…'],
  [/(?<![\w/])(\/(?!usr\/)[\w.-]+\/[\w.-]+)(?:\/[^\s:,()/]+){2,}/g, '$1/…'],
  [/\bname=[^\s,]+/g, 'name=…'],
  [/\bmail for \S+ loops/g, 'mail for … loops'],
  [/(?<![\w.-])\d+(?![\w.-])(?!\.\d)/g, 'N'],
  // Queue ids, sessions, tickets: words of letters and digits mixed.
  [/(?<![\w.-])(?=[A-Za-z_-]*\d)[\w-]{7,}(?![\w.-])/g, '…'],
  [/\s+/g, ' '],
  [/…(?:[ ,]*…)+/g, '…'],
];

const leadingCode = /^\d{3}[ -](?:\d\.\d{1,3}\.\d{1,3}(?![\d.]) ?)?/;

/** `451 4.7.1 <a@b.example>: Greylisted, try again in 300 seconds` → `451 4.7.1 Greylisted, try again in N seconds`. */
export function normaliseReason(reason: string): string {
  let text = reason.slice(0, readCharsMax);
  text = text.replace(/^host \S+ (?:said|refused to talk to me): /, '');
  // The code of the reply is the same for all, and stays.
  const code = leadingCode.exec(text)?.[0] ?? '';
  text = text.slice(code.length);
  for (const [pattern, instead] of replacements) text = text.replace(pattern, instead);
  const whole = `${code}${text}`.replace(/^(\d{3})-/, '$1 ').trim();
  return whole.length > keptCharsMax ? `${whole.slice(0, keptCharsMax - 1)}…` : whole;
}

/** What a reject line says: the reply's code in front of its normalised words. */
export function rejectReason(
  reply: { readonly code?: number | undefined; readonly enhanced?: string | undefined } | undefined,
  reason: string | undefined,
): string {
  const code = [reply?.code, reply?.enhanced].filter((part) => part !== undefined).join(' ');
  return normaliseReason(`${code} ${reason ?? ''}`.trim()) || 'no reason is given';
}
