import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { serveLab } from '../../src/serving/lab-server.ts';
import type { LabServer, LabServerOptions } from '../../src/serving/lab-server.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** A small task that is there at once, for everything that is not about pictures. */
export const RINGS = '#/lab?preset=rings&rule=backprop&rule=feedback-alignment';

export interface Bench {
  readonly browser: Browser;
  readonly server: LabServer;
  /** A page in a context of its own; what its console says is kept. */
  open(hash?: string, options?: OpenOptions): Promise<Opened>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly width?: number;
  readonly dark?: boolean;
  readonly reducedMotion?: boolean;
  /** Before the page's own scripts. */
  readonly before?: (page: Page, context: BrowserContext) => Promise<unknown>;
}

export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors and warnings of the console, and what was thrown. */
  readonly said: string[];
}

/** Chromium of the system, and the page as `apical lab` serves it. */
export async function openBench(options: Partial<LabServerOptions> = {}): Promise<Bench> {
  const executablePath = process.env['APICAL_CHROMIUM'] ?? CHROMIUM.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(`The lab's tests need Chromium (Debian: chromium), or its path in APICAL_CHROMIUM.`);
  }
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const server = await serveLab({ port: 0, ...options });
  return {
    browser,
    server,
    async open(hash = RINGS, { width = 1280, dark = false, reducedMotion = true, before } = {}) {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: dark ? 'dark' : 'light',
        reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
        locale: 'en-GB',
      });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const said: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) said.push(message.text());
      });
      page.on('pageerror', (error) => said.push(error.message));
      await before?.(page, context);
      await page.goto(`${server.url}${hash}`);
      return { page, context, said };
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** Resolves when there is a session to be seen. */
export async function ready(page: Page): Promise<void> {
  await page.locator('.play:enabled').waitFor();
}

/** The step that all runs have reached. */
export async function stepOf(page: Page): Promise<number> {
  const text = (await page.locator('.position').textContent()) ?? '';
  return Number(/step ([\d\u2009]+)/.exec(text)?.[1]?.replaceAll('\u2009', '') ?? Number.NaN);
}

/** Learns unseen up to a step, by the page's own control. */
export async function learn(page: Page, steps: number): Promise<void> {
  const from = await stepOf(page);
  await page.getByLabel('Background steps').fill(String(steps));
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect.poll(() => stepOf(page), { timeout: 20_000 }).toBe(from + steps);
}

/** Keys mean what they mean to the page only where no control has the focus. */
export const leaveControls = (page: Page): Promise<void> =>
  page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());

/** Throws with every violation that axe finds. */
export async function requireAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(
    violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`).join('\n')}`,
    ),
  ).toEqual([]);
}

/** No view may be wider than the window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
