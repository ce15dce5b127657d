import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Matrix } from 'ml-matrix';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { LENET } from '../../src/bench/own.ts';
import { plainDescent } from '../../src/network/index.ts';
import { Learner } from '../../src/learning/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import {
  discoverPeers,
  PEERS,
  type LenetWork,
  type MatmulWork,
  type MlpWork,
  type Peer,
  type PeerId,
} from '../../src/bench/peers.ts';

const minute = 60_000;
/** The peers that support matrix products and perceptrons. */
const ids: readonly PeerId[] = ['pytorch', 'tfjs-wasm', 'jax-js'];
const small: MlpWork = {
  kind: 'mlp-step',
  layers: [20, 30, 30, 5],
  batch: 8,
  dropout: 0,
  inputDropout: 0,
  momentum: 0.9,
  rule: 'backprop',
};

/** Returns the numbers that every peer uses (protocol.mjs). */
function fill(rows: number, columns: number, scale = 1, offset = -0.5): Matrix {
  const value = (i: number): number =>
    Math.fround(((Math.imul(i, 2654435761) >>> 0) / 2 ** 32 + offset) * scale);
  return Matrix.from1DArray(
    rows,
    columns,
    Array.from({ length: rows * columns }, (_, i) => value(i)),
  );
}

function product({ m, k, n, transposeA, transposeB }: MatmulWork): number[] {
  const a = transposeA ? fill(k, m).transpose() : fill(m, k);
  return a.mmul(transposeB ? fill(n, k).transpose() : fill(k, n)).to1DArray();
}

interface Layer {
  weight: Matrix;
  velocity: Matrix;
}

/** Runs plain backpropagation with momentum in f64, and returns the first logits and the losses for `verify`. */
function train({ layers, batch, momentum }: MlpWork, steps: number): { logits: number[]; losses: number[] } {
  // The bias is an additional row of the weights, for an input that is always 1.
  const withConstant = (activity: Matrix): Matrix => activity.clone().addColumn(Matrix.ones(batch, 1));
  const stack: Layer[] = [];
  let units = 0;
  for (const next of layers) {
    if (units > 0) {
      const weight = fill(units, next, Math.sqrt(24 / units)).addRow(Matrix.zeros(1, next));
      stack.push({ weight, velocity: Matrix.zeros(units + 1, next) });
    }
    units = next;
  }
  const classes = units;
  const labels = Matrix.zeros(batch, classes);
  for (let row = 0; row < batch; row++) labels.set(row, row % classes, 1);
  const losses: number[] = [];
  let logits: number[] | undefined;
  for (let step = 0; step <= steps; step++) {
    let output = fill(batch, layers[0] ?? 0, 1, 0);
    const seen: { layer: Layer; input: Matrix }[] = [];
    for (const layer of stack) {
      const input = withConstant(
        seen.length === 0 ? output : Matrix.max(output, Matrix.zeros(batch, output.columns)),
      );
      seen.push({ layer, input });
      output = input.mmul(layer.weight);
    }
    logits ??= output.to1DArray();
    const probabilities = Matrix.exp(output);
    probabilities.divColumnVector(probabilities.sum('row'));
    losses.push(-Matrix.mul(Matrix.log(probabilities), labels).sum() / batch);
    let error = Matrix.sub(probabilities, labels).div(batch);
    for (const { layer, input } of seen.reverse()) {
      const { weight, velocity } = layer;
      velocity.mul(momentum).add(input.transpose().mmul(error));
      const earlier = error.mmul(weight.transpose()).mul(Matrix.sign(input));
      error = earlier.subMatrix(0, batch - 1, 0, earlier.columns - 2);
      weight.sub(Matrix.mul(velocity, 0.01));
    }
  }
  return { logits: logits ?? [], losses };
}

/** Returns the losses of LeNet in f64, for the weights and inputs of the peers. */
async function lenetLosses({ batch, momentum }: LenetWork, steps: number): Promise<number[]> {
  const compute = await openBackend({ backend: 'reference' });
  const learner = new Learner(compute, {
    specification: LENET,
    rule: ruleById('backprop'),
    options: {},
    optimiserOf: () => ({ ...plainDescent(0.01), kind: 'momentum', momentum }),
    seed: 1,
    epochs: 1,
  });
  for (const { weights, hasWeights } of learner.network.projections) {
    if (!hasWeights) continue;
    weights.set(fill(weights.rows, weights.columns, Math.sqrt(24 / weights.rows)).to1DArray());
  }
  const inputs = compute.allocate([batch, 784]).set(fill(batch, 784, 1, 0).to1DArray());
  const targets = compute.allocate([batch], 'i32').set(Array.from({ length: batch }, (_, row) => row % 10));
  const losses: number[] = [];
  for (let step = 0; step <= steps; step++) {
    learner.resetTally();
    learner.learn({ inputs, targets }, step, 0);
    losses.push(learner.tally().loss / batch);
  }
  return losses;
}

function find(peers: readonly Peer[], id: PeerId): Peer {
  const peer = peers.find((candidate) => candidate.id === id);
  if (!peer) throw new Error(`There is no row for ${id}.`);
  return peer;
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expect(Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] ?? NaN))))).toBeLessThan(1e-4);
}

