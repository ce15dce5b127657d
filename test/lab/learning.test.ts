import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ruleById } from '../../src/entries/internals.ts';
import type { MetricsRecord } from '../../src/entries/internals.ts';
import { learn, leaveControls, openBench, ready, stepOf } from './fixture.ts';
import type { Bench } from './fixture.ts';
import { inNode } from './in-node.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/**
 * Returns records as both hosts must have them. Times differ, and angles end in an arc tangent, whose last bit depends on
 * the engine: angles must agree to ten digits, everything else to the bit.
 */
const comparable = (records: readonly MetricsRecord[]): unknown =>
  JSON.parse(
    JSON.stringify(
      records.map((record) => ({ ...record, trainedSeconds: 0 })),
      (key, value: unknown) =>
        /angle$/i.test(key) && typeof value === 'number' ? value.toPrecision(10) : value,
    ),
  );

describe('numbers', () => {
  test.each(['feedback-alignment', 'node-perturbation'])(
    'of %s equal the numbers of Node to the bit',
    async (rule) => {
      const { page, said } = await bench.open(`#/lab?preset=rings&rule=${rule}`);
      await ready(page);
      await learn(page, 130);
      const mine = await page.evaluate(() => window.apicalLab.ask('fingerprint', 0));
      const recorded = await page.evaluate(() => window.apicalLab.ask('records', 0, 0));
      const { fingerprint, records } = await inNode('rings', {
        rule: ruleById(rule),
        input: {},
        steps: 130,
      });
      expect(mine).toBe(fingerprint);
      expect(comparable(recorded)).toEqual(comparable(records));
      expect(said).toEqual([]);
      await page.context().close();
    },
  );

  test('of MNIST equal the numbers of Node to the bit, with and without threads', async () => {
    const settings =
      'set=network.hidden=[32]&set=task.trainExamples=2000&set=network.initialisation={"kind":"he"}';
    const { fingerprint } = await inNode('digits', {
      rule: ruleById('feedback-alignment'),
      input: {
        network: { hidden: [32], activation: 'relu', initialisation: { kind: 'he' } },
        task: { dataset: 'mnist', trainExamples: 2000 },
      },
      steps: 15,
    });
    const { page } = await bench.open(`#/lab?preset=digits&rule=feedback-alignment&${settings}`);
    await ready(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await learn(page, 15);
    expect(await page.evaluate(() => window.apicalLab.ask('fingerprint', 0))).toBe(fingerprint);
    await page.context().close();

    // A web host without isolation has plain memory and one thread.
    const plain = await bench.open(`#/lab?preset=digits&rule=feedback-alignment&${settings}`, {
      before: (page) =>
        page.route('**/*', async (route) => {
          const response = await route.fetch();
          const headers = Object.fromEntries(
            Object.entries(response.headers()).filter(([name]) => !name.startsWith('cross-origin')),
          );
          await route.fulfill({ response, headers });
        }),
    });
    await ready(plain.page);
    expect(await plain.page.evaluate(() => crossOriginIsolated)).toBe(false);
    await learn(plain.page, 15);
    expect(await plain.page.evaluate(() => window.apicalLab.ask('fingerprint', 0))).toBe(fingerprint);
    await plain.context.close();
  });
});

describe('learning', () => {
  test('plays, pauses, takes single and background steps, slows down and resets', async () => {
    const { page, said } = await bench.open();
    await ready(page);
    expect(await stepOf(page)).toBe(0);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => stepOf(page)).toBe(1);
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await expect.poll(() => stepOf(page)).toBe(2);

    await page.getByLabel('Speed').selectOption('4');
    await leaveControls(page);
    const start = Date.now();
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await expect.poll(() => stepOf(page), { timeout: 20_000 }).toBeGreaterThan(5);
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Play' }).waitFor();
    const slow = await stepOf(page);
    // At most four steps per second, apart from the first and the last step.
    expect(slow - 2).toBeLessThanOrEqual((4 * (Date.now() - start)) / 1000 + 2);

    await page.getByLabel('Speed').selectOption('null');
    await learn(page, 200);
    const error = await page.locator('[data-lane="0"] .score b').textContent();
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => stepOf(page)).toBe(0);
    // The same plan gives the same numbers.
    await learn(page, slow + 200);
    expect(await page.locator('[data-lane="0"] .score b').textContent()).toBe(error);
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('every network answers a drawn digit until it is cleared', async () => {
    const { page, said } = await bench.open('#/lab?preset=digits&rule=backprop&rule=feedback-alignment');
    await ready(page);
    await learn(page, 40);
    const pad = page.locator('.drawing canvas');
    await pad.scrollIntoViewIfNeeded();
    const box = await pad.boundingBox();
    if (!box) throw new Error('There is nothing to draw on.');
    const at = (right: number, down: number) =>
      [box.x + right * box.width, box.y + down * box.height] as const;
    await page.mouse.move(...at(0.5, 0.2));
    await page.mouse.down();
    await page.mouse.move(...at(0.5, 0.8), { steps: 8 });
    await page.mouse.up();
    const answers = page.locator('.drawing-answers > span');
    await expect.poll(() => answers.count(), { timeout: 20_000 }).toBe(2);
    for (const text of await answers.allTextContents()) expect(text).toMatch(/[0-9].*%/);
    await page.locator('.drawing').getByRole('button').click();
    await expect.poll(() => answers.count()).toBe(0);
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('areas with long names meet their arrows, and no names overlap', async () => {
    const { page } = await bench.open('#/exhibits/self-prediction');
    await ready(page);
    const lanes = await page.locator('.network-inner').evaluateAll((drawings) =>
      drawings.map((drawing) =>
        [...drawing.querySelectorAll('.area')].map((area) => {
          const [own, body, name] = [
            area,
            area.querySelector('.area-body'),
            area.querySelector('.area-name'),
          ].map((part) => part?.getBoundingClientRect());
          return {
            shift: (body?.left ?? NaN) - (own?.left ?? NaN),
            from: name?.left ?? NaN,
            to: name?.right ?? NaN,
          };
        }),
      ),
    );
    expect(lanes.map((areas) => areas.length)).toEqual([4, 6, 6, 4]);
    for (const areas of lanes) {
      for (const [index, { shift, from }] of areas.entries()) {
        expect(Math.abs(shift)).toBeLessThan(0.6);
        if (index > 0) expect(from).toBeGreaterThanOrEqual(areas[index - 1]?.to ?? NaN);
      }
    }
    await page.context().close();
  });

  test('runs several seeds, and adds, changes and removes rules', async () => {
    const { page, said } = await bench.open('#/lab?preset=rings&rule=backprop&seeds=0..2');
    await ready(page);
    await page.getByRole('button', { name: 'Add a rule' }).click();
    await page.locator('.lane').nth(1).waitFor();
    await page.getByLabel('Rule 2', { exact: true }).selectOption('direct-feedback-alignment');
    await page.getByRole('article', { name: /Direct feedback alignment/ }).waitFor();
    await ready(page);
    await learn(page, 60);
    await page.getByRole('button', { name: 'Remove Backpropagation' }).click();
    await expect.poll(() => page.locator('.lane').count()).toBe(1);
    expect(await page.getByLabel('Seeds').inputValue()).toBe('0..2');
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('a run that diverges says so', async () => {
    const { page } = await bench.open(
      '#/lab?preset=linear-teacher&rule=backprop&rule=feedback-alignment&set=optimiser.rate=30',
    );
    await ready(page);
    await page.getByLabel('Background steps').fill('1500');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page
      .locator('.lane [role="alert"]', { hasText: 'The loss is not a finite number' })
      .first()
      .waitFor();
    await page.context().close();
  });

  test('tasks with an environment show the return', async () => {
    const { page, said } = await bench.open('#/lab?preset=bandit&rule=backprop&rule=node-perturbation');
    await ready(page);
    await page.getByRole('heading', { name: 'Return', exact: true }).waitFor();
    await learn(page, 40);
    await expect.poll(() => page.locator('[data-lane="0"] .score b').textContent()).toMatch(/\d/);
    expect(said).toEqual([]);
    await page.context().close();
  });
});
