// What the page costs: script before data, time to the first step, long tasks while it learns, and its speed beside Node's.
// `node bench/lab.mjs` after `npm run build`; needs Chromium (or APICAL_CHROMIUM) and the development dependencies.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { Examples, ExampleTraining, openBackend, openDataset, parseConfig, PRESETS, ruleById } from '../dist/index.js';
import { serveLab } from '../dist/serving/lab-server.js';

const SECONDS = Number(process.argv[2] ?? 30);
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const SETTINGS = { 'network.hidden': [100], 'probe.every': 0, epochs: 1000 };
const HASH = `#/lab?preset=digits&rule=backprop&${Object.entries(SETTINGS)
  .map(([key, value]) => `set=${key}=${JSON.stringify(value)}`)
  .join('&')}`;

const say = (name, value) => console.log(`${name.padEnd(58)} ${value}`);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const assets = path.join(root, 'dist/lab/assets');
const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
const packed = scripts.map((name) => gzipSync(readFileSync(path.join(assets, name)), { level: 9 }).length);
say('load average (1 min), cores', `${os.loadavg()[0].toFixed(1)}, ${os.cpus().length}`);
say('script, compressed, all chunks (kB)', (packed.reduce((sum, bytes) => sum + bytes, 0) / 1000).toFixed(1));

const executablePath =
  process.env.APICAL_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) => existsSync(file));
const server = await serveLab({ port: 0 });
const browser = await chromium.launch({
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});

/** A fresh visitor; long tasks are kept from the start. */
async function visit(hash) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.addInitScript(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) window.longTasks.push([startTime, duration]);
    }).observe({ type: 'longtask', buffered: true });
  });
  await page.goto(`${server.url}${hash}`);
  return page;
}

const stepped = (page) =>
  page.waitForFunction(() => !/step 0 /.test(document.querySelector('.position')?.textContent ?? 'step 0 '));

// Opening to the first step that is drawn, two rules on MNIST, play pressed as soon as it can be.
const openings = [];
for (let visitNumber = 0; visitNumber < 3; visitNumber++) {
  const page = await visit('');
  await page.waitForFunction(() => document.querySelector('.play:enabled'));
  await page.evaluate(() => document.querySelector('.play').click());
  await stepped(page);
  openings.push(await page.evaluate(() => performance.now()));
  await page.context().close();
}
say('opening to the first learning step (ms, three visits)', openings.map((ms) => Math.round(ms)).join(', '));

// Long tasks of the main thread while two rules learn and everything is drawn.
const watched = await visit('#/lab?preset=digits&rule=backprop&rule=feedback-alignment&set=epochs=100');
await watched.waitForFunction(() => document.querySelector('.play:enabled'));
await watched.evaluate(() => document.querySelector('.play').click());
await stepped(watched);
await watched.waitForTimeout(1500);
await watched.evaluate(() => (window.longTasks.length = 0));
await watched.waitForTimeout(1000 * SECONDS);
const long = await watched.evaluate(() => window.longTasks.map(([, duration]) => Math.round(duration)));
say(`tasks over 50 ms on the main thread in ${SECONDS} s of learning`, `${long.length}${long.length ? ` (longest ${Math.max(...long)} ms)` : ''}`);
await watched.context().close();

// Speed: 784-100-10, batch 100, backprop, Adam; page and Node take turns.
const base = PRESETS.find(({ id }) => id === 'digits').config;
const config = parseConfig({
  ...base,
  network: { ...base.network, hidden: [100] },
  probe: { every: 0 },
  epochs: 1000,
  backend: 'wasm',
  rule: 'backprop',
});
const compute = await openBackend({ backend: 'wasm' });
const examples = new Examples(compute, await openDataset('mnist'));
const training = new ExampleTraining(compute, examples, config, ruleById('backprop'), () => undefined);
const now = () => performance.now() / 1000;
const page = await visit(HASH);
await page.waitForFunction(() => document.querySelector('.play:enabled'));
const stepNow = () => page.evaluate(() => window.apicalLab.ask('step'));
const ratios = [];
for (let round = 0; round < 5; round++) {
  const start = now();
  const from = training.step;
  while (now() - start < 2) training.advance(1, now);
  const node = (training.step - from) / (now() - start);
  await page.evaluate(() => document.querySelector('.play').click());
  await page.waitForTimeout(300);
  const [began, first] = [now(), await stepNow()];
  await page.waitForTimeout(2000);
  const rate = ((await stepNow()) - first) / (now() - began);
  await page.evaluate(() => document.querySelector('.play').click());
  await page.waitForTimeout(200);
  ratios.push({ ratio: rate / node, rate, node });
}
say('MNIST 784-100-10, steps/s: page, Node (medians)', `${Math.round(median(ratios.map((its) => its.rate)))}, ${Math.round(median(ratios.map((its) => its.node)))}`);
say('page beside Node (median of five rounds, drawing)', `${(100 * median(ratios.map((its) => its.ratio))).toFixed(0)} %`);

compute.dispose();
await browser.close();
await server.close();
