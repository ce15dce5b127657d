// Measures the page: size of its scripts, time to the first step, long tasks while it learns, and its speed against Node.
// Run `node bench/lab.mjs` after `npm run build`. Needs Chromium (or APICAL_CHROMIUM) and the development dependencies.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import {
  Examples,
  ExampleTraining,
  openBackend,
  openDataset,
  parseConfig,
  PRESETS,
  ruleById,
} from '../dist/entries/index.js';
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
// The page fetches one variant of the kernels. Here memory is shared, so the plain variant is not fetched.
const isElsewhere = (name) => name.startsWith('kernels-plain');
const LAZY = ['dropped-', 'library-', 'npz-dataset-', 'zh-'];
const isLazy = (name) => LAZY.some((start) => name.startsWith(start));
const sizes = (keep) =>
  (scripts.reduce((sum, name, index) => sum + (keep(name) ? packed[index] : 0), 0) / 1000).toFixed(1);
say(
  'script before data, and what is loaded later (kB)',
  `${sizes((name) => !isLazy(name) && !isElsewhere(name))}, ${sizes(isLazy)}`,
);

const executablePath =
  process.env.APICAL_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) => existsSync(file));
const server = await serveLab({ port: 0 });
const browser = await chromium.launch({
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});

/** Opens the page as a new visitor. */
async function visit(hash) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.goto(`${server.url}${hash}`);
  return page;
}

const stepped = (page) =>
  page.waitForFunction(() => !/step 0 /.test(document.querySelector('.position')?.textContent ?? 'step 0 '));

// Time from opening the page to the first drawn step: two rules on MNIST, with play pressed as soon as possible.
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

// Tasks of the main thread while two rules learn and everything is drawn: by the clock, which depends on the load of the
// machine, and by processor time, which does not.
const watched = await visit('#/lab?preset=digits&rule=backprop&rule=feedback-alignment&set=epochs=100');
await watched.waitForFunction(() => document.querySelector('.play:enabled'));
await watched.evaluate(() => document.querySelector('.play').click());
await stepped(watched);
await watched.waitForTimeout(1500);
await browser.startTracing(watched, { categories: ['toplevel', '__metadata'] });
await watched.waitForTimeout(1000 * SECONDS);
const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
const named = (name) =>
  traceEvents.filter((event) => event.name === 'thread_name' && event.args.name === name);
const mains = new Set(named('CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`));
const tasks = traceEvents.filter(
  ({ name, ph, pid, tid }) => ph === 'X' && /RunTask$/.test(name) && mains.has(`${pid} ${tid}`),
);
const over = (key) => tasks.filter((task) => task[key] > 50_000).length;
const longest = (key) => (Math.max(0, ...tasks.map((task) => task[key] ?? 0)) / 1000).toFixed(0);
say(
  `main thread in ${SECONDS} s: tasks, of them over 50 ms by the clock`,
  `${tasks.length}, ${over('dur')} (longest ${longest('dur')} ms)`,
);
say('the same by processor time', `${over('tdur')} (longest ${longest('tdur')} ms)`);
await watched.context().close();

// Speed of 784-100-10 with batch 100, backprop and Adam; page and Node alternate.
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
const rounds = { drawn: [], unseen: [] };
const speeds = { node: [], drawn: [], unseen: [] };
for (let round = 0; round < 5; round++) {
  const start = now();
  const from = training.step;
  while (now() - start < 1.5) training.advance(1, now);
  const node = (training.step - from) / (now() - start);
  speeds.node.push(node);
  for (const [way, unseen] of [
    ['drawn', false],
    ['unseen', true],
  ]) {
    await page.evaluate(
      (isUnseen) =>
        window.apicalLab.ask('play', {
          stepsPerSecond: null,
          until: isUnseen ? 1e6 : null,
          unseen: isUnseen,
        }),
      unseen,
    );
    await page.waitForTimeout(200);
    const [began, first] = [now(), await stepNow()];
    await page.waitForTimeout(1500);
    const rate = ((await stepNow()) - first) / (now() - began);
    await page.evaluate(() => window.apicalLab.ask('pause'));
    speeds[way].push(rate);
    rounds[way].push(rate / node);
  }
}
const share = (values) => `${(100 * median(values)).toFixed(0)} %`;
say(
  'MNIST 784-100-10, steps/s in Node, drawn, unseen (medians)',
  Object.values(speeds)
    .map((times) => Math.round(median(times)))
    .join(', '),
);
say(
  'page beside Node, drawn and unseen (medians of five rounds)',
  `${share(rounds.drawn)}, ${share(rounds.unseen)}`,
);

compute.dispose();
await browser.close();
await server.close();
