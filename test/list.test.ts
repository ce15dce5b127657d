import { expect, test } from 'vitest';
import { list } from '../src/list.ts';

test.each([
  [[], ''],
  [['inputs'], 'inputs'],
  [['clamp', 'inputs'], 'clamp and inputs'],
  [['clamp', 'drive', 'inputs'], 'clamp, drive and inputs'],
])('%j is listed as "%s"', (items, text) => {
  expect(list(items)).toBe(text);
});
