// What varies from line to line, or is about a person, as one of a few marks: a template keeps the marks, never the words.

/** Mark → what stands there, as part of a pattern. Each is bounded by what ends a word, so a pattern never backtracks far. */
export const marks = {
  '<addr>': String.raw`[^\s@]*@[^\s@]*`,
  '<ip>': String.raw`\[?[0-9A-Fa-f:.]+\]?(?::\d+)?`,
  '<num>': String.raw`[-+]?\d+(?:[.,:/]\d+)*`,
  '<id>': String.raw`[\w+/=.:-]+`,
  '<*>': String.raw`\S+`,
} as const;
export type Mark = keyof typeof marks;

const edges = /^([([{<"'`]*)(.*?)([)\]}>"'`,;:.!?]*)$/s;
const address = /@/;
const ip = /^\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]?(?::\d+)?$/;
const number = /^[-+]?\d+(?:[.,:/]\d+)*$/;
const idLike = /\d|^[0-9A-Fa-f]{6,}$/;
/** Words after which a name stands. */
const beforeName = /^(?:user|username|account|login|sender|recipient|mailbox|owner|uid|name|for|by|from|to|of)[:=]?$/i;
/** `key=value`; the key is the daemon's word, the value is not. */
const assignment = /^([A-Za-z][\w.-]{0,39}[=:])(.+)$/s;

/** One word of a line, masked; `before` is the word in front of it, as it stood. */
export function maskWord(word: string, before: string): string {
  const [, open = '', core = '', close = ''] = edges.exec(word) ?? [];
  if (core === '') return word;
  const [, key, value] = assignment.exec(core) ?? [];
  if (key !== undefined && value !== undefined && !ip.test(core))
    return `${open}${key}${markOf(value) ?? '<*>'}${close}`;
  const mark =
    markOf(core) ?? (isQuoted(open + close) || beforeName.test(before) || /[./\\]\w/.test(core) ? '<*>' : undefined);
  return mark === undefined ? word : `${open}${mark}${close}`;
}

/** What a stranger may have written stands in quotes or brackets. */
const isQuoted = (around: string): boolean => /["'`<>[\]]/.test(around);

function markOf(text: string): Mark | undefined {
  if (address.test(text)) return '<addr>';
  if (ip.test(text)) return '<ip>';
  if (number.test(text)) return '<num>';
  if (idLike.test(text)) return '<id>';
  return undefined;
}
