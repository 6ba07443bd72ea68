// A real Chromium for the console's tests, with a profile of its own that goes when it does.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why the browser's tests cannot run here; undefined when they can. */
export const whyNoChromium = existsSync(chromiumPath)
  ? undefined
  : `${chromiumPath} is missing: install chromium, or name one in CHROMIUM`;

const chromiumArgs = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

type ContextOptions = Parameters<typeof chromium.launchPersistentContext>[1];

export async function launchChromium(
  options: ContextOptions = {},
): Promise<{ readonly context: BrowserContext; readonly stop: () => Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), 'mailward-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: chromiumArgs,
    headless: true,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    colorScheme: 'light',
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  return {
    context,
    async stop() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
