// The console in a real Chromium: what the first view weighs, whether a list of 100,000 messages scrolls without a frame
// of more than 50 ms, and whether the page says that it is stale and recovers when its server dies and comes back.
import { gzipSync } from 'node:zlib';
import type { BrowserContext, Page, Response } from 'playwright-core';
import { chromiumPath, launchChromium, whyNoChromium } from '../e2e/console/browser.ts';
import { buildConsole } from '../e2e/console/build.ts';
import { startConsoleServer } from '../e2e/console/server.ts';

const storyCount = 100_000;
const scrollRuns = 3;
/** Two and a half screens a frame, faster than any wheel; the list is read to its end this way, page after page. */
const pixelsPerFrame = 2000;
/** Frames of a page that does nothing: what the machine itself adds. */
const idleFrames = 300;
/** No run takes longer. */
const runMsMax = 180_000;

/** gzip of every file that the first view asks for, data of the API left out. */
async function weighFirstView(context: BrowserContext, url: string): Promise<Record<string, number>> {
  const page = await context.newPage();
  const sizes: Record<string, number> = {};
  const reading: Array<Promise<void>> = [];
  const weigh = (response: Response): void => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith('/api/') || pathname.startsWith('/socket.io')) return;
    reading.push(
      response.body().then((body) => {
        sizes[pathname] = gzipSync(body, { level: 9 }).byteLength;
      }),
    );
  };
  page.on('response', weigh);
  await page.goto(url, { waitUntil: 'networkidle' });
  await page.locator('.sparkline canvas').first().waitFor();
  page.off('response', weigh);
  await Promise.all(reading);
  await page.close();
  return sizes;
}

// The wall clock of a frame holds whatever else the machine does; the processor time of the page's own main thread does
// not. Both are told: the trace's tasks of the renderer's main thread, the longest by processor time.
async function traceTasks(context: BrowserContext, page: Page): Promise<{ readonly end: () => Promise<number> }> {
  type TraceEvent = { name: string; pid: number; tid: number; tdur?: number; args?: { name?: string } };
  const session = await context.newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value as unknown as TraceEvent[])
      if (event.name === 'thread_name' || (event.tdur ?? 0) > 5000) events.push(event);
  });
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', '__metadata'] },
  });
  return {
    async end() {
      const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
      await session.send('Tracing.end');
      await complete;
      const mains = new Set(
        events
          .filter((event) => event.name === 'thread_name' && event.args?.name === 'CrRendererMain')
          .map((event) => `${event.pid} ${event.tid}`),
      );
      const tasks = events.filter((event) => event.tdur !== undefined && mains.has(`${event.pid} ${event.tid}`));
      return Math.max(0, ...tasks.map((event) => (event.tdur ?? 0) / 1000));
    },
  };
}

type ScrollFigures = {
  rows: number;
  frames: number;
  longestFrameMs: number;
  p99FrameMs: number;
  longestTaskMs: number;
  longestTaskCpuMs: number;
};

