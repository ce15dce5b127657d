import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { SearchDocument } from '../../src/search/document.ts';
import { compareDocument, searchDocument } from './documents.ts';
import {
  apical,
  documents,
  expectNoStack,
  expectRefusal,
  start,
  workInEmptyFolder,
  writeRule,
} from './fixture.ts';
import type { Printed } from './fixture.ts';

/*
 * `apical search`: equal terms for every rule, whatever happens on the way, and no test data.
 */

workInEmptyFolder();

const set = (...assignments: readonly string[]) => assignments.flatMap((each) => ['--set', each]);

const SMALL = ['rings', '--set', 'task.options={"trainCount":240,"testCount":60}', '--backend', 'wasm'];

/** Two rules, some seconds on one worker, with frequent checkpoints. */
const LONG = [
  ...['search', ...SMALL, '--set', 'batch=4', '--set', 'network.hidden=[24,24]'],
  ...['--set', 'optimiser.rate={"kind":"linear","value":0.1,"end":0}', '--set', 'checkpointSeconds=0.02'],
  ...['--epochs', '27', '--budget', '130', '--seeds', '0..1', '--rules', 'backprop,feedback-alignment'],
  ...['--vary', 'optimiser.rate=log:0.001..1'],
];

const only = ({ stdout }: Printed): SearchDocument => {
  const [document] = documents(stdout);
  searchDocument.parse(document);
  return document as SearchDocument;
};

/** Returns what equal searches share: everything but times and paths. */
function outcomeOf({ id, trials, best, budget, space, spent }: SearchDocument): unknown {
  const isTime = (key: string) => key === 'trainedSeconds';
  const whole = { id, trials, best, budget, space, spent };
  return JSON.parse(JSON.stringify(whole, (key, value: unknown) => (isTime(key) ? undefined : value)));
}

let uninterrupted: SearchDocument | undefined;
/** Returns the search that every interrupted search must equal. */
const whole = async () =>
  (uninterrupted ??= only(await start([...LONG, '--workers', '1', '--out', 'whole', '--json']).ended));

/**
 * Stops a worker process in the middle of a trial, once at least `begun` trials have started, and returns its process id.
 * SIGCONT continues it.
 */
async function stopTrial(folder: string, begun = 1): Promise<number> {
  const trials = path.join(folder, 'trials');
  for (let waited = 0; waited < 30_000; waited += 5) {
    await setTimeout(5);
    const names = existsSync(trials) ? readdirSync(trials, { recursive: true }).map(String) : [];
    const lock = names.find((name) => name.endsWith('run.lock'));
    const trial = lock === undefined ? '' : path.dirname(lock);
    const isSaved = names.some((name) => name.startsWith(path.join(trial, 'checkpoint-')));
    if (!isSaved || names.filter((name) => name.endsWith('config.json')).length < begun) continue;
    const pid = holderOf(path.join(trials, trial));
    if (pid === undefined) continue;
    process.kill(pid, 'SIGSTOP');
    if (holderOf(path.join(trials, trial)) === pid) return pid;
    // It has just released the trial.
    process.kill(pid, 'SIGCONT');
  }
  throw new Error(`No trial was trained in ${folder}.`);
}

/** Returns the id of the process that holds a trial's folder, if there is one. */
function holderOf(trial: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(path.join(trial, 'run.lock'), 'utf8')) as { pid: number }).pid;
  } catch {
    // The lock was just released, or is incomplete.
    return undefined;
  }
}

