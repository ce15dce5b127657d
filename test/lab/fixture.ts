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

/** A small task that loads at once, for tests that need no pictures. */
export const RINGS = '#/lab?preset=rings&rule=backprop&rule=feedback-alignment';

export interface Bench {
  readonly browser: Browser;
  readonly server: LabServer;
  /** Opens a page in a context of its own. */
  open(hash?: string, options?: OpenOptions): Promise<Opened>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly width?: number;
  readonly dark?: boolean;
  /** Language of the browser. Default: en-GB. */
  readonly locale?: 'en-GB' | 'zh-CN';
  readonly reducedMotion?: boolean;
  /** Runs before the scripts of the page. */
  readonly before?: (page: Page, context: BrowserContext) => Promise<unknown>;
}

export interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors and warnings of the console, and uncaught errors. */
  readonly said: string[];
}

/** Starts the system's Chromium, and the server as `apical lab` does. */
export async function openBench(options: Partial<LabServerOptions> = {}): Promise<Bench> {
  const executablePath = process.env['APICAL_CHROMIUM'] ?? CHROMIUM.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error('The tests of the lab need Chromium (Debian: chromium), or its path in APICAL_CHROMIUM.');
  }
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const server = await serveLab({ port: 0, ...options });
  return {
    browser,
    server,
    async open(
      hash = RINGS,
      { width = 1280, dark = false, locale = 'en-GB', reducedMotion = true, before } = {},
    ) {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: dark ? 'dark' : 'light',
        reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
        locale,
      });
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
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

/** Resolves when a session is ready. */
export async function ready(page: Page): Promise<void> {
  await page.locator('.play:enabled').waitFor();
}

/** Returns the step that all runs have reached. */
export async function stepOf(page: Page): Promise<number> {
  const text = (await page.locator('.position').textContent()) ?? '';
  return Number(/step ([\d\u2009]+)/.exec(text)?.[1]?.replaceAll('\u2009', '') ?? Number.NaN);
}

/** Learns this many steps in the background. */
export async function learn(page: Page, steps: number): Promise<void> {
  const from = await stepOf(page);
  await page.getByLabel('Background steps').fill(String(steps));
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect.poll(() => stepOf(page), { timeout: 60_000 }).toBe(from + steps);
}

/** Removes the focus from controls, so that the keys of the page work. */
export const leaveControls = (page: Page): Promise<void> =>
  page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());

/** Fails with every violation that axe finds. */
export async function requireAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(
    violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`).join('\n')}`,
    ),
  ).toEqual([]);
}

/** Returns by how many pixels the page is wider than the window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
