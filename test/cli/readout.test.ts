import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compareDocument, runDocument, searchDocument } from './documents.ts';
import { apical, documents, expectRefusal, TINY, workInEmptyFolder } from './fixture.ts';

/*
 * The whole command for a rule without an objective, and for readouts.
 */

workInEmptyFolder();

const HEBBIAN = fileURLToPath(new URL('../../examples/readout/hebbian.ts', import.meta.url));
const LINEAR = ['--set', 'network.activation=linear', '--set', 'optimiser.rate=0.002'] as const;

test('a rule without an objective shows its measures alone', async () => {
  const { code, stdout, stderr } = await apical(
    'run',
    'bars',
    '--rule',
    HEBBIAN,
    ...TINY,
    ...LINEAR,
    '--out',
    'run',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/hebbian on bars, seed 0: done\n {2}explained 0\.\d+\n/);
  expect(stderr).toMatch(/epoch 5\/5 {2}explained 0\.\d+\n/);
  const report = readFileSync('run/report.html', 'utf8');
  expect(report).toContain('Subspace rule ran 5 epochs of Bars');
  expect(report).toContain('Explained');
  for (const shown of [stdout, stderr, report]) expect(shown).not.toMatch(/NaN|0\.00 %|undefined|angle –/);

  const again = await apical(
    'run',
    'bars',
    '--rule',
    HEBBIAN,
    ...TINY,
    ...LINEAR,
    '--json',
    '--out',
    'other',
  );
  const document = runDocument.parse(documents(again.stdout)[0]);
  expect(document).toMatchObject({ train: null, test: null, metrics: { passes: 500 } });
  expect(document.metrics['explained']).toBeGreaterThan(0);
});

test('a readout is recorded, shown and reported as a readout, and does not change the weights', async () => {
  const words = ['bars', '--rule', HEBBIAN, ...TINY, ...LINEAR, '--set', 'task.validation=0.2'];
  const { code, stdout, stderr } = await apical(
    'run',
    ...words,
    '--set',
    'readout.kind=softmax',
    '--out',
    'run',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /readout validation error \d+\.\d\d %, readout test error \d+\.\d\d % \(\d+ of 30\)/,
  );
  expect(stderr).toMatch(/epoch 5\/5 {2}readout test error \d+\.\d\d % {2}explained/);
  const report = readFileSync('run/report.html', 'utf8');
  expect(report).toMatch(/Subspace rule ran 5 epochs of Bars, and a readout reached \d+\.\d+ % error/);
  expect(report).toContain('Readout test error');
  expect(report).toContain('not the network&#39;s own error');

  const again = await apical('run', ...words, '--set', 'readout.kind=softmax', '--json', '--out', 'second');
  const document = runDocument.parse(documents(again.stdout)[0]);
  expect(document.readout?.validation?.count).toBe(20);
  const first = JSON.parse(readFileSync('run/run.json', 'utf8')) as { document: unknown };
  expect(first.document).toMatchObject({ readout: document.readout, metrics: document.metrics });
});

test('a comparison has the readout of every rule, with intervals', async () => {
  const { code, stdout } = await apical(
    ...['compare', 'bars', '--rules', `${HEBBIAN},backprop`, ...TINY, ...LINEAR],
    ...['--set', 'readout={}', '--seeds', '0..1', '--out', 'compared'],
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/train error +test error +readout test error/);
  expect(stdout).toMatch(/hebbian +2 +– +– +\d+\.\d\d % ± \d+\.\d\d %/);
  expect(stdout).toMatch(/hebbian − backprop: .* readout test error/);
  const report = readFileSync('compared/report.html', 'utf8');
  expect(report).toContain('id="figure-readout"');

  const json = await apical(
    ...[
      'compare',
      'bars',
      '--rules',
      HEBBIAN,
      ...TINY,
      ...LINEAR,
      '--seeds',
      '0..1',
      '--json',
      '--out',
      'alone',
    ],
  );
  const { summary } = compareDocument.parse(documents(json.stdout)[0]);
  expect(summary.map(({ metric }) => metric)).toContain('explained');
  expect(summary.map(({ metric }) => metric)).not.toContain('test error');
});

test('a search ranks by the readout, and is refused without one', async () => {
  const words = [
    ...[
      'search',
      'bars',
      '--rules',
      HEBBIAN,
      ...TINY.slice(0, 4),
      '--set',
      'network.hidden=[8]',
      '--epochs',
      '2',
    ],
    ...[
      '--set',
      'task.validation=0.3',
      '--vary',
      'optimiser.rate=log:0.0001..0.002',
      '--budget',
      '8',
      '--workers',
      '1',
    ],
  ];
  expectRefusal(
    await apical(...words, '--out', 'none'),
    2,
    'Add a readout, such as --set readout.kind=ridge',
  );
  const { stdout, code } = await apical(...words, '--set', 'readout.kind=ridge', '--json', '--out', 'found');
  expect(code).toBe(0);
  const document = searchDocument.parse(documents(stdout)[0]);
  expect(document).toMatchObject({ rankedBy: 'readout' });
  expect(document.best).toHaveLength(1);
}, 60_000);

test('help shows the keys of a readout', async () => {
  const { stdout } = await apical('help', 'config');
  expect(stdout).toContain('readout.neighbours');
  expect(stdout).toContain('ridge regression; for classes also softmax regression');
});

test('objectives: [] of a graph trains', async () => {
  const graph = {
    areas: [
      { id: 'pixels', shape: [16] },
      { id: 'units', shape: [4], activation: 'linear' },
    ],
    projections: [{ from: 'pixels', to: 'units' }],
    input: 'pixels',
    objectives: [],
  };
  writeFileSync(
    'config.json',
    JSON.stringify({ rule: HEBBIAN, task: { dataset: 'bars' }, graph, epochs: 1 }),
  );
  const { code, stdout } = await apical(
    'run',
    'config.json',
    '--set',
    'optimiser.rate=0.002',
    '--out',
    'run',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/explained 0\.\d+/);
});
