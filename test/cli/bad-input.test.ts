import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { apical, expectRefusal, TINY, workInEmptyFolder } from './fixture.ts';

workInEmptyFolder();

/** Expects a refusal that leaves no folder, which would block the corrected command. */
async function refused(words: readonly string[], ...named: string[]): Promise<void> {
  const before = readdirSync('.');
  expectRefusal(await apical(...words), 2, ...named);
  expect(readdirSync('.')).toEqual(before);
}

describe('unknown names are refused with the closest one', () => {
  test.each([
    ['a command', ['rnu'], ['rnu', 'run']],
    ['an option', ['run', '--seds', '3'], ['--seds', '--seeds']],
    ['a preset', ['run', 'digist'], ['"digist"', '"digits"', 'rings']],
    ['a config file', ['run', './no-such.json'], ['./no-such.json']],
    [
      'a rule',
      ['run', 'rings', '--rule', 'fedback-alignment'],
      ['fedback-alignment', '"feedback-alignment"', 'apical rules'],
    ],
    [
      'a rule among several',
      ['compare', 'rings', '--rules', 'backprop,backprob'],
      ['"backprob"', '"backprop"'],
    ],
    ['a rule to show', ['rules', 'backprob'], ['"backprob"', '"backprop"']],
    ['a key', ['run', 'rings', '--set', 'optimizer.rate=1'], ['"optimizer"', '"optimiser"']],
    ['a key inside', ['run', 'rings', '--set', 'optimiser.rat=1'], ['"optimiser.rat"', '"optimiser.rate"']],
    [
      'a key of a schedule',
      ['run', 'rings', '--set', 'optimiser.rate={"kind":"cosine","value":1,"ends":0}'],
      ['"optimiser.rate.ends"', '"optimiser.rate.end"'],
    ],
    [
      'a kind of schedule',
      ['run', 'rings', '--set', 'optimiser.rate={"kind":"cosin","value":1}'],
      ['optimiser.rate.kind', '"cosin"', '"cosine"'],
    ],
    ['a data set', ['run', '--set', 'task.dataset=mnits'], ['"mnits"', '"mnist"', 'two-spirals']],
    ['an option of a data set', ['run', 'rings', '--set', 'task.options.noize=1'], ['"noize"', '"noise"']],
    [
      'options of a rule that conflict',
      ['run', 'rings', '--rule', 'node-perturbation', '--set', 'ruleOptions.baseline=mean'],
      ['so samples must be at least 2.\n'],
    ],
    [
      'a noise of 0',
      ['run', 'rings', '--rule', 'weight-perturbation', '--set', 'ruleOptions.noise=0'],
      ['noise: must be more than 0, but it is 0.'],
    ],
    [
      'no samples',
      ['run', 'rings', '--rule', 'reinforce', '--set', 'ruleOptions.samples=0'],
      ['samples: must be at least 1, but it is 0.'],
    ],
    ...(['recirculation', 'two-pass'] as const).map(
      (rule) =>
        [
          `a regression of 1 in ${rule}`,
          ['run', 'rings', '--rule', rule, '--set', 'ruleOptions.regression=1'],
          ['regression: must be less than 1, but it is 1.'],
        ] as [string, string[], string[]],
    ),
    [
      'a blend of 0',
      ['run', 'rings', '--rule', 'two-pass', '--set', 'ruleOptions.blend=0'],
      ['blend: must be more than 0, but it is 0.'],
    ],
    [
      'a blend above 1',
      ['run', 'rings', '--rule', 'two-pass', '--set', 'ruleOptions.blend=1.5'],
      ['blend: must be at most 1, but it is 1.5.'],
    ],
    [
      'an unknown variant',
      ['run', 'rings', '--rule', 'generec', '--set', 'ruleOptions.variant=middle'],
      ['"midpoint"', '"middle"'],
    ],
    [
      'an option of a rule',
      ['run', 'rings', '--rule', 'feedback-alignment', '--set', 'ruleOptions.scal=1'],
      ['"scal"', '"scale"', 'feedback-alignment'],
    ],
    [
      'a projection',
      ['run', 'rings', '--set', 'optimiser.projections={"hidden→output":{"rate":1}}'],
      ['"hidden→output"', '"hidden1→output"'],
    ],
    ['a topic of help', ['help', 'exit'], ['"exit"', '"exits"']],
    ['a claim', ['claims', 'run', 'no-such-claim'], ['no-such-claim']],
    ['a group of benchmarks', ['bench', '--only', 'stpe'], ['stpe', 'step']],
  ])('%s', async (_what, words, named) => {
    await refused(words, ...named);
  });
});

