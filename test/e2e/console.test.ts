// The console in a real browser, over the tests' own server: what it shows, how it is driven, and what it must never do.
import { resolve } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, whyNoChromium } from './console/browser.ts';
import { buildConsole } from './console/build.ts';
import { type ConsoleServer, startConsoleServer } from './console/server.ts';

if (whyNoChromium !== undefined && process.env.CI === 'true') throw new Error(whyNoChromium);
const why = whyNoChromium === undefined ? '' : ` (skipped: ${whyNoChromium})`;

describe.skipIf(whyNoChromium !== undefined)(`console in Chromium${why}`, () => {
  let server: ConsoleServer;
  let context: BrowserContext;
  let stopBrowser: () => Promise<void>;
  /** Errors of the page, violations of its content security policy among them; every test ends with none. */
  const faults: string[] = [];

  beforeAll(async () => {
    await buildConsole();
    server = await startConsoleServer({ scenario: 'holes' });
    const browser = await launchChromium();
    context = browser.context;
    stopBrowser = browser.stop;
  });
  afterAll(async () => {
    await stopBrowser?.();
    await server?.stop();
  });
  afterEach(async () => {
    for (const page of context.pages().slice(1)) await page.close();
    expect(faults.splice(0)).toEqual([]);
  });

  async function open(path: string): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('net::ERR_CONNECTION')) faults.push(message.text());
    });
    await page.goto(`${server.url}${path}`);
    await page.waitForSelector('main h1');
    return page;
  }
  /** Code that runs in the page; as text, because the tests themselves know no browser. */
  const inPage = (page: Page, code: string): Promise<unknown> => page.evaluate(code);
  const heading = (page: Page) => page.locator('main h1');

  test('the first screen answers: state, nodes, flow, completeness', async () => {
    const page = await open('/');
    await page.getByText('1 of 3 nodes is not heard: mx2.').waitFor();
    expect(await page.locator('table.nodes tbody tr').count()).toBe(3);
    await page.getByText('Not complete: 2 of 4 logs have holes.').waitFor();
    await page.getByText('not understood: 4 in all. The command mailward unparsed').waitFor();
    expect(await page.locator('.sparkline canvas').count()).toBe(4);
    // Every total leads to its messages.
    await page.locator('.tile').filter({ hasText: 'Deferred' }).getByRole('link').click();
    await page.waitForURL(/\/messages\?.*fate=deferred/);
    await page.locator('.story-row').first().waitFor();
    expect(new Set(await page.locator('.story-row .c-fate').allTextContents())).toEqual(new Set(['Deferred']));
  });

  test('charts are tables too', async () => {
    const page = await open('/');
    await page.getByRole('button', { name: 'As a table' }).click();
    expect(await page.locator('.table-behind tbody tr').count()).toBe(60);
  });

  test('a message is found and its story opened by keyboard alone', async () => {
    const page = await open('/');
    await page.keyboard.press('/');
    await page.keyboard.type('4XmB1d5Rt2');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/messages\?q=4XmB1d5Rt2/);
    await page.locator('.story-row').first().waitFor();
    expect(await page.locator('.story-row').count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/messages\/six-legs/);
    await heading(page).getByText('Delivered').waitFor();
    await expect.poll(() => page.locator('.lane').count()).toBe(6);
    // Each of the four kinds of bars is there, and the fate stands at the end of the last lane.
    for (const phase of ['before', 'queue', 'connect', 'transmit'])
      expect(await page.locator(`.lane .phase-${phase}`).count(), phase).toBeGreaterThan(0);
    expect(await page.locator('.lane').last().textContent()).toContain('Delivered');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.waitForURL(`${server.url}/`);
  });

  test('pointing at a hop finds its lines, and at a line its hop', async () => {
    const page = await open('/messages/six-legs');
    /** Points at the one until the other answers: the page may still be moving into its place. */
    const pointAt = (target: string, answer: string) =>
      expect
        .poll(async () => {
          await page.mouse.move(0, 0);
          await page.locator(target).hover();
          return page.locator(answer).count();
        })
        .toBeGreaterThan(0);
    await pointAt('.lane[data-leg="2"] .lane-title', '.story-line.in-focus');
    const marked = await page.locator('.story-line.in-focus').allTextContents();
    expect(marked.length).toBeGreaterThan(2);
    for (const line of marked) expect(line).toContain('4XmB1f2Kp3');
    await pointAt('.story-line:has-text("4XmB1h9Bn5: removed")', '.lane[data-leg="4"].in-focus');
    // The same by keyboard: the lane takes the focus and leads to its first line.
    // The pointer leaves first: what scrolls under it would count as pointed at.
    await page.mouse.move(0, 0);
    await page.locator('.lane[data-leg="1"] a').focus();
    await page.locator('.lane[data-leg="1"].in-focus').waitFor();
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe('#leg-1');
  });

  test.each([
    ['one-leg', 'Delivered', 1],
    ['days', 'Delivered', 1],
    ['open', 'Deferred', 1],
    ['many-recipients', 'Deferred', 1],
    ['rejected', 'Rejected', 1],
    ['unknown-beginning', 'Bounced', 1],
  ])('story %s: %s', async (id, fate, lanes) => {
    const page = await open(`/messages/${id}`);
    await heading(page).getByText(fate, { exact: true }).waitFor();
    expect(await page.locator('.lane').count()).toBe(lanes);
    expect(await page.locator('.lane .outcome').count()).toBeGreaterThan(0);
  });

  test('days of deferrals break the axis and say so; a thousand recipients can be searched', async () => {
    const days = await open('/messages/days');
    await days.getByText('The axis is broken at the double strokes').waitFor();
    expect(await days.locator('.axis-break').count()).toBeGreaterThan(2);
    const many = await open('/messages/many-recipients');
    expect(await many.locator('.recipients tbody tr').count()).toBe(50);
    await many.getByRole('searchbox', { name: 'Filter recipients' }).fill('chen.wei.194@');
    expect(await many.locator('.recipients tbody tr').count()).toBe(1);
    await many.getByText('212 more recipients are counted, not listed.').waitFor();
  });

  test('hostile content stays text: nothing runs, nothing is injected, nothing turns', async () => {
    for (const path of ['/messages/hostile', '/messages?q=%3Cimg', '/live']) {
      const page = await open(path);
      await page.locator('main bdi', { hasText: '<img src=x onerror' }).first().waitFor();
      const found = await inPage(
        page,
        `({
          ran: 'hostile' in window,
          injected: document.querySelectorAll('main img, main script, main b, main i, main u').length,
          raw: /[\\u0000\\u001b\\u202e]/.test(document.body.innerText),
          isWide: document.documentElement.scrollWidth > window.innerWidth,
        })`,
      );
      expect(found, path).toEqual({ ran: false, injected: 0, raw: false, isWide: false });
    }
  });

  test('CSV of the list holds no formula', async () => {
    const page = await open('/messages?q=%3Cimg');
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
    await page.locator('.story-row').first().waitFor();
    await page.getByRole('button', { name: 'Copy as CSV' }).click();
    await page.getByText('1 rows copied as CSV.').waitFor();
    const csv = await inPage(page, 'navigator.clipboard.readText()');
    expect(String(csv).split('\r\n')[0]).toContain('fate,firstSeenAt');
    expect(csv).not.toMatch(/(^|,)"?[=+@]/m);
  });

  test('language and theme are switched and remembered', async () => {
    const page = await open('/');
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByText('3 个节点中，mx2 没有消息。').waitFor();
    expect(await inPage(page, 'document.documentElement.lang')).toBe('zh-Hans');
    const ground = () => inPage(page, 'getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: /外观/ }).click();
    expect(await ground()).not.toBe(light);
    await page.reload();
    await page.getByText('3 个节点中，mx2 没有消息。').waitFor();
    expect(await ground()).not.toBe(light);
    await inPage(page, 'localStorage.clear()');
  });

  test('a phone of 360 px shows every page without scrolling sideways', async () => {
    for (const path of [
      '/',
      '/messages',
      '/messages/six-legs',
      '/messages/days',
      '/messages/many-recipients',
      '/failover',
      '/live',
    ]) {
      const page = await open(path);
      await page.setViewportSize({ width: 360, height: 740 });
      await page.locator('main h1').first().waitFor();
      await expect.poll(() => inPage(page, 'document.documentElement.scrollWidth'), { message: path }).toBe(360);
    }
  });

  test('help opens with ? and closes with Esc', async () => {
    const page = await open('/');
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('next, previous row').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('every control and picture has a name, and the page its landmarks', async () => {
    for (const path of ['/', '/messages', '/messages/six-legs', '/live']) {
      const page = await open(path);
      const nameless = await inPage(
        page,
        `[...document.querySelectorAll('a, button, input, select, svg [role], figure')]
          .filter((control) => {
            const label = control.labels?.[0]?.textContent;
            const own = control.tagName === 'SELECT' ? '' : control.textContent;
            return !(control.getAttribute('aria-label') ?? label ?? own).trim();
          })
          .map((control) => control.outerHTML.slice(0, 120))`,
      );
      expect(nameless, path).toEqual([]);
      for (const landmark of ['banner', 'navigation', 'search', 'main'] as const)
        expect(await page.getByRole(landmark).count(), `${path} ${landmark}`).toBe(1);
      expect(await page.locator('h1').count(), path).toBe(1);
    }
  });

  test('a failing answer says what happened and what to do; an empty one offers more', async () => {
    const failing = await open('/messages?q=sentinel:failure');
    await failing.getByRole('alert').getByText('The store answers too slowly now.').waitFor();
    await failing.getByRole('alert').getByText('Try a shorter time range.').waitFor();
    // The browser itself reports the 503; that is not a fault of the page.
    expect(faults.splice(0).every((fault) => fault.includes('503'))).toBe(true);
    const empty = await open('/messages?q=nobody@nowhere.example&range=1h');
    await empty.getByRole('heading', { name: 'No message matches' }).waitFor();
    await empty.getByRole('button', { name: 'Search the last 6 h' }).click();
    await empty.waitForURL(/range=6h/);
    const gone = await open('/messages');
    await gone.goto(`${server.url}/messages/no-such-story`);
    await gone.getByRole('heading', { name: 'This message is not here' }).waitFor();
    expect(faults.splice(0).every((fault) => fault.includes('404'))).toBe(true);
  });

  test('the tail can be filtered, paused and resumed, and says what it left out', async () => {
    const page = await open('/live');
    await page.locator('.tail-line').first().waitFor();
    await page.locator('.tail-level .tone-orange').first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText(/Paused\. [1-9]\d* newer lines wait\./).waitFor();
    const held = await page.locator('.tail-line').count();
    expect(await page.locator('.tail-line').count()).toBe(held);
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => page.locator('.tail-line').count()).toBeGreaterThan(held);
    await page.getByText(/lines left out to keep the pace/).waitFor();
    await page.getByRole('button', { name: 'Faults' }).click();
    await page.waitForURL(/show=faults/);
  });

  test('a lost connection is said with its time, and the page recovers by itself', async () => {
    const lost = await startConsoleServer({ scenario: 'calm' });
    const page = await open('/');
    await page.goto(lost.url);
    await page.getByText('Mail flows.').waitFor();
    await page.getByText('Connected', { exact: true }).waitFor();
    await lost.stop();
    await page.getByText(/Stale since \d\d:\d\d:\d\d\./).waitFor();
    expect(await page.locator('main').getAttribute('data-freshness')).toBe('stale');
    // What was known is still there to read.
    expect(await page.locator('table.nodes tbody tr').count()).toBe(3);
    const again = await startConsoleServer({ scenario: 'holes', port: lost.port });
    await page.getByText('Connected again. What you see is fresh.').waitFor();
    await page.getByText('1 of 3 nodes is not heard: mx2.').waitFor();
    expect(await page.getByText(/Stale since/).count()).toBe(0);
    await again.stop();
    faults.splice(0);
  });

  /** `MAILWARD_SCREENSHOTS=1` writes the pictures of the documents anew. */
  const pictures: ReadonlyArray<{ name: string; path: string; look?: Parameters<typeof launchChromium>[0] }> = [
    { name: 'console-overview', path: '/' },
    { name: 'console-overview-dark', path: '/', look: { colorScheme: 'dark' } },
    { name: 'console-messages', path: '/messages?range=24h' },
    { name: 'console-story', path: '/messages/six-legs' },
    { name: 'console-story-days', path: '/messages/days', look: { colorScheme: 'dark' } },
    { name: 'console-story-zh', path: '/messages/six-legs', look: { locale: 'zh-CN', timezoneId: 'Asia/Shanghai' } },
    { name: 'console-report', path: '/reports' },
    { name: 'console-live', path: '/live' },
    { name: 'console-failover', path: '/failover?group=mail', look: { viewport: { width: 1280, height: 1180 } } },
    {
      name: 'console-phone',
      path: '/',
      look: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, colorScheme: 'dark' },
    },
    {
      name: 'console-phone-story',
      path: '/messages/six-legs',
      look: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 },
    },
  ];
  test.runIf(process.env.MAILWARD_SCREENSHOTS === '1').each(pictures)('picture $name', async ({ name, path, look }) => {
    const browser = await launchChromium(look);
    const page = await browser.context.newPage();
    await page.goto(`${server.url}${path}`);
    await page.locator('[data-status="live"]').waitFor();
    if (path === '/') await page.locator('.sparkline canvas').last().waitFor();
    if (path === '/live')
      await expect.poll(() => page.locator('.tail-line').count(), { timeout: 30_000 }).toBeGreaterThan(40);
    if (path.startsWith('/failover')) await page.locator('table.moves').waitFor();
    if (path === '/reports') await page.locator('table.report').last().waitFor();
    await page.locator('main h1').first().waitFor();
    await page.screenshot({ path: resolve(import.meta.dirname, '../../docs', `${name}.png`) });
    await browser.stop();
  });
});
