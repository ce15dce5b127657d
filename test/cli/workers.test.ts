import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { compareDocument, runDocument } from './documents.ts';
import {
  apical,
  checkpointsOf,
  documents,
  expectNoStack,
  expectRefusal,
  outcomeOf,
  start,
  TINY,
  workInEmptyFolder,
  writeRule,
} from './fixture.ts';

workInEmptyFolder();

const SHARED = ['--set', 'ruleOptions.samples=4', '--threads', '1'];
const run = (...words: string[]) => apical('run', 'rings', ...TINY, ...SHARED, ...words);
/** A run with the rule in mine.mjs. */
const OWN = ['run', 'rings', ...TINY, '--rule', './mine.mjs'];
const own = (...words: string[]) => apical(...OWN, ...words);
/** 2000 steps: at 100 ms each, longer than a test may take. */
const LONG = ['--epochs', '400', '--set', 'probe.every=0'];

/**
 * Writes a rule that shares samples and runs `inWorkers` in worker threads at step 3. The main thread does not finish
 * before the test writes the file `heard`, and workers do not pass step 5 before the main thread does.
 */
function writeSharingRule(inWorkers: string): void {
  writeRule('mine.mjs', {
    learning: '{ sharedSamples: () => 4 }',
    learn: `({ compute, network, step, stream, samples, emit }) => {
      const { isMainThread } = process.getBuiltinModule('node:worker_threads');
      const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
      const sleep = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
      if (isMainThread && step === 5) writeFileSync('fifth', '');
      if (isMainThread && step > 5 && process.argv.includes('two') && !existsSync('heard')) sleep(100);
      if (!isMainThread && step === 3) { ${inWorkers} }
      while (!isMainThread && step === 5 && !existsSync('fifth')) sleep(5);
      for (const parameter of network.parameters) {
        const direction = compute.temporary(parameter.values.shape);
        compute.fill(direction, 0);
        samples(4, (sample) => {
          const jitter = compute.temporary(parameter.values.shape);
          compute.drawNormal(jitter, 0, 1, stream(parameter.id), 4 * step + sample);
          return {
            measure: () => jitter.data[0] - parameter.values.data[0],
            use: (effect) => compute.combine(direction, direction, jitter, 1, effect),
          };
        });
        emit(parameter, { kind: 'direction', direction, factor: 0.001 });
      }
    }`,
  });
}

