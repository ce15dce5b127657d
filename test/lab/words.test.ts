import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { openBench, ready, requireAccessible, RINGS } from './fixture.ts';
import type { Bench } from './fixture.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const textOf = (page: Page) => page.locator('body').innerText();

describe('inline code of the library', () => {
  test.each(['en-GB', 'zh-CN'] as const)(
    'is set as code in forms and on the page of rules, %s',
    async (locale) => {
      const { page, said } = await bench.open(RINGS, { locale });
      await ready(page);
      await page.locator('.setup button').nth(1).click();
      const notes = page.locator('.settings .form-note, .settings .caption');
      await notes.locator('code', { hasText: 'apical rules ID' }).first().waitFor();
      await notes.locator('code', { hasText: 'apical export' }).waitFor();
      expect(await textOf(page)).not.toContain('`');
      await requireAccessible(page);
      await page.keyboard.press('Escape');
      await page.keyboard.press('3');
      await page.locator('.rule-card').first().waitFor();
      await page.locator('details').evaluateAll((all) => {
        for (const details of all) (details as HTMLDetailsElement).open = true;
      });
      expect(await textOf(page)).not.toContain('`');
      expect(said).toEqual([]);
      await page.context().close();
    },
  );

  test('is set as code in problems', async () => {
    const { page } = await bench.open('#/lab?preset=rings&set=pretraining={"rule":"autoencoder"}');
    await page.locator('.problem code', { hasText: 'apical run' }).waitFor();
    expect(await textOf(page)).not.toContain('`');
    await page.context().close();
  });
});

describe('in Chinese', () => {
  test('a rule without Chinese lines is shown in English, marked as English', async () => {
    const { page, said } = await bench.open('#/lab?preset=rings&rule=kolen-pollack', {
      locale: 'zh-CN',
      before: (opened) =>
        opened.route('**/assets/zh-*.js', async (route) => {
          const response = await route.fetch();
          await route.fulfill({
            response,
            body: (await response.text()).replaceAll('kolen-pollack', 'renamed'),
          });
        }),
    });
    await ready(page);
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-Hans');
    const option = page.locator('.rule-select option[value="kolen-pollack"]');
    expect(await option.getAttribute('lang')).toBe('en');
    expect(await option.textContent()).toMatch(/^Kolen–Pollack/);
    expect(await page.locator('.rule-select option[value="backprop"]').getAttribute('lang')).toBe('zh-Hans');
    await page.locator('.lane summary').click();
    const note = page.locator('#field-decay-note span[lang="en"]');
    expect(await note.textContent()).toContain('λ');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: '学习规则' }).click();
    const card = page.locator('#rule-kolen-pollack');
    expect(await card.locator('h3 [lang="en"]').first().textContent()).toMatch(/^Kolen–Pollack/);
    expect(await card.locator('.rule-summary [lang="en"]').count()).toBe(1);
    expect(await page.locator('#rule-backprop .rule-summary [lang]').count()).toBe(0);
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('messages of the library are marked as English', async () => {
    const { page } = await bench.open('#/lab?preset=rings&rule=backprop&set=batch=0', { locale: 'zh-CN' });
    await ready(page);
    await page.locator('.problem li span[lang="en"]', { hasText: 'batch: must be at least 1' }).waitFor();
    await page.context().close();
  });
});
