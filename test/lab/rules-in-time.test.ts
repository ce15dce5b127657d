import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { learn, openBench, ready } from './fixture.ts';
import type { Bench } from './fixture.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
const IN_TIME = example('in-time/e-prop');
const HEBBIAN = example('readout/hebbian');

let bench: Bench;
beforeAll(async () => {
  bench = await openBench({ rules: [IN_TIME, HEBBIAN] });
});
afterAll(() => bench.close());

/** Returns the address of a run with a hidden area of 12 units, every error and unit shown. */
const address = (rule: string, ...set: string[]) => {
  const query = new URLSearchParams({ preset: 'rings', rule, area: 'hidden1', unit: '2', lens: 'error' });
  for (const assignment of ['task.options={}', 'network.hidden=[12]', 'batch=4', ...set]) {
    query.append('set', assignment);
  }
  return `#/lab?${query.toString()}`;
};

test.each([
  ['sequences', IN_TIME, ['task.dataset=delayed-xor', 'network.activation=tanh']],
  ['a stream', IN_TIME, ['task.dataset=sine-waves', 'network.activation=tanh']],
  ['examples under a rule in time', IN_TIME, ['network.activation=tanh']],
  ['sparse projections', 'backprop', ['network.density=0.5', 'network.storage=sparse']],
  ['a network without an objective', HEBBIAN, ['optimiser.rate=0.001']],
])('%s are learned and looked at without an exception', async (_, rule, set) => {
  const { page, said } = await bench.open(address(rule, ...set));
  await ready(page);
  await learn(page, 25);
  // The activity of the selected unit is known, whatever the dynamics keep of it.
  const unit = /Unit 3\s+activity\s+[-−]?\d/;
  await expect.poll(() => page.locator('body').innerText()).toMatch(unit);
  await page.getByRole('link', { name: 'Rules' }).click();
  await page.getByRole('link', { name: 'Lab' }).click();
  await ready(page);
  await learn(page, 5);
  expect(await page.locator('.notices .problem li').allTextContents()).toEqual([]);
  expect(said).toEqual([]);
  await page.context().close();
});

test('sequences of signed values fill the width of the gallery', async () => {
  const { page } = await bench.open(address(IN_TIME, 'task.dataset=delayed-xor', 'network.activation=tanh'));
  await ready(page);
  const [list, card] = await Promise.all(
    ['.examples', '.gallery'].map((name) => page.locator(name).first().boundingBox()),
  );
  expect(list?.width).toBeGreaterThan(0.9 * (card?.width ?? Infinity));
  await page.context().close();
});

test('a rule in time is audited on sequences, beside backpropagation through time', async () => {
  const { page, said } = await bench.open('#/rules');
  const section = page.locator('section', { has: page.getByRole('heading', { name: 'Your rules' }) });
  const card = section.locator('.rule-card', { hasText: 'Eligibility propagation' });
  await card.locator('summary').first().click();
  await card.getByText(/A step costs [\d.]+ ×/).waitFor();
  expect(said).toEqual([]);
  await page.context().close();
});