describe('values that are out of range or of the wrong type', () => {
  const set = (assignment: string, ...named: string[]) =>
    [
      ['run', 'rings', '--set', assignment],
      [assignment.replace(/=.*$/, ''), ...named],
    ] as const;

  test.each([
    set('batch=0', 'at least 1', 'it is 0'),
    set('batch=2.5', 'whole number', '2.5'),
    set('batch=many', 'number', '"many"'),
    set('seed=-1', 'at least 0', '-1'),
    set('seed=9007199254740993', 'at most'),
    set('epochs=0', 'at least 1'),
    set('optimiser.rate=0', 'more than 0'),
    set('optimiser.rate=fast', 'number', '"fast"'),
    set('optimiser.momentum=1', 'less than 1'),
    set('optimiser.kind=adamw', '"adam"', '"adamw"'),
    set('network.hidden=[0]', 'at least 1', 'it is 0'),
    set('network.hidden=[10,-3]', 'at least 1', '-3'),
    set('network.hidden=100', 'array', '100'),
    set('network.activation=sigmoid', '"logistic"', '"sigmoid"'),
    set('network.dropout=1', 'less than 1'),
    set('network.density=0', 'more than 0'),
    set('network.bias=yes', 'boolean', '"yes"'),
    set('task.validation=1', 'less than 1', 'it is 1'),
    set('task.validation=0.9999', 'task.validation'),
    set('task.trainExamples=1000000', '1000000', '2000'),
    set('task.labels=2', '.csv', 'rings'),
    set('probe.every=-1', 'at least 0'),
    set('version=2', '1', '2'),
    set('objective=accuracy', 'cross-entropy', 'path of a file', '"accuracy"'),
    set('batch=5000', 'batch', '5000', '2000'),
    set('task=rings', 'object', '"rings"'),
  ])('%j', async (words, named) => {
    await refused(words, ...named);
  });

  test.each([
    ['--epochs', 'three', ['epochs', '"three"']],
    ['--epochs', '1.5', ['epochs', 'whole number', '1.5']],
    ['--epochs', '-1', ['epochs', 'at least 1', '-1']],
    ['--threads', '-1', ['threads', 'at least 0', '-1']],
    ['--threads', 'all', ['threads', '"all"']],
    ['--backend', 'cuda', ['backend', '"cuda"', '"wasm"']],
    ['--seeds', '3..1', ['--seeds', '"3..1"', '0..4']],
    ['--seeds', '-1', ['--seeds', '"-1"']],
    ['--seeds', '1,1', ['--seeds', '"1,1"', 'different']],
    ['--seeds', 'a', ['--seeds', '"a"']],
    ['--seeds', '', ['--seeds', '""']],
    ['--seeds', '0..99999999', ['--seeds']],
    ['--set', 'batch', ['--set', '"batch"', 'path=value']],
    ['--set', '=3', ['--set', '"=3"']],
    ['--out', '', ['--out', 'empty']],
    ['--rule', '', ['""']],
  ])('%s %j', async (option, value, named) => {
    await refused(['run', 'rings', option, value], ...named);
  });

  test('a key that every object has', () =>
    refused(['run', 'rings', '--set', '__proto__.batch=1'], '"__proto__"'));

  test('an option without its value', () => refused(['run', 'rings', '--epochs'], '--epochs', 'missing'));

  test('the same rule twice', () =>
    refused(['compare', 'rings', '--rules', 'backprop,backprop'], '"backprop,backprop"', 'twice'));

  test('all errors are listed at once', async () => {
    const printed = await apical('run', 'rings', '--set', 'batch=0', '--epochs', '0', '--threads', 'x');
    expectRefusal(printed, 2, '3 values', 'batch', 'epochs', 'threads');
  });

  test('too many arguments', () => refused(['run', 'rings', 'digits'], 'too many arguments'));

  test('a BLAS library for a backend that uses none', () =>
    refused(
      ['run', 'rings', '--backend', 'wasm', '--blas', '/lib/any.so'],
      '--blas',
      '"wasm"',
      '--backend blas',
    ));

  test('--resume with --out', () =>
    refused(['run', 'rings', '--resume', 'a', '--out', 'b'], '--resume a', '--out b'));
});

