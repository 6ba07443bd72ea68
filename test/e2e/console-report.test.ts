// The console's page of reports over the real control: totals, tables, a domain, and the way to the messages behind a row.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSqliteEventStore } from '../../services/control/store/sqlite-event-store.ts';
import { bodyOf, makeBatch } from '../contract/event-store-batches.ts';
import { messageLines, queueIdOf } from '../contract/event-store-messages.ts';
import { launchChromium, whyNoChromium } from './console/browser.ts';
import { buildConsole } from './console/build.ts';
import { endAll, startProcess } from './real-process.ts';

if (whyNoChromium !== undefined && process.env.CI === 'true') throw new Error(whyNoChromium);
const why = whyNoChromium === undefined ? '' : ` (skipped: ${whyNoChromium})`;
const hostile = '<img/src=x/onerror=window.hostile=1//\u202e';

describe.skipIf(whyNoChromium !== undefined)(`the page of reports${why}`, () => {
  let folder = '';
  let url = '';
  beforeAll(async () => {
    await buildConsole();
    folder = mkdtempSync(join(tmpdir(), 'mailward-console-report-'));
    const store = await createSqliteEventStore({ dataDir: folder }, { log: { error: console.error } });
    const now = Date.now();
    const lines = [3, 2, 1].flatMap((minutes, at) =>
      messageLines({
        ...{ at: new Date(now - minutes * 60_000).toISOString(), queueId: queueIdOf(at) },
        ...{ from: at === 0 ? `${hostile}@from.example` : 'ann@from.example', to: `bo@to${at}.example` },
        status: at === 2 ? 'bounced' : 'sent',
      }),
    );
    const batch = makeBatch(lines, { readMs: now });
    await store.ingest(batch.envelope, bodyOf(batch));
    await store.stop();
    ({ url } = await startProcess('control', ['--port', '0', '--data-dir', folder]));
  });
  afterAll(async () => {
    await endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  test('says what mail did, for all and for one domain, and leads to the messages', async () => {
    const { context, stop } = await launchChromium();
    try {
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('console', (message) => (message.type() === 'error' ? faults.push(message.text()) : undefined));
      await page.goto(url);
      await page.getByRole('link', { name: 'Reports' }).click();
      await page.waitForURL(/\/reports$/);
      const totals = page.getByRole('region', { name: 'Totals' });
      await totals.getByText('Messages received').waitFor();
      expect(await totals.locator('div', { hasText: 'Messages received' }).innerText()).toMatch(/3\s+3\.5 KiB/);
      expect(await page.title()).toBe('Reports · Mailward');
      const senders = page.getByRole('region', { name: 'Senders' }).getByRole('row');
      expect(await senders.allInnerTexts()).toHaveLength(3);
      expect(await page.evaluate('window.hostile')).toBeUndefined();
      expect(await page.locator('main').innerText()).toContain('<img/src=x/onerror=window.hostile=1//');

      await page.setViewportSize({ width: 390, height: 844 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);

      // The scope is chosen in the frame, is said, and lasts from page to page.
      await page.getByRole('button', { name: 'Domain' }).click();
      await page.getByRole('textbox', { name: 'Domain' }).fill('to2.example');
      await page.getByRole('textbox', { name: 'Domain' }).press('Enter');
      await page.waitForURL(/domain=to2\.example/);
      await page.getByText('Only mail from or to to2.example.').waitFor();
      await page.getByRole('region', { name: 'Bounced because' }).waitFor();
      expect(await totals.locator('div', { hasText: 'Messages received' }).innerText()).toMatch(/\b1\s+1\.2 KiB/);

      await page.getByRole('region', { name: 'Recipients' }).waitFor({ state: 'detached' });
      await page.getByRole('region', { name: 'Delivery by domain' }).getByRole('link', { name: 'to2.example' }).click();
      await page.waitForURL(/\/messages\?q=to%3A%40to2\.example/);
      await page.getByText('1 message', { exact: false }).first().waitFor();
      for (const name of ['Overview', 'Live', 'Messages']) {
        await page.getByRole('link', { name, exact: true }).click();
        await page.waitForURL(/domain=to2\.example/);
        await page.getByText('Only mail from or to to2.example.').waitFor();
      }
      await page.getByText('1 message', { exact: false }).first().waitFor();
      await page.locator('.story-row a').first().click();
      await page.waitForURL(/\/messages\/s\w+\?domain=to2\.example/);
      await page.keyboard.press('g');
      await page.keyboard.press('m');
      await page.waitForURL(/\/messages\?domain=to2\.example/);
      await page.getByRole('button', { name: 'Show all domains' }).click();
      await page.getByText('3 messages', { exact: false }).first().waitFor();
      expect(page.url()).not.toContain('domain');
      expect(faults).toEqual([]);
    } finally {
      await stop();
    }
  });
});
