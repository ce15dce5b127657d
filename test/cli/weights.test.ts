import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { npzComment, parseNpz, serializeNpz } from '../../src/datasets/formats/npz.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/datasets/formats/safetensors.ts';
import { defaultPythons } from '../../src/bench/peers.ts';
import { loadNetwork, readWeights } from '../../src/entries/internals.ts';
import { exportDocument, runDocument } from './documents.ts';
import {
  apical,
  checkpointsOf,
  documents,
  expectRefusal,
  outcomeOf,
  TINY,
  workInEmptyFolder,
} from './fixture.ts';

workInEmptyFolder();

const learn = async (out: string, ...words: readonly string[]) => {
  const printed = await apical('run', 'rings', ...TINY, '--out', out, '--json', ...words);
  expect({ code: printed.code, stderr: printed.stderr }).toEqual({ code: 0, stderr: printed.stderr });
  return runDocument.parse(documents(printed.stdout)[0]);
};
async function exportRun(...words: readonly string[]) {
  const { code, stdout, stderr } = await apical('export', ...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  return exportDocument.parse(documents(stdout)[0]);
}
/** Trains so little that the weights do not change. */
const STILL = ['--set', 'optimiser={"kind":"sgd","rate":1e-30}', '--epochs', '1', '--set', 'seed=7'];
const weightsOf = (folder: string) => {
  const { tensors } = outcomeOf(folder) as { tensors: Record<string, string> };
  return Object.entries(tensors).filter(
    ([name]) => name.startsWith('network/') && !name.includes('feedback'),
  );
};

describe('apical export, then apical run --weights', () => {
  test.each([
    ['safetensors', 'pytorch'],
    ['safetensors', 'apical'],
    ['npz', 'pytorch'],
    ['npz', 'apical'],
  ])('a run starts from the exported weights to the bit (%s, %s)', async (format, layout) => {
    const { id } = await learn('first', '--rule', 'feedback-alignment');
    const document = await exportRun('first', '--format', format, '--layout', layout);
    expect(document).toMatchObject({ out: `first.${format}`, format, layout, identity: id, step: 25 });
    await learn('second', '--rule', 'feedback-alignment', '--weights', `first.${format}`, ...STILL);
    expect(weightsOf('second')).toEqual(weightsOf('first'));
    expect(weightsOf('second').length).toBe(4);
  });

  test('the file names its run, and loads like the folder', async () => {
    const { id } = await learn('first');
    await exportRun('first');
    const { metadata, tensors } = parseSafetensors(readFileSync('first.safetensors'));
    expect(metadata).toMatchObject({
      format: 'pt',
      layout: 'pytorch',
      rule: 'backprop',
      identity: id,
      step: '25',
    });
    expect(metadata['module']).toBe('nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))');
    expect([...tensors.keys()].sort()).toEqual(['0.bias', '0.weight', '2.bias', '2.weight']);
    await exportRun('first', '--out', 'first.npz', '--layout', 'apical');
    expect(JSON.parse(npzComment(readFileSync('first.npz')))).toMatchObject({
      identity: id,
      layout: 'apical',
    });
    rmSync('first/metrics.jsonl');
    const inputs = Float32Array.from({ length: 40 }, (_, index) => Math.sin(index));
    const answers = [];
    for (const from of ['first', 'first.safetensors', 'first.npz']) {
      const network = await loadNetwork(from);
      answers.push(network.predict(inputs));
      expect(network.identity).toBe(id);
      network.dispose();
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  test('an existing file is overwritten only with --force', async () => {
    await learn('first');
    writeFileSync('mine.npz', 'mine');
    expectRefusal(await apical('export', 'first', '--out', 'mine.npz'), 2, 'mine.npz', '--force');
    expectRefusal(await apical('export', 'first', '--out', 'a.npz', '--format', 'safetensors'), 2, 'a.npz');
    expectRefusal(await apical('export', 'first', '--out', 'no/where.npz'), 2, 'no/where.npz');
    expect(readFileSync('mine.npz', 'utf8')).toBe('mine');
    await exportRun('first', '--out', 'mine.npz', '--force');
    expect(parseNpz(readFileSync('mine.npz')).size).toBe(4);
  });
});

test('workers start from the weights too: the run is the same with one and with two', async () => {
  await learn('first');
  await exportRun('first', '--out', 'start.npz');
  const words = ['--rule', 'weight-perturbation', '--set', 'ruleOptions.samples=4', '--epochs', '1'];
  await learn('one', ...words, '--weights', 'start.npz');
  await learn('two', ...words, '--weights', 'start.npz', '--workers', '2');
  const { document } = JSON.parse(readFileSync('two/run.json', 'utf8')) as { document: unknown };
  expect(document).toMatchObject({ workers: 2 });
  expect(weightsOf('two')).toEqual(weightsOf('one'));
});

describe('weights are part of a run’s identity', () => {
  test('by the contents of the file', async () => {
    await learn('first');
    await exportRun('first', '--out', 'start.npz');
    const plain = await learn('plain', ...STILL);
    const once = await learn('once', ...STILL, '--weights', 'start.npz');
    const again = await learn('again', ...STILL, '--set', 'weights=start.npz');
    expect(once.id).not.toBe(plain.id);
    expect(again.id).toBe(once.id);
    const config = JSON.parse(readFileSync('once/config.json', 'utf8')) as { weights: unknown };
    const sha256 = createHash('sha256').update(readFileSync('start.npz')).digest('hex');
    expect(config.weights).toEqual({ file: 'start.npz', sha256 });

    const other = parseNpz(readFileSync('start.npz'));
    (other.get('0.bias')?.data as Float32Array)[0] = 1;
    writeFileSync('start.npz', serializeNpz(other));
    expect((await learn('changed', ...STILL, '--weights', 'start.npz')).id).not.toBe(once.id);
    // A changed file is another config, so the run cannot resume with it.
    const words = ['run', 'rings', ...TINY, ...STILL, '--weights', 'start.npz', '--resume', 'once'];
    expectRefusal(await apical(...words), 2, 'weights.sha256', 'in the folder');
    // The folder alone is enough.
    rmSync('start.npz');
    const before = outcomeOf('once');
    expect((await apical('run', '--resume', 'once')).code).toBe(0);
    expect(outcomeOf('once')).toEqual(before);
  });

  test('a run that was killed before its first checkpoint needs the same file', async () => {
    await learn('first');
    await exportRun('first', '--out', 'start.npz');
    await learn('second', ...STILL, '--weights', 'start.npz');
    const before = outcomeOf('second');
    const forget = () => {
      for (const name of checkpointsOf('second')) rmSync(`second/${name}`);
    };
    forget();
    expect((await apical('run', '--resume', 'second')).code).toBe(0);
    expect(outcomeOf('second')).toEqual(before);
    forget();
    writeFileSync('start.npz', serializeNpz(parseNpz(readFileSync('start.npz'))));
    expectRefusal(await apical('run', '--resume', 'second'), 2, 'start.npz', 'SHA-256');
  });

  test('all rules of a comparison start from them, and so does an estimate', async () => {
    await learn('first');
    await exportRun('first', '--out', 'start.npz');
    const words = ['compare', 'rings', ...TINY, ...STILL, '--weights', 'start.npz', '--out', 'both'];
    expect((await apical(...words)).code).toBe(0);
    expect(weightsOf('both/backprop-seed7')).toEqual(weightsOf('first'));
    expect(weightsOf('both/feedback-alignment-seed7')).toEqual(weightsOf('first'));
    const few = ['--rule', 'node-perturbation', '--samples', '20', '--batch', '4', '--json'];
    writeFileSync('config.json', readFileSync('both/backprop-seed7/config.json'));
    const [atFile, atRun] = [
      await apical('estimate', 'config.json', ...few),
      await apical('estimate', '--run', 'both/backprop-seed7', ...few),
    ].map(({ stdout }) => (documents(stdout)[0] as { rows: unknown }).rows);
    expect(atFile).toEqual(atRun);
  });
});

describe('weights that are refused, before anything is written', () => {
  const refuse = async (file: string, ...named: string[]) => {
    expectRefusal(
      await apical('run', 'rings', ...TINY, '--weights', file, '--out', 'here'),
      2,
      file,
      ...named,
    );
    expect(existsSync('here')).toBe(false);
  };

  test('files that are missing, damaged or not weights', async () => {
    await refuse('no.npz', 'no weights file');
    mkdirSync('folder');
    await refuse('folder', 'apical export');
    writeFileSync('model.pt', 'hello');
    await refuse('model.pt', 'model.state_dict()');
    await learn('first');
    await refuse(`first/${checkpointsOf('first').at(-1) ?? ''}`, 'is a checkpoint', 'apical export first');
    await exportRun('first', '--out', 'cut.npz');
    writeFileSync('cut.npz', readFileSync('cut.npz').subarray(0, 300));
    await refuse('cut.npz', 'damaged');
    writeFileSync(
      'cut.safetensors',
      readFileSync(`first/${checkpointsOf('first').at(-1) ?? ''}`).subarray(0, 300),
    );
    await refuse('cut.safetensors', 'safetensors');
    await refuse('', 'weights: must be');
  });

  test('all mismatched names and shapes are listed', async () => {
    await learn('first', '--set', 'network.hidden=[6]');
    await exportRun('first');
    const { tensors } = parseSafetensors(readFileSync('first.safetensors'));
    const renamed = [...tensors].map(([name, tensor]) => [name.replace('2.', 'out.'), tensor] as const);
    writeFileSync('renamed.safetensors', serializeSafetensors(renamed));
    await refuse(
      'renamed.safetensors',
      '"0.weight": expected (8, 2), found (6, 2)',
      '"2.weight" (2, 8) is missing',
      '"out.bias" (2,) has no place here. Did you mean "2.bias"?',
      'nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))',
    );
  });

  test('weights alone are not a network', async () => {
    await learn('first');
    await exportRun('first', '--out', 'bare.npz');
    writeFileSync('bare.npz', serializeNpz(parseNpz(readFileSync('bare.npz'))));
    writeFileSync('a.csv', '1,2\n');
    expectRefusal(
      await apical('predict', 'bare.npz', '--input', 'a.csv'),
      2,
      'bare.npz',
      'apical run --weights',
    );
  });
});

/** A Python with torch, if there is one. */
const python = defaultPythons().find((candidate) => {
  try {
    execFileSync(candidate, ['-c', 'import torch, numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

const SCRIPT = `
import json, numpy, torch
from torch import nn
with numpy.load('first.npz') as file:
    state = {name: torch.from_numpy(file[name]) for name in file.files}
with open('module.txt') as file:
    model = eval(file.read())
model.load_state_dict(state)
inputs = torch.from_numpy(numpy.load('inputs.npy'))
print(json.dumps(torch.softmax(model(inputs), 1).tolist()))
torch.manual_seed(1)
fresh = eval(open('module.txt').read())
numpy.savez('fresh.npz', **{name: value.numpy() for name, value in fresh.state_dict().items()})
print(json.dumps(fresh(inputs).tolist()))
`;

describe('PyTorch', () => {
  test.skipIf(python === undefined)(
    'loads exported weights and gives the same outputs, and the reverse',
    async () => {
      await learn('first', '--set', 'network.hidden=[8,5]', '--set', 'network.activation=tanh');
      const { module } = await exportRun('first', '--format', 'npz');
      writeFileSync('module.txt', module ?? '');
      const inputs = Float32Array.from({ length: 60 }, (_, index) => Math.sin(index));
      const { serializeNpy } = await import('../../src/datasets/formats/npy.ts');
      writeFileSync('inputs.npy', serializeNpy({ shape: [30, 2], data: inputs }));
      const [loaded, fresh] = execFileSync(python as string, ['-c', SCRIPT], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as number[][]).flat()) as [number[], number[]];
      const largest = (a: ArrayLike<number> | undefined, b: readonly number[]) =>
        Math.max(...b.map((value, index) => Math.abs(value - (a?.[index] ?? NaN))));

      const network = await loadNetwork('first');
      expect(largest(network.predict(inputs).probabilities, loaded)).toBeLessThan(1e-5);
      network.dispose();

      const shape = ['--set', 'network.hidden=[8,5]', '--set', 'network.activation=tanh'];
      await learn('second', ...shape, ...STILL, '--weights', 'fresh.npz');
      const trained = await loadNetwork('second');
      expect(largest(trained.predict(inputs).outputs, fresh)).toBeLessThan(1e-5);
      expect(readWeights('fresh.npz').tensors.size).toBe(6);
      trained.dispose();
    },
  );
});