describe('a search', () => {
  test('is equal for every rule and every number of workers, and continues after a worker is killed', async () => {
    const expected = await whole();
    const running = start([...LONG, '--workers', '2', '--out', 'killed', '--json']);
    process.kill(await stopTrial('killed'), 'SIGKILL');
    const printed = await running.ended;
    expect({ code: printed.code, stderr: printed.stderr }).toMatchObject({ code: 0 });
    expect(printed.stderr).toMatch(
      /Warning: A worker process ended by SIGKILL\. Another one continues the trial in .* from its last checkpoint/,
    );
    const killed = only(printed);
    expect(outcomeOf(killed)).toEqual(outcomeOf(expected));

    const { trials, best, spent, budget } = killed;
    const rungs = [
      { epochs: 3, trials: 9 },
      { epochs: 9, trials: 3 },
      { epochs: 27, trials: 1 },
    ];
    expect(budget).toEqual({ epochs: 130, planned: 126, eta: 3, rungs });
    expect(spent.map(({ rule, epochs }) => [rule, epochs])).toEqual([
      ['backprop', budget.planned],
      ['feedback-alignment', budget.planned],
    ]);
    const [first, second] = spent.map(({ rule }) =>
      trials.filter((trial) => trial.rule === rule).map(({ point }) => point),
    );
    expect(first).toEqual(second);
    for (const { rule, trial, error, values } of best) {
      expect(error).toBeCloseTo((values[0] ?? 0) / 2 + (values[1] ?? 0) / 2, 12);
      const finished = trials.filter((other) => other.rule === rule && other.status === 'finished');
      expect(Math.min(...finished.map((other) => other.error ?? Infinity))).toBe(error);
      expect(finished.map((other) => other.trial)).toContain(trial);
    }
  });

  test.each(['SIGINT', 'SIGKILL'] as const)('resumes after %s to the same result', async (signal) => {
    const expected = await whole();
    const { child, ended } = start([...LONG, '--workers', '1', '--out', 'a folder', '--json']);
    // One of the 18 trials of the first rung.
    const pid = await stopTrial('a folder', 1 + Math.floor(Math.random() * 6));
    child.kill(signal);
    process.kill(pid, 'SIGCONT');
    const stopped = await ended;
    if (signal === 'SIGINT') {
      expect(stopped.code).toBe(130);
      expectNoStack(stopped.stderr);
      expect(stopped.stderr).toContain(`apical search --resume 'a folder'`);
      expect(only(stopped).status).toBe('interrupted');
    }
    const resumed = await start(['search', '--resume', 'a folder', '--workers', '2', '--json']).ended;
    expect({ code: resumed.code, stderr: resumed.stderr }).toMatchObject({ code: 0 });
    expect(outcomeOf(only(resumed))).toEqual(outcomeOf(expected));
  });

  test('writes configs for run and compare, run folders, and a report with every parameter', async () => {
    const words = ['--epochs', '3', '--budget', '12', '--set', 'batch=20', '--workers', '2', '--out', 'here'];
    const printed = await start(['search', ...SMALL, ...words]).ended;
    expect({ code: printed.code, stderr: printed.stderr }).toMatchObject({ code: 0 });
    expect(printed.stdout).toContain('apical compare --from-search here --seeds 1..5');
    const report = readFileSync('here/search.html', 'utf8');
    for (const name of ['optimiser.rate', 'network.initialisation.scale']) {
      expect(report).toContain(`Validation error against ${name}: backprop, feedback-alignment`);
    }
    const compared = await apical(
      'compare',
      '--from-search',
      'here',
      '--seeds',
      '7',
      '--out',
      'both',
      '--json',
    );
    const { runs } = compareDocument.parse(documents(compared.stdout)[0]);
    expect(runs.map(({ rule }) => rule)).toEqual(['backprop', 'feedback-alignment']);
    const { best } = JSON.parse(readFileSync('here/search.json', 'utf8')) as SearchDocument;
    for (const { rule, point, file } of best) {
      const read = (name: string) =>
        JSON.parse(readFileSync(name, 'utf8')) as {
          optimiser: { rate: number };
          task: { validation: number };
        };
      const config = read(path.join('here', file));
      expect(config.optimiser.rate).toBe(point['optimiser.rate']);
      // All training examples are used again, as in the requested config.
      expect(config.task.validation).toBe(0);
      expect(read(`both/${rule}-seed7/config.json`)).toEqual({ ...config, seed: 7 });
    }
    const more = ['compare', '--resume', 'both', '--seeds', '7,8', '--json'];
    expect(compareDocument.parse(documents((await apical(...more)).stdout)[0]).runs).toHaveLength(4);
    const files = ['here/best-backprop.json', 'here/best-feedback-alignment.json'];
    expect((await apical('compare', '--configs', files.join(), '--out', 'again')).code).toBe(0);
    expectRefusal(
      await apical('compare', '--configs', `${files[0]},${files[0]}`),
      2,
      'both called "backprop"',
    );
    const others = JSON.parse(readFileSync(files[1] as string, 'utf8')) as object;
    writeFileSync('other.json', JSON.stringify({ ...others, epochs: 4 }));
    expectRefusal(await apical('compare', '--configs', `${files[0]},other.json`), 2, 'epochs: 4 and 3');
    expectRefusal(
      await apical('search', ...SMALL, '--epochs', '3', '--budget', '12', '--out', 'here'),
      2,
      '--resume here',
    );
  });

  test('of variants of one rule gives each the budget, and compare distinguishes them', async () => {
    mkdirSync('variants');
    for (const [name, network] of Object.entries({
      dense: { hidden: [8] },
      sparse: { hidden: [8], density: 0.5 },
    })) {
      const config = {
        rule: 'feedback-alignment',
        task: { dataset: 'rings' },
        network,
        epochs: 3,
        batch: 20,
      };
      writeFileSync(`variants/${name}.json`, JSON.stringify(config));
    }
    const words = ['--configs', 'variants', '--budget', '12', '--workers', '1', '--out', 'here', '--json'];
    const { configs, best, spent } = only(await start(['search', ...words]).ended);
    expect(Object.keys(configs)).toEqual(['dense', 'sparse']);
    expect(best.map(({ file }) => file)).toEqual(['best-dense.json', 'best-sparse.json']);
    expect(new Set(spent.map(({ epochs }) => epochs)).size).toBe(1);

    const both = ['compare', '--from-search', 'here', '--seeds', '1,2', '--out', 'both', '--json'];
    const { runs, summary, paired } = compareDocument.parse(documents((await apical(...both)).stdout)[0]);
    expect(runs.map(({ rule, variant, seed }) => `${rule} ${variant ?? ''} ${seed}`).sort()).toEqual([
      'feedback-alignment dense 1',
      'feedback-alignment dense 2',
      'feedback-alignment sparse 1',
      'feedback-alignment sparse 2',
    ]);
    const errors = summary.filter(({ metric }) => metric === 'test error');
    expect(errors.map(({ rule, seeds }) => [rule, seeds])).toEqual([
      ['dense', [1, 2]],
      ['sparse', [1, 2]],
    ]);
    expect(paired.map(({ first, second }) => `${first} ${second}`)).toContain('dense sparse');
    const table = readFileSync('both/compare.md', 'utf8');
    expect(table).toMatch(/^\| dense \| 2 \| \d+\.\d+ ± .* % \|/m);
    expect(table).toMatch(/^\| sparse \|.*`network\.density=0\.5`/m);
    expect(readFileSync('both/report.html', 'utf8')).toContain('Feedback alignment (sparse)');

    const more = ['compare', '--resume', 'both', '--seeds', '1..3', '--json'];
    const gone = compareDocument.parse(documents((await apical(...more)).stdout)[0]);
    expect(gone.runs.map(({ variant }) => variant)).toEqual(Array(3).fill(['dense', 'sparse']).flat());

    writeFileSync('sparse.json', readFileSync('variants/sparse.json'));
    expectRefusal(await apical('compare', '--configs', 'variants,sparse.json'), 2, 'both called "sparse"');
    mkdirSync('empty');
    expectRefusal(await apical('compare', '--configs', 'empty'), 2, '"empty"', 'no config file');
    expectRefusal(await apical('search', 'rings', '--configs', 'variants', '--budget', '12'), 2, 'rings');
  });

  test('never sees a test example', async () => {
    const idx = (shape: readonly number[], bytes: readonly number[]) => {
      const header = [0, 0, 8, shape.length, ...shape.flatMap((length) => [0, 0, length >> 8, length & 255])];
      return Uint8Array.from([...header, ...bytes]);
    };
    mkdirSync('set');
    const count = 120;
    const pixels = Array.from({ length: 4 * count }, (_, index) => (index * 37) % 256);
    writeFileSync('set/train-images-idx3-ubyte', idx([count, 2, 2], pixels));
    writeFileSync(
      'set/train-labels-idx1-ubyte',
      idx(
        [count],
        pixels.slice(0, count).map((value) => value % 2),
      ),
    );
    writeFileSync('set/t10k-images-idx3-ubyte', idx([10, 2, 2], pixels.slice(0, 40)));
    writeFileSync('set/t10k-labels-idx1-ubyte', idx([10], Array<number>(10).fill(2)));
    // A loss that throws if it sees a test example.
    writeFileSync(
      'loss.mjs',
      `export default (output, target) => {
        if (target === 2) throw new Error('a test example was seen');
        return (output[target] - 1) ** 2;
      };`,
    );
    const words = [
      '--set',
      'task.dataset=./set',
      '--set',
      'objective=./loss.mjs',
      '--set',
      'batch=20',
      '--epochs',
      '2',
    ];
    const few = [...words, '--set', 'network.hidden=[4]', '--backend', 'wasm'];
    const run = await apical('run', ...few, '--rule', 'node-perturbation', '--out', 'run');
    expect(run.stdout + run.stderr).toContain('a test example was seen');
    const printed = await start([
      ...['search', ...few, '--rules', 'node-perturbation,weight-perturbation', '--budget', '8'],
      ...['--vary', 'optimiser.rate=log:0.001..0.1', '--out', 'search', '--workers', '1', '--json'],
    ]).ended;
    expect({ code: printed.code, stderr: printed.stderr }).toMatchObject({ code: 0 });
    expect(only(printed).best).toHaveLength(2);
    for (const name of readdirSync('search', { recursive: true }).map(String)) {
      if (!name.endsWith('metrics.jsonl')) continue;
      expect(readFileSync(path.join('search', name), 'utf8')).not.toContain('"test"');
    }
  });

  test('counts trials that kill their worker as failed and diverged ones as worst, and finishes the rest', async () => {
    writeRule('deadly.mjs', { id: `'deadly'`, learn: `() => process.kill(process.pid, 'SIGKILL')` });
    const linear = set(
      'network.hidden=[4]',
      'network.activation=linear',
      'objective=squared-error',
      'batch=20',
    );
    const words = [...linear, '--epochs', '1', '--budget', '2', '--rungs', '1', '--workers', '1'];
    const printed = await start([
      ...['search', ...SMALL, ...words, '--rules', 'backprop,./deadly.mjs', '--out', 'here', '--json'],
      ...['--vary', 'backprop:optimiser.rate=log:1e4..1e5'],
      ...['--vary', './deadly.mjs:optimiser.rate=log:0.01..0.1'],
    ]).ended;
    expect(printed.code).toBe(1);
    expectNoStack(printed.stderr);
    const { trials, best, status } = only(printed);
    expect({ status, best }).toEqual({ status: 'failed', best: [] });
    expect(trials.map((trial) => trial.status)).toEqual(['diverged', 'diverged', 'failed', 'failed']);
    const { failure } = trials[2]?.seeds[0]?.rungs[0] ?? {};
    expect(failure?.message).toContain('ended 3 times, the last time by SIGKILL');
    expect(trials[0]?.seeds[0]?.rungs[0]?.failure?.code).toBe('run.diverged');
  });
});