// Runs in the page. Scrolls on every frame until the list has grown to all rows and its end is reached, and keeps the
// time between frames; a frame during which nothing scrolled because rows were on their way counts like any other.
const scrollToEnd = `(pixelsPerFrame) => new Promise((resolve) => {
  const deltas = [];
  let longestTaskMs = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longestTaskMs = Math.max(longestTaskMs, entry.duration);
  }).observe({ type: 'longtask' });
  const rowPx = document.querySelector('.story-row').offsetHeight;
  let last;
  const step = (now) => {
    if (last !== undefined) deltas.push(now - last);
    last = now;
    const list = document.querySelector('.story-rows');
    const isWhole = list.offsetHeight >= rowPx * 100000;
    const atEnd = window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 1;
    if (isWhole && atEnd) {
      deltas.sort((a, b) => a - b);
      resolve({
        rows: Math.round(list.offsetHeight / rowPx),
        frames: deltas.length,
        longestFrameMs: deltas.at(-1),
        p99FrameMs: deltas[Math.floor(deltas.length * 0.99)],
        longestTaskMs,
      });
      return;
    }
    window.scrollBy(0, pixelsPerFrame);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

const idle = `(frames) => new Promise((resolve) => {
  let longestMs = 0;
  let last;
  const step = (now) => {
    if (last !== undefined) longestMs = Math.max(longestMs, now - last);
    last = now;
    frames -= 1;
    if (frames <= 0) resolve(longestMs);
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

async function scroll(context: BrowserContext, page: Page, url: string): Promise<ScrollFigures> {
  page.setDefaultTimeout(runMsMax);
  await page.goto(`${url}/messages?range=30d`);
  await page.locator('.story-row').first().waitFor();
  const tracing = await traceTasks(context, page);
  const figures = await page.evaluate<ScrollFigures>(`(${scrollToEnd})(${pixelsPerFrame})`);
  return { ...figures, longestTaskCpuMs: await tracing.end() };
}

/** Stops the server as a kill would, looks for the word, starts it again on the same port and waits for fresh data. */
async function loseAndRecover(
  context: BrowserContext,
): Promise<{ staleShown: boolean; recovered: boolean; recoveredMs: number }> {
  const server = await startConsoleServer({ scenario: 'calm' });
  const page = await context.newPage();
  await page.goto(server.url);
  await page.getByText('Mail flows.').waitFor();
  await page.locator('[data-status="live"]').waitFor();
  await server.stop();
  const appears = (text: string | RegExp): Promise<boolean> =>
    page
      .getByText(text)
      .waitFor()
      .then(
        () => true,
        () => false,
      );
  const staleShown = await appears(/Stale since \d/);
  const again = await startConsoleServer({ scenario: 'holes', port: server.port });
  const startedMs = performance.now();
  // Only data read after the server came back says this.
  const recovered =
    (await appears('1 of 3 nodes is not heard: mx2.')) && (await page.getByText(/Stale since/).count()) === 0;
  const recoveredMs = Math.round(performance.now() - startedMs);
  await page.close();
  await again.stop();
  return { staleShown, recovered, recoveredMs };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const round = (value: number): number => Math.round(value * 10) / 10;

export async function run(_args: readonly string[]): Promise<object> {
  if (whyNoChromium !== undefined) throw new Error(whyNoChromium);
  await buildConsole();
  const server = await startConsoleServer({ storyCount });
  const { context, stop } = await launchChromium();
  try {
    const sizes = await weighFirstView(context, server.url);
    const bytes = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    process.stderr.write(`first view: ${round(bytes / 1024)} KiB gzip in ${Object.keys(sizes).length} files\n`);
    const runs: ScrollFigures[] = [];
    const blank = await context.newPage();
    const idleLongestFrameMs = await blank.evaluate<number>(`(${idle})(${idleFrames})`);
    await blank.close();
    for (let count = 0; count < scrollRuns; count += 1) {
      const page = await context.newPage();
      const figures = await scroll(context, page, server.url);
      await page.close();
      runs.push(figures);
      process.stderr.write(
        `scroll ${count + 1}: ${figures.rows} rows, ${figures.frames} frames, longest ${round(figures.longestFrameMs)} ms, ` +
          `p99 ${round(figures.p99FrameMs)} ms, longest task ${round(figures.longestTaskMs)} ms, of processor time ${round(figures.longestTaskCpuMs)} ms\n`,
      );
    }
    const lost = await loseAndRecover(context);
    process.stderr.write(
      `connection: stale shown ${lost.staleShown}, recovered ${lost.recovered} in ${lost.recoveredMs} ms\n`,
    );
    return {
      firstViewGzipKiB: round(bytes / 1024),
      firstViewFiles: sizes,
      rows: median(runs.map((one) => one.rows)),
      // Frames come at the beat of the display; whole milliseconds keep three of them at 50.
      longestFrameMs: Math.round(median(runs.map((one) => one.longestFrameMs))),
      longestFrameMsOfRuns: runs.map((one) => round(one.longestFrameMs)),
      p99FrameMs: round(median(runs.map((one) => one.p99FrameMs))),
      idleLongestFrameMs: round(idleLongestFrameMs),
      longestTaskMs: round(median(runs.map((one) => one.longestTaskMs))),
      longestTaskCpuMs: round(median(runs.map((one) => one.longestTaskCpuMs))),
      staleShown: lost.staleShown,
      recovered: lost.recovered,
      recoveredMs: lost.recoveredMs,
      chromium: chromiumPath,
    };
  } finally {
    await stop();
    await server.stop();
  }
}
