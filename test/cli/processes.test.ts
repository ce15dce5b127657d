import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compareDocument, runDocument } from './documents.ts';
import {
  apical,
  checkpointsOf,
  documents,
  expectNoStack,
  outcomeOf,
  start,
  workInEmptyFolder,
} from './fixture.ts';
import type { Printed } from './fixture.ts';

workInEmptyFolder();

/** A run of about a second with several checkpoints. */
const LONG = [
  ...['rings', '--set', 'task.options={"trainCount":400,"testCount":50}', '--set', 'batch=4'],
  ...['--set', 'network.hidden=[24,24]', '--set', 'network.dropout=0.1', '--set', 'task.validation=0.1'],
  ...['--set', 'probe.every=500', '--set', 'checkpointSeconds=0.05', '--backend', 'wasm', '--threads', '1'],
];
const EPOCHS = ['--epochs', '200'];

/** The same on a stream, by a rule that keeps a trace at every synapse. */
const EXAMPLE_IN_TIME = fileURLToPath(new URL('../../examples/in-time/e-prop.ts', import.meta.url));
const STREAM = [
  ...['--set', 'task.dataset=sine-waves', '--set', 'task.options={"trainCount":2000,"testCount":100}'],
  ...['--set', 'task.time={"window":8}', '--set', 'batch=4', '--set', 'ruleOptions.leak=0.3'],
  ...['--set', 'network.hidden=[16]', '--set', 'network.activation=tanh', '--set', 'optimiser.rate=0.01'],
  ...['--set', 'checkpointSeconds=0.05', '--backend', 'wasm', '--threads', '1'],
];

/** Resolves when a run has saved a checkpoint that is not in `before`. */
async function newCheckpoint(folder: string, before: readonly string[]): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 5) {
    if (existsSync(folder) && checkpointsOf(folder).some((name) => !before.includes(name))) return;
    await setTimeout(5);
  }
  throw new Error(`No checkpoint was saved in ${folder}.`);
}

/** Stops a command with a signal, a random moment after it has saved a checkpoint in a folder. */
async function stopped(words: readonly string[], folder: string, signal: NodeJS.Signals): Promise<Printed> {
  const before = existsSync(folder) ? checkpointsOf(folder) : [];
  const { child, ended } = start(words);
  await newCheckpoint(folder, before);
  await setTimeout(Math.random() * 60);
  child.kill(signal);
  return ended;
}

const statusOf = (folder: string) =>
  (JSON.parse(readFileSync(path.join(folder, 'run.json'), 'utf8')) as { status: string }).status;

describe('equal runs', () => {
  const words = [...LONG, '--epochs', '6', '--rule', 'feedback-alignment'];

  test('with the same seed are equal to the bit, and with another seed differ', async () => {
    for (const folder of ['first', 'second']) await apical('run', ...words, '--out', folder);
    await apical('run', ...words, '--set', 'seed=1', '--out', 'other');
    expect(outcomeOf('second')).toEqual(outcomeOf('first'));
    expect(outcomeOf('other').tensors).not.toEqual(outcomeOf('first').tensors);
  });

  test('give the same numbers in another process, next to another rule and among other seeds', async () => {
    await apical('run', ...words, '--out', 'alone');
    const { ended } = start(['run', ...words, '--out', 'process']);
    const compare = [...LONG, '--epochs', '6', '--rules', 'backprop,feedback-alignment', '--seeds', '0,1'];
    await apical('compare', ...compare, '--out', 'beside');
    expect((await ended).code).toBe(0);
    expect(outcomeOf('process')).toEqual(outcomeOf('alone'));
    expect(outcomeOf('beside/feedback-alignment-seed0')).toEqual(outcomeOf('alone'));
  });
});