describe('a search is refused', () => {
  const refused = (...words: string[]) => apical('search', ...SMALL, '--out', 'here', ...words);

  test.each([
    [
      ['--budget', '1'],
      ['too small', 'Give'],
    ],
    [[], ['--budget 60']],
    [
      ['--budget', 'many'],
      ['whole number', 'many'],
    ],
    [['--budget', '60', '--rungs', '9'], ['at most']],
    [
      ['--budget', '60', '--set', 'task.validation=0'],
      ['task.validation is 0', '1/6'],
    ],
    [['--budget', '60', '--set', 'task.validation=0.0001'], ['holds out none']],
    [
      ['--budget', '60', '--vary', 'optimiser.rte=log:0.1..1'],
      ['optimiser.rte', 'Did you mean "optimiser.rate"?'],
    ],
    [
      ['--budget', '60', '--vary', 'optimiser.momentum=linear:0.5..1.5'],
      ['--vary', 'optimiser.momentum', '1.5'],
    ],
    [['--budget', '60', '--vary', 'batch=whole:1..100000'], ['batch is 100000']],
    [['--budget', '60', '--vary', 'seed=whole:1..9'], ['seed cannot be searched']],
    [
      ['--budget', '60', '--vary', 'ruleOptions.noise=log:0.1..1'],
      ['backprop', '--vary RULE:ruleOptions.noise'],
    ],
    [['--budget', '60', '--vary', 'bakprop:batch=1|2'], ['Did you mean "backprop"?']],
    [
      ['--budget', '60', '--vary', 'backprop:batch=1|2'],
      ['Nothing varies', 'feedback-alignment'],
    ],
    [['--budget', '60', '--space', 'nowhere.json'], ['nowhere.json']],
    [['--budget', '60', '--rules', 'backprop,backprop'], ['twice']],
    [['--budget', '60', '--rules', 'backprop,feedbak-alignment'], ['feedback-alignment']],
    [
      ['--budget', '60', '--workers', '0'],
      ['--workers', 'at least 1'],
    ],
  ])('%j', async (words, expected) => {
    expectRefusal(await refused(...words), 2, ...expected);
    expect(existsSync('here')).toBe(false);
  });

  test('for a task without examples to hold out', async () => {
    expectRefusal(
      await apical('search', '--set', 'task.environment=bandit', '--budget', '60'),
      2,
      'held out',
    );
  });

  test('if there is no search to resume, or the options differ', async () => {
    expectRefusal(await apical('search', '--resume', 'nowhere'), 2, 'There is no search in "nowhere"');
    expectRefusal(
      await apical('search', '--resume', 'x', '--budget', '9'),
      2,
      'cannot be combined with --budget',
    );
    mkdirSync('torn');
    writeFileSync('torn/search.json', '{"kind": "sea');
    expectRefusal(await apical('search', '--resume', 'torn'), 2, 'is damaged');
    expectRefusal(await apical('compare', '--from-search', 'torn'), 2, 'is damaged');
  });
});
