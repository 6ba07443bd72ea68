// Lines that nobody understands, grouped by what stays the same in them: Drain (He, Zhu, Zheng, Lyu: "Drain: An Online Log
// Parsing Approach with Fixed Depth Tree", ICWS 2017), by program, number of words and first word, then by likeness.
import { createHeaderScanner } from './header/header.ts';
import { type Mark, marks, maskWord } from './mask-words.ts';

export const clusterLimits = {
  /** Beyond, lines are counted and not grouped. */
  clustersMax: 1000,
  /** Clusters of one program, number of words and first word; a line like none of them joins the last, which takes all. */
  likelyMax: 50,
  /** The rest of a longer line is not looked at. */
  lineCharsMax: 2_000,
  /** A longer line is grouped by its first words. */
  wordsMax: 60,
  wordCharsMax: 120,
  /** Lines that are kept of a cluster, to see whether its pattern reads them. */
  examplesMax: 5,
  exampleCharsMax: 500,
  programCharsMax: 64,
} as const;

/** Words in the same place that two lines of one cluster share, at least; Drain's st. */
const likenessMin = 0.6;

export type Cluster = {
  readonly program: string;
  readonly count: number;
  /** What the lines have in common, with a mark where they differ or where they are about somebody. */
  readonly template: string;
  readonly example: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** A regular expression (ECMAScript) of the text behind the header that reads every example; absent where none was found. */
  readonly pattern?: string;
};

type Group = {
  readonly program: string;
  words: string[];
  count: number;
  readonly examples: { readonly line: string; readonly text: string }[];
  firstSeenAt: number;
  lastSeenAt: number;
  readonly isCut: boolean;
};

export function createUnparsedClusters(context: { readonly now: number; readonly timeZone: string }) {
  const headers = createHeaderScanner(context);
  const groupsByKey = new Map<string, Group[]>();
  let groups = 0;
  let lines = 0;
  let ungrouped = 0;

  return {
    /** A line that was not understood, and when it was written. */
    add: (whole: string, time: number): void => {
      lines += 1;
      const line = ownCopy(whole.slice(0, clusterLimits.lineCharsMax));
      headers.scan(line, 0);
      const { tag, messageAt } = headers.header;
      const program = maskProgram(tag.program ?? '');
      const text = line.slice(messageAt).trimEnd();
      const all = text.split(/ +/);
      const isCut = all.length > clusterLimits.wordsMax || whole.length > clusterLimits.lineCharsMax;
      const words = all
        .slice(0, clusterLimits.wordsMax)
        .map((word, at) => (word.length > clusterLimits.wordCharsMax ? '<*>' : maskWord(word, all[at - 1] ?? '')));
      const key = `${program}\n${words.length}\n${words[0] ?? ''}`;
      const likely = groupsByKey.get(key) ?? [];
      const group = mostAlike(likely, words) ?? likely[clusterLimits.likelyMax - 1];
      if (group !== undefined) {
        group.words = common(group.words, words);
        group.count += 1;
        group.firstSeenAt = Math.min(group.firstSeenAt, time);
        group.lastSeenAt = Math.max(group.lastSeenAt, time);
        if (group.examples.length < clusterLimits.examplesMax) group.examples.push(exampleOf(line, text));
        return;
      }
      if (groups >= clusterLimits.clustersMax) {
        ungrouped += 1;
        return;
      }
      groups += 1;
      const examples = [exampleOf(line, text)];
      const own =
        likely.length === clusterLimits.likelyMax - 1 ? words.map((word, at) => (at > 0 ? '<*>' : word)) : words;
      likely.push({ program, words: own, count: 1, examples, firstSeenAt: time, lastSeenAt: time, isCut });
      groupsByKey.set(key, likely);
    },
    /** The largest clusters, at most `clustersMax`. */
    result: (clustersMax: number) => {
      const sorted = [...groupsByKey.values()]
        .flat()
        .sort((a, b) => b.count - a.count || a.firstSeenAt - b.firstSeenAt);
      const clusters = sorted.slice(0, clustersMax).map(toCluster);
      const listed = clusters.reduce((sum, { count }) => sum + count, 0);
      return { lines, clusters, otherLines: lines - listed, ungroupedLines: ungrouped };
    },
  };
}

/** A slice keeps all that it was cut from in memory, a block of lines here; what JSON has read is a string by itself. */
const ownCopy = (text: string): string => String(JSON.parse(JSON.stringify(text)));

/** A forged tag must not make a program of every line, nor name anybody. */
const maskProgram = (program: string): string =>
  program
    .slice(0, clusterLimits.programCharsMax)
    .replace(/\S*@\S*/g, '<addr>')
    .replace(/\d{2,}/g, '<num>');

const exampleOf = (line: string, text: string) => ({ line: line.slice(0, clusterLimits.exampleCharsMax), text });

function mostAlike(groups: readonly Group[], words: readonly string[]): Group | undefined {
  let best: Group | undefined;
  let bestSame = Math.ceil(words.length * likenessMin) - 1;
  for (const group of groups) {
    let same = 0;
    for (let at = 0; at < words.length; at++) if (group.words[at] === words[at]) same += 1;
    if (same > bestSame) [best, bestSame] = [group, same];
  }
  return best;
}

const common = (a: readonly string[], b: readonly string[]): string[] =>
  a.map((word, at) => (word === b[at] ? word : '<*>'));

function toCluster({ program, words, count, examples, firstSeenAt, lastSeenAt, isCut }: Group): Cluster {
  const template = words.join(' ') + (isCut ? ' …' : '');
  const pattern = [words, words.map((word) => (hasMark(word) ? '<*>' : word))]
    .map((form) => patternOf(form, isCut))
    .find((proposed) => examples.every(({ text }) => new RegExp(proposed).test(text)));
  const example = examples[0]?.line ?? '';
  const known = { program, count, template, example, firstSeenAt, lastSeenAt };
  return pattern === undefined ? known : { ...known, pattern };
}

const markForm = /<(?:addr|ip|num|id|\*)>/;
const hasMark = (word: string): boolean => markForm.test(word);

function patternOf(words: readonly string[], isCut: boolean): string {
  const ofWord = (word: string): string =>
    word
      .split(/(<(?:addr|ip|num|id|\*)>)/)
      .map((part) => marks[part as Mark] ?? part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
      .join('');
  return `^${words.map(ofWord).join(' +')}${isCut ? '' : ' *$'}`;
}