describe('a run that is stopped', () => {
  test('by kill -9, several times and at any moment, equals an uninterrupted run', async () => {
    await apical('run', ...LONG, ...EPOCHS, '--out', 'whole');
    let words = ['run', ...LONG, ...EPOCHS, '--out', 'here'];
    let kills = 0;
    while (kills < 4) {
      const { code } = await stopped(words, 'here', 'SIGKILL');
      if (code === 0) break; // The run ended before the kill.
      kills += 1;
      expect(statusOf('here')).toBe('running');
      words = ['run', '--resume', 'here'];
    }
    expect(kills).toBeGreaterThan(1);
    const printed = await apical('run', '--resume', 'here');
    expect(printed.code).toBe(0);
    expect(printed.stderr).not.toContain('Warning');
    expect(outcomeOf('here')).toEqual(outcomeOf('whole'));
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s saves a checkpoint, says how to resume, and does so',
    async (signal) => {
      const printed = await stopped(
        ['run', ...LONG, ...EPOCHS, '--out', 'a folder', '--json'],
        'a folder',
        signal,
      );
      expect(printed.code).toBe(130);
      expectNoStack(printed.stderr);
      expect(printed.stderr).toContain(`apical run --resume 'a folder'`);
      expect(runDocument.parse(documents(printed.stdout)[0]).status).toBe('interrupted');
      expect(statusOf('a folder')).toBe('interrupted');
      const { step, metrics } = outcomeOf('a folder');
      expect(metrics.every((record) => (record as { step: number }).step <= step)).toBe(true);

      expect((await apical('run', '--resume', 'a folder')).code).toBe(0);
      await apical('run', ...LONG, ...EPOCHS, '--out', 'whole');
      expect(outcomeOf('a folder')).toEqual(outcomeOf('whole'));
      expect(existsSync('a folder/report.html')).toBe(true);
    },
  );

  test('on a stream, with the traces of every synapse, goes on to the bit', async () => {
    const words = ['run', '--rule', EXAMPLE_IN_TIME, ...STREAM, '--epochs', '40'];
    const printed = await stopped([...words, '--out', 'here'], 'here', 'SIGINT');
    expect(printed.code).toBe(130);
    expect(printed.stderr).toContain('apical run --resume here');
    const state = Object.keys(outcomeOf('here').tensors as object);
    expect(state).toContain('stream/rule/hidden1→hidden1');
    expect(state).toContain('stream/dynamics/rate of hidden1');

    expect((await apical('run', '--resume', 'here')).code).toBe(0);
    await apical(...words, '--out', 'whole');
    expect(outcomeOf('here')).toEqual(outcomeOf('whole'));
  });

  test('by Ctrl-C twice ends at once', async () => {
    const { child, ended } = start(['run', ...LONG, '--epochs', '100000', '--out', 'here']);
    await newCheckpoint('here', []);
    child.kill('SIGSTOP'); // Both signals arrive before it can react.
    child.kill('SIGINT');
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expectNoStack(stderr);
    expect(existsSync('here/run.lock')).toBe(false);
    expect((await apical('run', '--resume', 'here', '--epochs', '1')).stderr).toContain('epochs: 1 here');
  });

  test('a comparison too, completely and with every seed', async () => {
    const words = [...LONG, '--epochs', '40', '--seeds', '0,1'];
    await apical('compare', ...words, '--out', 'whole');
    const folder = 'here/feedback-alignment-seed0';
    const printed = await stopped(['compare', ...words, '--out', 'here', '--json'], folder, 'SIGINT');
    expect(printed.code).toBe(130);
    expect(compareDocument.parse(documents(printed.stdout)[0]).runs.length).toBeLessThanOrEqual(4);
    expect(printed.stderr).toContain('apical compare --resume here');
    const resumed = await apical('compare', '--resume', 'here', '--json');
    expect(resumed.code).toBe(0);
    const { runs } = compareDocument.parse(documents(resumed.stdout)[0]);
    expect(runs).toHaveLength(4);
    for (const { rule, seed } of runs) {
      const name = `${rule}-seed${seed}`;
      expect(outcomeOf(path.join('here', name)), name).toEqual(outcomeOf(path.join('whole', name)));
    }
  });
});

describe('a reader that closes the pipe', () => {
  const program = fileURLToPath(new URL('../../bin/apical.js', import.meta.url));

  test.each([
    [['help', 'config']],
    [['rules', '--json']],
    [['compare', ...LONG, '--epochs', '20', '--out', 'here']],
  ])('%j neither crashes nor shows a stack', async (words) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code, signal] = (await once(child as ChildProcess, 'close')) as [number | null, string | null];
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr });
    expect(stderr).not.toMatch(/EPIPE|^\s+at /m);
    if (words[0] === 'compare') expect(existsSync('here/report.html')).toBe(true);
  });
});

test('MNIST trains within 600 MB', async () => {
  const words = [
    '--set',
    'task.trainExamples=2000',
    '--set',
    'task.options={"testCount":1000}',
    '--epochs',
    '1',
  ];
  const { ended } = start(['run', 'mnist', ...words, '--out', 'here', '--json']);
  const { code, stdout, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  const { peakMemoryBytes, test: score } = runDocument.parse(documents(stdout)[0]);
  expect(peakMemoryBytes).toBeLessThan(600e6);
  expect(peakMemoryBytes).toBeGreaterThan(50e6);
  expect(score?.error).toBeLessThan(0.7);
});

test('the command is executable', async () => {
  // npx does not make it executable if it has linked an earlier clone at the same path.
  const child = spawn(fileURLToPath(new URL('../../bin/apical.js', import.meta.url)), ['--version']);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await once(child, 'close');
  expect(printed).toMatch(/^\d+\.\d+\.\d+/);
});
