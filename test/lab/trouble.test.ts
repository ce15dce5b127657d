import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { learn, openBench, overflow, ready, requireAccessible, RINGS, stepOf } from './fixture.ts';
import type { Bench } from './fixture.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

describe('problems', () => {
  test('a link with invalid settings names each, and the rest applies', async () => {
    const { page } = await bench.open(
      `#/lab?preset=rings&rule=backprop&rule=feedback-alignmnt&rule=sign-symmetry~{"scale":-1}&set=batch=0&set=optimiser.rte=1&set=network.hidden=[9]&colour=red&seeds=x&area=hidden7&step=-3`,
    );
    await ready(page);
    const listed = await page.locator('.problem li').allTextContents();
    for (const part of [
      'Did you mean "feedback-alignment"',
      'batch: must be at least 1, but it is 0',
      'Did you mean "optimiser.rate"',
      'unknown setting "colour"',
      'but "x" is given',
      'area is "hidden7"',
      'step must be a whole number',
      'scale',
    ]) {
      expect(
        listed.filter((line) => line.includes(part)),
        part,
      ).toHaveLength(1);
    }
    expect(await page.locator('.lane').count()).toBe(2);
    await page
      .getByText(/hidden.1 9/)
      .first()
      .waitFor();
    await learn(page, 5);
    await requireAccessible(page);
    await page.context().close();
  });

  test('a rule that does not support the network is left out, with the fix', async () => {
    const { page } = await bench.open(`${RINGS}&rule=equilibrium-propagation`);
    await ready(page);
    await page.getByText(/"equilibrium-propagation" runs on .* set network.activation=/).waitFor();
    expect(await page.locator('.lane').count()).toBe(2);
    await learn(page, 5);
    await page.context().close();
  });

  test('invalid settings are refused in the form, with the message of the library', async () => {
    const { page, said } = await bench.open();
    await ready(page);
    await page.getByRole('button', { name: /All settings/ }).click();
    const batch = page.locator('#field-batch');
    await batch.fill('zero');
    await batch.press('Enter');
    await page.getByText('batch: must be a number, but it is "zero".').waitFor();
    await requireAccessible(page);
    await batch.fill('25');
    await batch.press('Enter');
    await expect.poll(() => page.getByText('batch: must be').count()).toBe(0);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'All settings (1 set)' }).waitFor();
    await page.locator('[data-lane="1"] summary').click();
    const scale = page.locator('[data-lane="1"] #field-scale');
    await scale.fill('-1');
    await scale.press('Enter');
    await page.locator('.form-problem', { hasText: 'scale: must be more than 0, but it is -1.' }).waitFor();
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('an engine that stops is restarted up to the same step', async () => {
    const { page } = await bench.open();
    await ready(page);
    await learn(page, 30);
    const mine = await page.evaluate(() => window.apicalLab.ask('fingerprint', 1));
    const engine = page.workers().find((worker) => worker.url().includes('worker'));
    await engine?.evaluate(() => close());
    await page.getByText('The engine has stopped').waitFor();
    await page.getByRole('button', { name: 'Restart' }).click();
    await ready(page);
    await expect.poll(() => stepOf(page)).toBe(30);
    expect(await page.evaluate(() => window.apicalLab.ask('fingerprint', 1))).toBe(mine);
    await page.context().close();
  });

  test('a failed download can be repeated, and the other views keep working', async () => {
    let isCut = true;
    const { page } = await bench.open('#/lab?preset=digits&rule=backprop&set=network.hidden=[8]', {
      before: (opened) =>
        opened.route('**/data/mnist/train-images*', (route) => (isCut ? route.abort() : route.continue())),
    });
    await page.getByText(/train-images.* could not be downloaded in 3 attempts/).waitFor();
    await page.getByRole('link', { name: 'Rules' }).click();
    await page.getByRole('heading', { name: 'Feedback alignment', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Lab', exact: true }).click();
    isCut = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await ready(page);
    await learn(page, 2);
    await page.context().close();
  });

  test('a missing data set is named, with the way to get it', async () => {
    const other = await openBench({ dataFolders: () => [] });
    const { page } = await other.open('#/lab?preset=fashion&rule=backprop');
    await page.getByText(/Fashion-MNIST is not served here.*apt install dataset-fashion-mnist/).waitFor();
    await page.getByLabel('Task').selectOption('rings');
    await ready(page);
    await other.close();
  });

  test('a browser without SIMD gets a message', async () => {
    const { page } = await bench.open(RINGS, {
      before: (opened) =>
        opened.route('**/assets/worker-*.js', async (route) => {
          const response = await route.fetch();
          await route.fulfill({
            response,
            body: `WebAssembly.validate = () => false;\n${await response.text()}`,
          });
        }),
    });
    await page.getByText(/lacks WebAssembly SIMD, which the kernels need/).waitFor();
    await requireAccessible(page);
    await page.context().close();
  });

  test('the page works offline after loading', async () => {
    const { page, context, said } = await bench.open();
    await ready(page);
    await context.setOffline(true);
    await learn(page, 20);
    await page.getByLabel('Task').selectOption('two-spirals');
    await ready(page);
    await page.getByRole('link', { name: 'Exhibits' }).click();
    await page.getByRole('link', { name: 'The forward weights come to agree' }).click();
    await ready(page);
    await page.getByRole('link', { name: 'Rules' }).click();
    await page.locator('.rule-card summary').first().click();
    await page.getByText(/A step costs 1 ×/).waitFor();
    expect(said).toEqual([]);
    await context.close();
  });
});

describe('accessibility', () => {
  const views = [
    ['the lab', RINGS],
    [
      'pictures',
      '#/lab?preset=digits&rule=backprop&rule=feedback-alignment&set=network.hidden=[16]&set=task.trainExamples=500&unit=2',
    ],
    ['exhibits', '#/exhibits'],
    ['an exhibit', '#/exhibits/why-it-works'],
    ['rules', '#/rules'],
    ['about', '#/about'],
  ] as const;
  for (const [name, hash] of views) {
    test.each([
      [1280, false],
      [360, true],
    ])(`${name}: no violations and no overflow, %i px wide, dark: %s`, async (width, dark) => {
      const { page, said } = await bench.open(hash, { width, dark });
      if (hash.startsWith('#/lab') || hash.includes('/why')) {
        await ready(page);
        await learn(page, 3);
      } else await page.getByRole('heading', { level: 1 }).waitFor();
      await requireAccessible(page);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      expect(said).toEqual([]);
      await page.context().close();
    });
  }

  test('the keyboard reaches controls, areas, units and views', async () => {
    const { page } = await bench.open();
    await ready(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    const reached = new Set<string>();
    for (let index = 0; index < 60; index++) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(
          () =>
            document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
        ),
      );
    }
    for (const name of ['Play', 'Step', 'Share', 'Rule 1', 'Rule 2']) expect([...reached]).toContain(name);
    expect([...reached].some((name) => name.startsWith('Area hidden'))).toBe(true);
    await page.locator('.mosaic-units button').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.story').first().waitFor();
    await page.keyboard.press('3');
    await page.getByRole('heading', { name: 'Rules', level: 1 }).waitFor();
    await page.context().close();
  });
});