describe('installed peers compute the correct results', () => {
  let peers: Peer[] = [];
  beforeAll(async () => {
    peers = await discoverPeers();
  }, 2 * minute);
  afterAll(() => Promise.all(peers.map((peer) => peer.close())));

  it.each(PEERS)('%s has a row, with the installation command if it is absent', (id) => {
    const peer = find(peers, id);
    if (peer.available) expect(peer.version).toMatch(/^\d+\.\d+/);
    else expect(peer.reason).toMatch(/install it with/);
  });

  it.for(ids)(
    '%s: products, forward pass and training with momentum agree with f64',
    { timeout: 2 * minute },
    async (id, { skip }) => {
      const peer = find(peers, id);
      skip(!peer.available, peer.reason);
      for (const [transposeA, transposeB] of [
        [false, false],
        [true, false],
        [false, true],
      ] as const) {
        const work: MatmulWork = { kind: 'matmul', m: 33, k: 20, n: 17, transposeA, transposeB };
        for (const result of Object.values(await peer.verify(work, 1))) expectClose(result, product(work));
      }
      const { logits, losses } = train(small, 4);
      const forward = await peer.verify({ ...small, kind: 'mlp-forward' }, 1);
      for (const result of Object.values(forward)) expectClose(result, logits);
      for (const result of Object.values(await peer.verify(small, 1, 4))) expectClose(result, losses);
      const dropped = await peer.verify(
        { ...small, dropout: 0.5, inputDropout: 0.2 },
        peer.maximumThreads ?? 1,
        30,
      );
      for (const result of Object.values(dropped)) {
        const [before = NaN, after = NaN] = result;
        expect(Math.abs(after - (losses[1] ?? NaN))).toBeGreaterThan(1e-5); // Dropout has an effect.
        expect(result.at(-1)).toBeLessThan(0.9 * before);
      }
    },
  );

  it('PyTorch takes the same steps of LeNet as Apical', { timeout: 2 * minute }, async ({ skip }) => {
    const peer = find(peers, 'pytorch');
    skip(!peer.available, peer.reason);
    const work: LenetWork = { kind: 'lenet-step', batch: 10, momentum: 0.9 };
    const expected = await lenetLosses(work, 4);
    expect(expected.at(-1)).toBeLessThan(0.95 * (expected[0] ?? NaN));
    for (const result of Object.values(await peer.verify(work, 1, 4))) expectClose(result, expected);
  });

  it.for(ids)(
    '%s: a product with 64 times the work takes longer, and other rules are refused',
    { timeout: 2 * minute },
    async (id, { skip }) => {
      const peer = find(peers, id);
      skip(!peer.available, peer.reason);
      const cube = (size: number): MatmulWork => {
        return { kind: 'matmul', m: size, k: size, n: size, transposeA: false, transposeB: false };
      };
      const large = await peer.measure(cube(512), 1, 0.1);
      const little = await peer.measure(cube(128), 1, 0.1);
      expect(large.millisecondsPerStep).toBeGreaterThan(8 * little.millisecondsPerStep);
      expect(little.steps).toBeGreaterThan(0);
      await expect(peer.measure({ ...small, rule: 'dfa' }, 1, 0.1)).rejects.toThrow(/only/);
      await expect(peer.measure(small, 4096, 0.1)).rejects.toThrow(/at most/);
    },
  );
});

describe('a failing peer reports the reason', () => {
  let folder = '';
  let peers: Peer[] = [];
  const hello = `console.log(JSON.stringify({ peer: 'p', version: '1.0', maximumThreads: 1, details: '' }));`;
  const discover = async (tfjs: string, jax: string): Promise<void> => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'apical-peers-'));
    writeFileSync(path.join(folder, 'tfjs.mjs'), tfjs);
    writeFileSync(path.join(folder, 'jax.mjs'), jax);
    peers = await discoverPeers({
      folder,
      pythons: ['no-such-python'],
      startSeconds: 20,
      answerSeconds: 0.3,
    });
  };
  const closeAll = async (): Promise<void> => {
    await Promise.all(peers.map((peer) => peer.close()));
    rmSync(folder, { recursive: true });
  };

  it('if the interpreter or the package is absent', async () => {
    await discover(`import 'no-such-package';`, hello);
    expect(find(peers, 'pytorch')).toMatchObject({ id: 'pytorch', available: false });
    expect(find(peers, 'pytorch').reason).toMatch(/'no-such-python' was not found.*python3-torch/);
    expect(find(peers, 'scikit-learn').reason).toMatch(/'no-such-python' was not found.*python3-sklearn/);
    expect(find(peers, 'tfjs-wasm').reason).toMatch(/no-such-package.*npm --prefix bench install/);
    await expect(find(peers, 'tfjs-wasm').measure(small, 1, 0.1)).rejects.toThrow(/no-such-package/);
    await closeAll();
  });

  it('if the process ends or does not answer; the next request starts a new process', async () => {
    const dies = `${hello} process.stdin.once('data', () => { console.error('RangeError: out of it'); process.exit(3); });`;
    await discover(dies, `${hello} process.stdin.resume();`);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(find(peers, 'tfjs-wasm').measure(small, 1, 0.1)).rejects.toThrow(
        /exit code 3 \(RangeError: out of it\)/,
      );
    }
    await expect(find(peers, 'jax-js').measure(small, 1, 0.1)).rejects.toThrow(/did not answer within/);
    await closeAll();
  });
});
