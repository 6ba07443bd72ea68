import type { LabSample } from '../../protocol/lab-run.ts';
import type { Clock } from '../../runtime/clock.ts';
import { hostEnvironment, initOf, insideHost } from '../enter-host.ts';
import type { LabPaths } from '../lab-paths.ts';
import { tryCommand } from '../run-command.ts';

const everyMs = 5000;
const scrapeMs = 4000;
const samplesMax = 500;
const metricsPort = 9154;
const request = 'GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n';

/** Asks the agents of `hosts` for their metrics every five seconds until stopped. */
export function sampleMetrics(
  paths: LabPaths,
  hosts: readonly string[],
  { clock }: { readonly clock: Clock },
): { readonly stop: () => Promise<ReadonlyMap<string, readonly LabSample[]>> } {
  const samples = new Map<string, LabSample[]>(hosts.map((host) => [host, []]));
  const last = new Map<string, Readonly<Record<string, number>>>();
  let isOver = false;
  let wake = (): void => {};

  async function sampleAll(): Promise<void> {
    for (const host of hosts) {
      const text = await scrape(paths, host);
      const kept = samples.get(host);
      // An agent that does not answer leaves a hole, as it would anywhere.
      if (text === undefined || kept === undefined || kept.length >= samplesMax) continue;
      const series = readExposition(text);
      kept.push({ time: clock.now(), ...changeOf(last.get(host), series) });
      last.set(host, series);
    }
  }
  const running = (async () => {
    for (;;) {
      await sampleAll();
      if (isOver) return;
      await new Promise<void>((resolve) => {
        const cancel = clock.after(everyMs, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      wake();
      await running;
      return samples;
    },
  };
}

async function scrape(paths: LabPaths, host: string): Promise<string | undefined> {
  const argv = insideHost(initOf(paths, host), ['socat', '-t3', '-', `TCP4:127.0.0.1:${metricsPort}`]);
  const result = await tryCommand(argv, { input: request, timeoutMs: scrapeMs, env: hostEnvironment(paths) });
  const [head = '', body] = result.stdout.split('\r\n\r\n', 2);
  return /^HTTP\/1\.[01] 200 /.test(head) ? body : undefined;
}

/** Series → value of the Prometheus text format, with its labels as they stand there; comments and what is no number are left out. */
export function readExposition(text: string): Readonly<Record<string, number>> {
  const series: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, name = '', number = ''] = /^([A-Za-z_:][\w:]*(?:\{.*\})?) (\S+)/.exec(line) ?? [];
    const value = Number(number);
    if (name !== '' && number !== '' && Number.isFinite(value)) series[name] = value;
  }
  return series;
}

/** What is new or other than `before`, and what is gone. */
export function changeOf(
  before: Readonly<Record<string, number>> | undefined,
  after: Readonly<Record<string, number>>,
): Pick<LabSample, 'series' | 'gone'> {
  if (before === undefined) return { series: after };
  const series = Object.fromEntries(Object.entries(after).filter(([name, value]) => before[name] !== value));
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  return gone.length === 0 ? { series } : { series, gone };
}
