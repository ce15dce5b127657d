import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { loadNetwork } from '../../src/entries/internals.ts';
import { learn, openBench, ready, RINGS, stepOf } from './fixture.ts';
import type { Bench } from './fixture.ts';

const run = promisify(execFile);
const binary = fileURLToPath(new URL('../../bin/apical.js', import.meta.url));
const apical = (...words: string[]) => run(process.execPath, [binary, ...words], { cwd: folder });

let bench: Bench;
let folder: string;
beforeAll(async () => {
  bench = await openBench();
  folder = mkdtempSync(path.join(tmpdir(), 'apical-lab-'));
});
afterAll(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Selects an entry of the menu "Share". */
async function share(page: Page, entry: string): Promise<void> {
  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByRole('button', { name: entry }).click();
}

const copied = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

const permit = {
  before: (_: Page, context: { grantPermissions(names: string[]): Promise<void> }) =>
    context.grantPermissions(['clipboard-read', 'clipboard-write']),
};

describe('copying', () => {
  test('a link opens the same plan, selection and weights', async () => {
    const { page, said } = await bench.open(
      '#/lab?preset=rings&rule=backprop&rule=feedback-alignment~{"scale":2}&seeds=0,3&set=network.hidden=[24,12]',
      permit,
    );
    await ready(page);
    await learn(page, 25);
    await page
      .getByRole('button', { name: /Area hidden.2/ })
      .first()
      .click();
    await share(page, 'Copy link');
    await page.getByText('Copied: the link').waitFor();
    const link = await copied(page);
    const mine = await page.evaluate(() => window.apicalLab.ask('fingerprint', 1));
    const other = await bench.open(link.slice(link.indexOf('#')));
    await ready(other.page);
    await expect.poll(() => stepOf(other.page)).toBe(25);
    expect(await other.page.evaluate(() => window.apicalLab.ask('fingerprint', 1))).toBe(mine);
    expect(await other.page.getByRole('combobox', { name: 'Area', exact: true }).inputValue()).toBe(
      'hidden2',
    );
    expect(await other.page.getByLabel('Seeds').inputValue()).toBe('0,3');
    expect([...said, ...other.said]).toEqual([]);
    await page.context().close();
    await other.context.close();
  });

  test('the command repeats the runs, and the citation names the sources', async () => {
    const { page } = await bench.open(`${RINGS}&set=epochs=1`, permit);
    await ready(page);
    await share(page, 'Copy command');
    const command = await copied(page);
    expect(command).toBe(
      'apical compare rings --rules backprop,feedback-alignment --set epochs=1 --backend wasm',
    );
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    const { stdout } = await apical(...command.split(' ').slice(1), '--json', '--out', 'compared');
    const { runs } = JSON.parse(stdout) as { runs: { test: { error: number } }[] };
    await expect.poll(() => stepOf(page)).toBe(40);
    const shown = await page.locator('.score b').allTextContents();
    expect(shown.map((text) => Number.parseFloat(text))).toEqual(
      runs.map(({ test: { error } }) => expect.closeTo(100 * error, 1) as number),
    );
    await share(page, 'Copy citation');
    expect(await copied(page)).toContain('@misc{lillicrap2016,');
    await page.context().close();
  });
});

test('a chart is exported as SVG and as PNG', async () => {
  const { page, said } = await bench.open();
  await ready(page);
  await learn(page, 60);
  const taken = async (kind: string) => {
    const button = page.getByRole('button', { name: `Chart as ${kind}: Training error` });
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
    return readFileSync(await download.path());
  };
  const drawing = (await taken('SVG')).toString('utf8');
  expect(drawing).toMatch(/^<svg[\s\S]*Training error[\s\S]*Feedback alignment[\s\S]*<\/svg>\s*$/);
  const picture = await taken('PNG');
  expect([...picture.subarray(1, 4)].map((byte) => String.fromCharCode(byte)).join('')).toBe('PNG');
  // The width follows the signature and the header of the first chunk.
  expect(picture.readUInt32BE(16)).toBeGreaterThan(200);
  expect(said).toEqual([]);
  await page.context().close();
});

describe('run folders', () => {
  test('Node resumes, loads and predicts with a folder from the page', async () => {
    const { page } = await bench.open('#/lab?preset=rings&rule=feedback-alignment&set=epochs=2');
    await ready(page);
    await learn(page, 50);
    const [download] = await Promise.all([page.waitForEvent('download'), share(page, 'Download run folder')]);
    const files = unzipSync(readFileSync(await download.path()));
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), bytes);
    }
    const [name = ''] = Object.keys(files).map((file) => file.split('/')[0] ?? '');
    const used = await loadNetwork(path.join(folder, name));
    expect(used.step).toBe(50);
    expect(used.predict([[1, 0]]).count).toBe(1);
    used.dispose();
    writeFileSync(path.join(folder, 'points.csv'), '0.9,0.1\n-0.2,0.1\n');
    const predicted = await apical('predict', name, '--input', 'points.csv', '--json');
    expect((JSON.parse(predicted.stdout) as { rows: unknown[] }).rows).toHaveLength(2);
    const resumed = await apical('run', '--resume', name, '--json');
    const whole = await apical(
      'run',
      'rings',
      '--rule',
      'feedback-alignment',
      '--epochs',
      '2',
      '--backend',
      'wasm',
      '--json',
      '--out',
      'whole',
    );
    const errorOf = (text: string) => (JSON.parse(text) as { test: { loss: number } }).test;
    expect(errorOf(resumed.stdout)).toEqual(errorOf(whole.stdout));
    await page.context().close();
  });

  test('the page opens a dropped folder from Node at the same step', async () => {
    await apical(
      'run',
      'rings',
      '--rule',
      'kolen-pollack',
      '--epochs',
      '1',
      '--backend',
      'wasm',
      '--out',
      'node',
    );
    const names = readdirSync(path.join(folder, 'node')).filter((name) => !name.endsWith('.html'));
    const files = names.map((name) => ({
      name,
      bytes: [...readFileSync(path.join(folder, 'node', name))],
    }));
    const { page, said } = await bench.open();
    await ready(page);
    await drop(page, files);
    await page.getByText(/Opened a run/).waitFor();
    await page.getByRole('article', { name: /Kolen/ }).waitFor();
    await expect.poll(() => stepOf(page)).toBe(40);
    // The records of Node are in the charts.
    expect(await page.locator('[data-lane="0"] .score').textContent()).toContain('test error');
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('other files are refused with a message, and the session stays', async () => {
    const { page } = await bench.open();
    await ready(page);
    await drop(page, [{ name: 'letter.txt', bytes: [104, 105] }]);
    await page.getByText(/letter\.txt.*Drop a run folder/).waitFor();
    expect(await page.locator('.lane').count()).toBe(2);
    await learn(page, 5);
    await page.context().close();
  });
});

