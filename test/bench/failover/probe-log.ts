// What the client saw: every answer with its sender, and where the prober itself stood still. Times are ms of the machine's clock.

type Answer = {
  readonly address: string;
  readonly sentAt: number;
  readonly receivedAt: number;
  readonly host: string;
};
type Stall = { readonly from: number; readonly to: number };
type Silence = { readonly from: number; readonly to: number; readonly isOurs: boolean };

/** The clock that all processes of the machine read alike, in ms. */
export const machineMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** A silence that begins or ends this close to a stall of the prober is of the prober's making. */
const besideStallMs = 4;
/** Answers are kept for this long; no repetition lasts longer. */
const keptMs = 60_000;

export function createProbeLog() {
  let answers: Answer[] = [];
  let stalls: Stall[] = [];
  let reportedUntil = 0;
  let rest = '';

  function take(line: string): void {
    const [kind, ...words] = line.split(' ');
    if (kind === 'answer') {
      const [address = '', sentAt, receivedAt, host = ''] = words;
      answers.push({ address, sentAt: Number(sentAt), receivedAt: Number(receivedAt), host });
    } else if (kind === 'stall') stalls.push({ from: Number(words[0]), to: Number(words[1]) });
    else if (kind === 'until') reportedUntil = Number(words[0]);
  }
  const answersOf = (address: string, from: number): Answer[] =>
    answers.filter((answer) => answer.address === address && answer.receivedAt >= from);

  return {
    read(text: string): void {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      const oldest = reportedUntil - keptMs;
      if ((answers[0]?.receivedAt ?? oldest) >= oldest - keptMs) return;
      answers = answers.filter(({ receivedAt }) => receivedAt >= oldest);
      stalls = stalls.filter(({ to }) => to >= oldest);
    },
    /** All that came before this is known. */
    reportedUntil: () => reportedUntil,
    answersOf,
    /** Who has answered since, each once. */
    hostsOf: (address: string, from: number): ReadonlySet<string> =>
      new Set(answersOf(address, from).map(({ host }) => host)),
    /** The longest time without an answer between the last one before `from` and `to`; undefined when there is no answer at all. */
    longestSilence(address: string, from: number, to: number): Silence | undefined {
      const times = answers
        .filter((answer) => answer.address === address && answer.receivedAt <= to)
        .map(({ receivedAt }) => receivedAt);
      const start = times.findLastIndex((time) => time <= from);
      const inside = [...times.slice(Math.max(0, start)), to];
      let longest: { from: number; to: number } | undefined;
      for (let index = 1; index < inside.length; index++) {
        const gap = { from: inside[index - 1] ?? 0, to: inside[index] ?? 0 };
        if (longest === undefined || gap.to - gap.from > longest.to - longest.from) longest = gap;
      }
      if (longest === undefined || start < 0) return undefined;
      const { from: silentFrom, to: silentTo } = longest;
      const touches = (at: number) => (stall: Stall) =>
        stall.from <= at + besideStallMs && stall.to >= at - besideStallMs;
      return { ...longest, isOurs: stalls.some(touches(silentFrom)) || stalls.some(touches(silentTo)) };
    },
  };
}