describe('a run with workers', () => {
  test('equals a run with one worker to the bit, and records the number of workers', async () => {
    const one = await run('--rule', 'weight-perturbation', '--out', 'one');
    expect(one.code).toBe(0);
    const { ended } = start([
      'run',
      'rings',
      ...TINY,
      ...SHARED,
      '--rule',
      'weight-perturbation',
      '--workers',
      '2',
      '--out',
      'two',
      '--json',
    ]);
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr });
    expect(stderr).not.toContain('Warning');
    expect(stderr).toContain('1 thread for each of 2 workers');
    expect(outcomeOf('two')).toEqual(outcomeOf('one'));
    const [document] = documents(stdout);
    runDocument.parse(document);
    expect(document).toMatchObject({ workers: 2, threads: 1 });
  });

  test.each([
    [
      'dies',
      'process.exit(3);',
      /Worker 2 stopped \(its thread ended with code 3\)\. The run continues with 1 worker/,
    ],
    [
      'throws',
      'throw new Error("no idea");',
      /Worker 2 stopped \(no idea \(mine\.mjs:\d+:\d+\)\)\. The run continues with 1 worker/,
    ],
    [
      'changes its weights',
      'network.parameters[0].values.data[0] += 1;',
      /Worker 2 stopped \(its weights differ from those of worker 1/,
    ],
  ])('of which one %s gives a warning, and ends as with one', async (_what, inWorkers, warning) => {
    writeSharingRule(inWorkers);
    await own(...LONG, '--out', 'one');
    const { child, ended } = start([...OWN, ...LONG, '--workers', '2', '--out', 'two']);
    let output = '';
    child.stderr?.on('data', (text: string) => {
      output += text;
      if (warning.test(output)) writeFileSync('heard', '');
    });
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr });
    expect(stderr).toMatch(warning);
    expectNoStack(stderr);
    expect(outcomeOf('two')).toEqual(outcomeOf('one'));
  });

  test('of which one hangs is not blocked, and ends as with one', async () => {
    writeSharingRule("writeFileSync('heard', ''); for (;;);");
    await own(...LONG, '--out', 'one');
    const { code, stderr } = await start([...OWN, ...LONG, '--workers', '2', '--out', 'two']).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr });
    expect(stderr).not.toContain('stopped');
    expect(existsSync('heard')).toBe(true);
    expect(outcomeOf('two')).toEqual(outcomeOf('one'));
  });

  test("that is stopped and resumed equals an uninterrupted run, on a user's data and loss", async () => {
    const rows = Array.from({ length: 40 }, (_, row) => `${Math.sin(row)},${Math.cos(3 * row)},${row % 2}`);
    writeFileSync('table.csv', ['a,b,label', ...rows].join('\n'));
    // Slow until the run is stopped, so that it does not end before.
    const wait = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);';
    writeFileSync(
      'loss.mjs',
      `import { existsSync } from 'node:fs';
      import { isMainThread } from 'node:worker_threads';
      const isSlow = isMainThread && process.argv.includes('here') && !existsSync('stopped');
      export default (output, target) => {
        if (isSlow) ${wait}
        return output[target] > output[1 - target] ? 0 : 1;
      };`,
    );
    const words = [
      ...['run', '--rule', 'weight-perturbation', '--set', 'objective=./loss.mjs'],
      ...['--set', 'task.dataset=./table.csv', '--set', 'batch=4'],
      ...['--set', 'network.hidden=[6]', '--set', 'probe.every=0', '--set', 'checkpointSeconds=0.05'],
      ...['--backend', 'wasm', '--epochs', '300', ...SHARED],
    ];
    const { child, ended } = start([...words, '--workers', '2', '--out', 'here']);
    while (!existsSync('here') || checkpointsOf('here').length === 0) await setTimeout(5);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    writeFileSync('stopped', '');
    expectNoStack(stderr);
    expect(code).toBe(130);
    expect(JSON.parse(readFileSync(path.join('here', 'run.json'), 'utf8'))).toMatchObject({
      status: 'interrupted',
    });
    const again = await start(['run', '--resume', 'here']).ended;
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: again.stderr });
    await apical(...words, '--out', 'whole');
    expect(outcomeOf('here')).toEqual(outcomeOf('whole'));
  });
});

test('in a comparison, a rule that shares no samples trains on one worker, with a warning', async () => {
  const base = { rule: 'weight-perturbation', ruleOptions: { samples: 4 }, workers: 2 };
  writeFileSync('config.json', JSON.stringify({ ...base, task: { dataset: 'rings' } }));
  const words = TINY.slice(0, -2);
  const rules = ['--rules', 'backprop,weight-perturbation'];
  const { ended } = start(['compare', 'config.json', ...words, ...rules, '--out', 'here', '--json']);
  const { code, stdout, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  expect(stderr).toContain('Warning: The rule "backprop" shares no samples, so it trains on one worker.');
  const { runs } = documents(stdout)[0] as { runs: { rule: string; workers?: number }[] };
  compareDocument.parse(documents(stdout)[0]);
  expect(runs.map(({ rule, workers }) => [rule, workers])).toEqual([
    ['backprop', undefined],
    ['weight-perturbation', 2],
  ]);
});

describe('workers that are refused', () => {
  test.each([
    ['a rule that shares no samples', ['--rule', 'backprop'], ['"backprop"', '"weight-perturbation"']],
    ['too few samples', ['--rule', 'weight-perturbation', '--workers', '5'], ['4 samples', 'at most 4']],
    ['threads as well', ['--rule', 'weight-perturbation', '--threads', '2'], ['threads is 2']],
    ['0 workers', ['--rule', 'weight-perturbation', '--workers', '0'], ['workers', '0']],
    ['no rule of a comparison that shares samples', [], ['"backprop"']],
  ])('%s', async (what, words, named) => {
    const options = what === 'a rule that shares no samples' ? TINY : [...TINY, ...SHARED];
    const command = words.length === 0 ? 'compare' : 'run';
    const all = words.length === 0 ? TINY : options;
    expectRefusal(
      await apical(command, 'rings', ...all, '--workers', '2', ...words, '--out', 'here'),
      2,
      ...named,
    );
    expect(existsSync('here')).toBe(false);
  });
});