describe('own data', () => {
  const table = (rows: readonly string[]) => [...new TextEncoder().encode(`x,y,label\n${rows.join('\n')}\n`)];
  const points = Array.from({ length: 200 }, (_, index) => {
    const label = index % 2 === 0 ? 'in' : 'out';
    const radius = label === 'in' ? 0.4 : 0.9;
    return `${(radius * Math.cos(index)).toFixed(4)},${(radius * Math.sin(index)).toFixed(4)},${label}`;
  });

  test('a table is learned and its plane drawn; a malformed table is refused with a message', async () => {
    const { page, said } = await bench.open();
    await ready(page);
    await drop(page, [{ name: 'mine.csv', bytes: table(points) }]);
    await page.getByText('Opened the data set mine.csv').waitFor();
    await learn(page, 20);
    await page
      .getByRole('img', { name: /Decision regions/ })
      .first()
      .waitFor();
    await drop(page, [{ name: 'bad.csv', bytes: table([...points, '1,2']) }]);
    await page.getByText(/bad\.csv/).waitFor();
    await learn(page, 5);
    expect(said).toEqual([]);
    await page.context().close();
  });
});

/** Drops files on the page. */
async function drop(page: Page, files: readonly { name: string; bytes: readonly number[] }[]): Promise<void> {
  const transfer = await page.evaluateHandle((dropped) => {
    const carried = new DataTransfer();
    for (const { name, bytes } of dropped) carried.items.add(new File([new Uint8Array(bytes)], name));
    return carried;
  }, files);
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}
