import path from 'node:path';
import { expect, test } from 'vitest';
import type { SearchDocument } from '../../src/search/document.ts';
import { compareDocument, searchDocument } from './documents.ts';
import { apical, documents, numbersOf, outcomeOf, workInEmptyFolder } from './fixture.ts';

/*
 * Pretraining with several runs from one config.
 */

workInEmptyFolder();

const SHARED = [
  ...['bars', '--set', 'task.options={"trainCount":120,"testCount":30}', '--set', 'network.hidden=[6,5]'],
  ...['--set', 'network.activation=logistic', '--set', 'pretraining.epochs=2', '--set', 'batch=20'],
  ...['--set', 'pretraining.optimiser.rate=0.2', '--set', 'checkpointSeconds=0', '--backend', 'wasm'],
];

test('compared rules start from the same pretrained weights for the same seed, and then differ', async () => {
  const rules = ['backprop', 'feedback-alignment'];
  const { code, stdout } = await apical(
    ...['compare', ...SHARED, '--rules', rules.join(','), '--seeds', '0..1'],
    ...['--epochs', '2', '--out', 'compared', '--json'],
  );
  expect(code).toBe(0);
  compareDocument.parse(documents(stdout)[0]);
  const folderOf = (rule: string, seed: number, ...names: string[]) =>
    path.join('compared', `${rule}-seed${seed}`, ...names);
  const [first, second] = rules.map((rule) => numbersOf(folderOf(rule, 0, 'pretraining')));
  const id = 'network/input→hidden1';
  expect(first?.get(id)).toEqual(second?.get(id));
  expect(numbersOf(folderOf('backprop', 1, 'pretraining')).get(id)).not.toEqual(first?.get(id));
  const after = rules.map((rule) => numbersOf(folderOf(rule, 0)).get(id));
  expect(after[0]).not.toEqual(after[1]);
  expect(after[0]).not.toEqual(first?.get(id));
});

test('a search can vary the pretraining', async () => {
  const { code, stdout } = await apical(
    ...['search', ...SHARED, '--rules', 'backprop', '--vary', 'pretraining.optimiser.rate=log:0.001..1'],
    ...['--epochs', '4', '--budget', '12', '--out', 'searched', '--json'],
  );
  expect(code).toBe(0);
  const [document] = documents(stdout);
  searchDocument.parse(document);
  const { trials } = document as SearchDocument;
  const rates = trials.map(({ point }) => point['pretraining.optimiser.rate']);
  expect(new Set(rates).size).toBe(trials.length);
  expect(new Set(trials.map(({ loss }) => loss)).size).toBe(trials.length);
});

test('worker threads start from the pretrained weights too', async () => {
  const words = ['run', ...SHARED, '--rule', 'weight-perturbation', '--set', 'ruleOptions.samples=4'];
  for (const workers of ['1', '2']) {
    const { code } = await apical(...words, '--epochs', '2', '--set', `workers=${workers}`, '--out', workers);
    expect(code).toBe(0);
  }
  expect(outcomeOf('2')).toEqual(outcomeOf('1'));
});