describe('config files', () => {
  test.each([
    ['that is not JSON', '{ "batch": 10, }', ['mine.json', 'JSON']],
    ['that is empty', '', ['mine.json', 'JSON']],
    ['that holds a list', '[1]', ['mine.json', 'object']],
    ['with a value out of range', '{ "batch": 0 }', ['mine.json', 'batch', 'at least 1']],
    [
      'with a value of the wrong type',
      '{ "network": { "hidden": "800" } }',
      ['network.hidden', 'array', '"800"'],
    ],
    ['with an unknown key', '{ "bach": 10 }', ['"bach"', '"batch"']],
    ['of another version', '{ "version": 2 }', ['version', '2']],
    ['with an incomplete graph', '{ "graph": { "areas": [] } }', ['graph.projections', 'missing']],
  ])('%s', async (_what, text, named) => {
    writeFileSync('mine.json', text);
    await refused(['run', 'mine.json'], ...named);
  });

  test('a folder instead of a file', async () => {
    mkdirSync('folder');
    await refused(['run', 'folder'], '"folder"', 'nor a config file');
  });

  const areas = [
    { id: 'in', shape: [2] },
    { id: 'out', shape: [4] },
  ];
  const graph = {
    areas,
    projections: [{ from: 'in', to: 'out' }],
    input: 'in',
    objectives: [{ area: 'out', kind: 'cross-entropy' }],
  };
  test.each([
    ['an input of another size', { areas: [{ id: 'in', shape: [3] }, areas[1]] }, ['"in"', '3', '2']],
    ['an output of another size', { areas: [areas[0], { id: 'out', shape: [7] }] }, ['"out"', '7', '4']],
    ['a missing area', { projections: [{ from: 'in', to: 'up' }] }, ['"up"']],
    ['two areas with one name', { areas: [...areas, areas[0]] }, ['"in"']],
    ['an empty area', { areas: [{ id: 'in', shape: [0] }, areas[1]] }, ['shape', 'at least 1']],
    [
      'a cycle',
      {
        projections: [
          { from: 'in', to: 'out' },
          { from: 'out', to: 'out' },
        ],
      },
      ['cycle', '"out"'],
    ],
  ])('a graph with %s', async (_what, change, named) => {
    writeFileSync(
      'mine.json',
      JSON.stringify({ task: { dataset: 'rings', options: { rings: 4 } }, graph: { ...graph, ...change } }),
    );
    await refused(['run', 'mine.json', '--backend', 'wasm'], ...named);
  });

  test('cross-entropy for regression', () =>
    refused(['run', 'linear-teacher', '--set', 'objective=cross-entropy'], 'cross-entropy', 'squared-error'));
});

test('after a refusal, the corrected command runs in the same folder', async () => {
  expectRefusal(
    await apical('run', 'rings', ...TINY, '--set', 'batch=500', '--out', 'here'),
    2,
    '500',
    '100',
  );
  expect((await apical('run', 'rings', ...TINY, '--out', 'here')).code).toBe(0);
});
