import { expect, test } from 'vitest';
import { didYouMean } from '../src/suggest.ts';

const KNOWN = ['mnist', 'rings', 'two-spirals', 'linear-teacher'];

test.each([
  ['ring', 'rings'],
  ['mnits', 'mnist'],
  ['RINGS', 'rings'],
  ['two-spiral', 'two-spirals'],
  ['linaer-techer', 'linear-teacher'],
])('%s suggests %s', (word, name) => {
  expect(didYouMean(word, KNOWN)).toBe(` Did you mean "${name}"?`);
});

test.each(['', 'x', 'bring', 'kings-row', 'cifar', './no-such.json'])('%j suggests nothing', (word) => {
  expect(didYouMean(word, KNOWN)).toBe('');
});

test('without known names nothing is suggested', () => {
  expect(didYouMean('rings', [])).toBe('');
});
