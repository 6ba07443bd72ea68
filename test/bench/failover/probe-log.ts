// What the client saw, as any client asks and asking each host directly: every answer with its sender, and where the prober itself stood still. Times are ms of the machine's clock.

type Answer = { readonly at: number; readonly host: string };
type Span = { readonly from: number; readonly to: number };

/** The clock that all processes of the machine read alike, in ms. */
export const machineMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** A silence that begins or ends this close to a stall of the prober is of the prober's making. */
const besideStallMs = 4;
/** Answers are kept for this long at least; no repetition lasts longer. */
const keptMs = 60_000;

/** Takes the prober's output, and tells what each address was heard to do. */
export function createProbeLog() {
  const answers = new Map<string, Answer[]>();
  const direct = new Map<string, Answer[]>();
  let stalls: Span[] = [];
  let reportedUntil = 0;
  let rest = '';

  const since = (all: readonly Answer[], from: number) => all.slice(all.findLastIndex(({ at }) => at < from) + 1);
  const answersOf = (address: string, from: number): readonly Answer[] => since(answers.get(address) ?? [], from);
  function take(line: string): void {
    const [kind, ...words] = line.split(' ');
    if (kind === 'answer' || kind === 'direct') {
      const [address = '', at, host = ''] = words;
      const heard = kind === 'answer' ? answers : direct;
      const all = heard.get(address) ?? [];
      all.push({ at: Number(at), host });
      heard.set(address, all);
    } else if (kind === 'stall') stalls.push({ from: Number(words[0]), to: Number(words[1]) });
    else if (kind === 'until') reportedUntil = Number(words[0]);
  }
  function forget(): void {
    const oldest = reportedUntil - keptMs;
    stalls = stalls.filter(({ to }) => to >= oldest);
    for (const heard of [answers, direct])
      for (const [address, all] of heard)
        if ((all[0]?.at ?? oldest) < oldest - keptMs) heard.set(address, since(all, oldest));
  }

  return {
    read(text: string): void {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      forget();
    },
    /** All that came before this is known. */
    reportedUntil: () => reportedUntil,
    answersOf,
    /** What each host answered when it was asked directly, by the hosts' own times; in no order between hosts. */
    directOf: (address: string, from: number): readonly Answer[] =>
      (direct.get(address) ?? []).filter(({ at }) => at >= from),
    /** Who has answered since, each once. */
    hostsOf: (address: string, from: number): ReadonlySet<string> =>
      new Set(answersOf(address, from).map(({ host }) => host)),
    /** The longest time without an answer from the last one before `from` until `to`; undefined when there was none before. */
    longestSilence(address: string, from: number, to: number): (Span & { readonly isOurs: boolean }) | undefined {
      const before = answers.get(address)?.findLast(({ at }) => at <= from);
      if (before === undefined) return undefined;
      const times = answersOf(address, before.at).map(({ at }) => Math.min(at, to));
      let longest: Span = { from: before.at, to: before.at };
      for (const [index, at] of [...times, to].entries()) {
        const last = times[index - 1] ?? before.at;
        if (at - last > longest.to - longest.from) longest = { from: last, to: at };
      }
      const touches = (time: number) =>
        stalls.some((stall) => stall.from <= time + besideStallMs && stall.to >= time - besideStallMs);
      return { ...longest, isOurs: touches(longest.from) || touches(longest.to) };
    },
  };
}
