// The console over the real control and a real agent that reads a log of our own: from the log line to the story on the page.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoryPageWire } from '../../services/protocol/wire.ts';
import { launchChromium, whyNoChromium } from './console/browser.ts';
import { buildConsole } from './console/build.ts';
import { createMailWriter } from './mail-writer.ts';
import { endAll, startProcess } from './real-process.ts';

if (whyNoChromium !== undefined && process.env.CI === 'true') throw new Error(whyNoChromium);
const why = whyNoChromium === undefined ? '' : ` (skipped: ${whyNoChromium})`;

const hostileRecipient = '<img src=x onerror=window.hostile=1>@example.org';

/** A message through a content filter and back, delivered on, and one that is refused. */
function filteredMail(time: number): string {
  const say = (afterMs: number, service: string, text: string): string =>
    `${new Date(time + afterMs).toISOString().replace('Z', '000+00:00')} mx1 postfix/${service}[311]: ${text}`;
  const lines = [
    say(0, 'smtpd', '4XmB1c0Qz1zRt: client=mail.example.net[192.0.2.9]'),
    say(20, 'cleanup', '4XmB1c0Qz1zRt: message-id=<one@example.net>'),
    say(40, 'qmgr', '4XmB1c0Qz1zRt: from=<ann@example.net>, size=2048, nrcpt=1 (queue active)'),
    say(
      1000,
      'smtpd',
      '4XmB1d5Rt2zRt: client=localhost[127.0.0.1], orig_queue_id=4XmB1c0Qz1zRt, orig_client=mail.example.net[192.0.2.9]',
    ),
    say(1020, 'cleanup', '4XmB1d5Rt2zRt: message-id=<one@example.net>'),
    say(1040, 'qmgr', '4XmB1d5Rt2zRt: from=<ann@example.net>, size=2300, nrcpt=1 (queue active)'),
    say(
      1060,
      'smtp',
      '4XmB1c0Qz1zRt: to=<bo@example.org>, relay=127.0.0.1[127.0.0.1]:10024, delay=1.06, delays=0.04/0.01/0.01/1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4XmB1d5Rt2zRt)',
    ),
    say(1070, 'qmgr', '4XmB1c0Qz1zRt: removed'),
    say(
      1900,
      'smtp',
      '4XmB1d5Rt2zRt: to=<bo@example.org>, relay=mail.example.org[192.0.2.30]:25, delay=0.9, delays=0.04/0.01/0.35/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)',
    ),
    say(1910, 'qmgr', '4XmB1d5Rt2zRt: removed'),
    say(
      2500,
      'smtpd',
      `NOQUEUE: reject: RCPT from unknown[198.51.100.23]: 550 5.1.1 <${hostileRecipient}>: Recipient address rejected: User unknown; from=<x@example.com> to=<${hostileRecipient}> proto=ESMTP helo=<\u001b[31mevil>`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

describe.skipIf(whyNoChromium !== undefined)(`console over real control and agent${why}`, () => {
  let folder = '';
  let stopBrowser: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mailward-console-'));
    mkdirSync(join(folder, 'log'));
    await buildConsole();
  });
  afterEach(async () => {
    await stopBrowser?.();
    await endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a log line becomes a story on the page, lines arrive live, and a killed control is noticed and outlived', async () => {
    const log = join(folder, 'log', 'mail.log');
    writeFileSync(log, filteredMail(Date.now() - 60_000));
    const startControl = (port: number) =>
      startProcess('control', ['--port', String(port), '--data-dir', join(folder, 'control')]);
    const control = await startControl(0);
    await startProcess('agent', [
      ...['--node', 'mx1', '--control', control.url, '--file', log],
      ...['--data-dir', join(folder, 'agent'), '--metrics-port', '0'],
    ]);
    const { context, stop } = await launchChromium();
    stopBrowser = stop;
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));

    // From the address to the story, by keyboard.
    await page.goto(control.url);
    await page.locator('table.nodes').getByText('mx1').waitFor();
    const found = async (): Promise<number> => {
      const answer = await fetch(`${control.url}/api/v1/stories?q=4XmB1d5Rt2zRt`);
      return ((await answer.json()) as StoryPageWire).items.length;
    };
    await expect.poll(found, { timeout: 20_000 }).toBe(1);
    await page.keyboard.press('/');
    await page.keyboard.type('4XmB1d5Rt2zRt');
    await page.keyboard.press('Enter');
    await page.locator('.story-row').first().waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.locator('main h1').getByText('Delivered', { exact: true }).waitFor();
    expect(await page.locator('.lane').count()).toBe(2);
    expect(await page.locator('.hand-over').count()).toBe(1);
    expect(await page.locator('.story-line').count()).toBe(10);

    // A hostile refusal is listed as text.
    await page.goto(`${control.url}/messages?fate=rejected`);
    await page.locator('.story-row').first().waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.evaluate("'hostile' in window")).toBe(false);

    // Lines as they come.
    await page.goto(`${control.url}/live`);
    await page.getByText('Waiting for the first line.').waitFor();
    const mail = createMailWriter(log, Date.now());
    await expect
      .poll(
        async () => {
          mail.write();
          return await page.locator('.tail-line').count();
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0);

    // Killed and started again on its port: said, and forgotten only when the data is fresh.
    await page.goto(control.url);
    await page.locator('[data-status="live"]').waitFor();
    await control.end('SIGKILL');
    await page.getByText(/Stale since/).waitFor();
    await startControl(control.port);
    await page.getByText('Connected again. What you see is fresh.').waitFor();
    expect(await page.getByText(/Stale since/).count()).toBe(0);
    expect(faults).toEqual([]);
  });
});
