// The page of failover in a real browser: over the tests' own server, and over control with real lease processes in shadow.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createCluster, theHolder } from '../lease/lease-cluster.ts';
import { launchChromium, whyNoChromium } from './console/browser.ts';
import { buildConsole } from './console/build.ts';
import { startConsoleServer } from './console/server.ts';
import { endAll, startProcess } from './real-process.ts';

if (whyNoChromium !== undefined && process.env.CI === 'true') throw new Error(whyNoChromium);
const why = whyNoChromium === undefined ? '' : ` (skipped: ${whyNoChromium})`;

describe.skipIf(whyNoChromium !== undefined)(`the page of failover${why}`, () => {
  let context: BrowserContext;
  let stopBrowser: () => Promise<void>;
  const stops: (() => Promise<unknown> | unknown)[] = [];
  /** Errors of the page, violations of its content security policy among them; every test ends with none. */
  const faults: string[] = [];

  beforeAll(async () => {
    await buildConsole();
    const browser = await launchChromium();
    context = browser.context;
    stopBrowser = browser.stop;
  });
  afterAll(() => stopBrowser?.());
  afterEach(async () => {
    for (const page of context.pages().slice(1)) await page.close();
    for (const stop of stops.splice(0).reverse()) await stop();
    expect(faults.splice(0)).toEqual([]);
  });

  async function open(url: string): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('net::ERR_CONNECTION')) faults.push(message.text());
    });
    await page.goto(url);
    await page.waitForSelector('main h1');
    return page;
  }
  async function serve(hasLeases: boolean): Promise<string> {
    const server = await startConsoleServer({ hasLeases, storyCount: 100 });
    stops.push(server.stop);
    return server.url;
  }
  const group = (page: Page, name: string) => page.locator('.lease-group', { hasText: name }).first();

  test('each group says who owns it and why, what needs a look first', async () => {
    const page = await open(`${await serve(true)}/failover`);
    await page.waitForSelector('.moves');
    expect(await page.locator('.group-head h2').allInnerTexts()).toEqual(['relay', 'webmail', 'mail']);
    expect(await page.locator('.group-state').allInnerTexts()).toEqual([
      'Nobody owns the addresses: 1 of 3 voters are heard, and it takes 2.',
      'None of the 3 voters is heard. What is shown is what they said last.',
      'mx2 owns the addresses.',
    ]);
    const mail = page.locator('.lease-group').nth(2);
    const rows = mail.locator('.voter-row');
    expect(await rows.nth(0).innerText()).toMatch(/in quarantine[\s\S]*dovecot: process 4711 is gone\.[\s\S]*closed/);
    expect(await rows.nth(1).innerText()).toMatch(/owner[\s\S]*for the owner[\s\S]*yes[\s\S]*open/);
    expect(await rows.nth(3).innerText()).toMatch(/witness[\s\S]*a witness only votes/);
    expect(await mail.locator('.facts').innerText()).toContain('1.5 s of 2 s when it was last heard');
    expect(await page.locator('.voter-row[data-stale=true]').first().innerText()).toContain('stale, 8 min ago');
    expect(await page.locator('.voters').first().innerText()).toContain('⟨U+202E⟩evil');
  });

  test('moves tell how long nobody owned and why, and lead to what the voters told', async () => {
    const page = await open(`${await serve(true)}/failover?group=mail`);
    await page.waitForSelector('.moves');
    expect(await page.locator('.lease-group').count()).toBe(1);
    const moves = page.locator('.move-row');
    expect(await moves.nth(1).innerText()).toMatch(/mx2 → mx1[\s\S]*340 ms[\s\S]*Told to hand over/);
    expect(await moves.nth(0).innerText()).toContain('The owner before has not told its end.');
    expect(await page.locator('.owner-bar').count()).toBe(4);
    await page.locator('summary').click();
    expect(await page.locator('.told-entries tbody tr').count()).toBe(8);
  });

  test('a preflight is asked for, and its faults stand first', async () => {
    const page = await open(`${await serve(true)}/failover?group=mail`);
    await page.getByRole('button', { name: 'Check now' }).click();
    await page.waitForSelector('.preflight-answer');
    const answers = page.locator('.preflight-answer');
    expect(await answers.nth(1).innerText()).toContain('3 checks, all good');
    expect(await answers.nth(2).locator('li').first().innerText()).toMatch(/fault[\s\S]*also set by netplan/);
    expect(await answers.nth(3).innerText()).toContain('The agent of control is not connected.');
    expect(await page.locator('.cuts').innerText()).toContain('another member takes over');
  });

  test('it is reached and walked by keys, in Chinese too, and by a screen reader', async () => {
    const page = await open(await serve(true));
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    await page.waitForSelector('.moves');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    expect(await page.evaluate('document.activeElement.matches("[data-row], [data-row] *")')).toBe(true);
    expect(await page.locator('.owner-chart svg').first().getAttribute('aria-label')).toBe('Who owned mail over time');
    await page.getByRole('button', { name: '中文' }).click();
    expect(await page.locator('.group-state').last().innerText()).toBe('地址由 mx2 持有。');
    expect(await page.locator('.move-row').nth(1).innerText()).toContain('收到移交指令：先关闭守卫。');
    expect(await page.title()).toBe('切换 · Mailward');
    await page.getByRole('button', { name: 'English' }).click();
  });

  test('without a lease it says what one is and how to start', async () => {
    const page = await open(`${await serve(false)}/failover`);
    const notice = page.locator('.notice');
    expect(await notice.innerText()).toContain('No lease group is known yet');
    expect(await notice.locator('code').allInnerTexts()).toContain('mailward config check --process lease');
  });

  test('a group that nobody knows is not taken for none at all', async () => {
    const page = await open(`${await serve(true)}/failover?group=typo`);
    expect(await page.locator('.notice').innerText()).toContain('No lease group is named typo');
    await page.getByRole('link', { name: 'Show all 3 that are known' }).click();
    await page.waitForSelector('.moves');
    expect(await page.locator('.lease-group').count()).toBe(3);
  });

  test('older moves that cannot be read are not the end of the history, and are asked for again', async () => {
    const page = await context.newPage();
    let isCut = true;
    await page.route(/\/history/, async (route) => {
      const isOlder = new URL(route.request().url()).searchParams.has('before');
      if (isOlder && isCut) return route.abort('connectionrefused');
      const response = await route.fetch();
      const body = await response.json();
      const moves = isOlder ? body.moves.slice(2) : body.moves.slice(0, 2);
      await route.fulfill({ json: { ...body, moves, ...(isOlder ? {} : { nextBefore: moves[1].at }) } });
    });
    await page.goto(`${await serve(true)}/failover?group=mail`);
    await page.waitForSelector('.moves');
    const more = page.getByRole('button', { name: 'Older moves' });
    await more.click();
    await page.getByRole('alert').waitFor();
    expect(await page.locator('.move-row').count()).toBe(2);
    isCut = false;
    await more.click();
    await page.locator('.move-row').nth(3).waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    expect(await more.count()).toBe(0);
  });

  test('a move is seen without asking, from real lease processes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mailward-console-failover-'));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));
    const cluster = await createCluster(3, { advertMs: 200, witnesses: [3] });
    stops.push(cluster.stop, endAll);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    const control = await startProcess('control', ['--port', '0', '--data-dir', join(folder, 'control')]);
    for (const node of cluster.nodes) {
      const file = join(node.folder, 'agent.yaml');
      const lease = { config: join(node.folder, 'lease.yaml'), socket: join(node.folder, 'run', 'status.sock') };
      const files = [join(node.folder, 'mail.log')];
      const dataDir = join(node.folder, 'agent');
      writeFileSync(file, JSON.stringify({ node: `mx${node.number}`, files, dataDir, metrics: { port: 0 }, lease }));
      await startProcess('agent', ['--config', file, '--control', control.url]);
    }
    const holder = await theHolder(cluster.nodes);
    const page = await open(`${control.url}/failover`);
    const state = group(page, 'mail').locator('.group-state');
    await state.getByText(`In shadow: mx${holder.number} would own`).waitFor();
    await holder.order({ kind: 'handOver' });
    await state.getByText(`In shadow: mx${3 - holder.number} would own`).waitFor();
    await page.locator('.move-row', { hasText: `mx${holder.number} → mx${3 - holder.number}` }).waitFor();
  });
});
