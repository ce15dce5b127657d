import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  discoverPeers,
  type MatmulWork,
  type MlpWork,
  type Peer,
  type PeerId,
} from '../../bench/peers/peers.ts';

const minute = 60_000;
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

/** The inputs every peer is given: row-major, see protocol.mjs. */
function fill(length: number, scale = 1, offset = -0.5): Float64Array {
  return Float64Array.from({ length }, (_, i) =>
    Math.fround(((Math.imul(i, 2654435761) >>> 0) / 2 ** 32 + offset) * scale),
  );
}

function product({ m, k, n, transposeA, transposeB }: MatmulWork): number[] {
  const a = fill(m * k);
  const b = fill(k * n);
  const result = new Array<number>(m * n).fill(0);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      for (let l = 0; l < k; l++) {
        result[i * n + j]! += a[transposeA ? l * m + i : i * k + l]! * b[transposeB ? j * k + l : l * n + j]!;
      }
    }
  }
  return result;
}

/** Plain backpropagation in f64: the logits and losses that `verify` must report. */
function train({ layers, batch, momentum }: MlpWork, steps: number): { logits: number[]; losses: number[] } {
  const classes = layers.at(-1)!;
  const x = fill(batch * layers[0]!, 1, 0);
  const weights = layers.slice(1).map((units, i) => fill(layers[i]! * units, Math.sqrt(24 / layers[i]!)));
  const biases = layers.slice(1).map((units) => new Float64Array(units));
  const velocities = [...weights, ...biases].map((p) => new Float64Array(p.length));
  const losses: number[] = [];
  let logits: number[] = [];
  for (let step = 0; step <= steps; step++) {
    let loss = 0;
    const gradients = [...weights, ...biases].map((p) => new Float64Array(p.length));
    for (let example = 0; example < batch; example++) {
      const activities = [x.subarray(example * layers[0]!, (example + 1) * layers[0]!)];
      weights.forEach((w, l) => {
        const units = layers[l + 1]!;
        const out = biases[l]!.map((b, j) =>
          activities[l]!.reduce((sum, a, i) => sum + a * w[i * units + j]!, b),
        );
        activities.push(l < weights.length - 1 ? out.map((v) => Math.max(v, 0)) : out);
      });
      const output = [...activities.at(-1)!];
      if (step === 0) logits = [...logits, ...output];
      const total = output.reduce((sum, v) => sum + Math.exp(v), 0);
      const target = example % classes;
      loss += (Math.log(total) - output[target]!) / batch;
      let error = Float64Array.from(output, (v, j) => (Math.exp(v) / total - (j === target ? 1 : 0)) / batch);
      for (let l = weights.length - 1; l >= 0; l--) {
        const earlier = new Float64Array(layers[l]!);
        for (let i = 0; i < layers[l]!; i++) {
          for (let j = 0; j < error.length; j++) {
            gradients[l]![i * error.length + j]! += activities[l]![i]! * error[j]!;
            if (activities[l]![i]! > 0) earlier[i]! += weights[l]![i * error.length + j]! * error[j]!;
          }
        }
        error.forEach((e, j) => (gradients[weights.length + l]![j]! += e));
        error = earlier;
      }
    }
    losses.push(loss);
    [...weights, ...biases].forEach((p, i) => {
      p.forEach((_, j) => {
        velocities[i]![j] = momentum * velocities[i]![j]! + gradients[i]![j]!;
        p[j]! -= 0.01 * velocities[i]![j]!;
      });
    });
  }
  return { logits, losses };
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expect(Math.max(...actual.map((v, i) => Math.abs(v - expected[i]!)))).toBeLessThan(1e-4);
}

describe('installed peers compute what they are timed on', () => {
  let peers: Peer[] = [];
  beforeAll(async () => {
    peers = await discoverPeers();
  }, 2 * minute);
  afterAll(() => Promise.all(peers.map((peer) => peer.close())));

  it.each(ids)('%s is a row, with the way to install it when it is absent', (id) => {
    const peer = peers.find((candidate) => candidate.id === id)!;
    if (peer.available) expect(peer.version).toMatch(/^\d+\.\d+/);
    else expect(peer.reason).toMatch(/install it with/);
  });

  it.for(ids)(
    '%s: products, the forward pass and training with momentum agree with f64',
    { timeout: 2 * minute },
    async (id, { skip }) => {
      const peer = peers.find((candidate) => candidate.id === id)!;
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
        peer.maximumThreads!,
        30,
      );
      for (const result of Object.values(dropped)) {
        expect(Math.abs(result[1]! - losses[1]!)).toBeGreaterThan(1e-5); // dropout did something
        expect(result.at(-1)!).toBeLessThan(0.9 * result[0]!);
      }
    },
  );

  it.for(ids)(
    '%s: a product of 64 times the work takes longer, and other rules are refused',
    { timeout: 2 * minute },
    async (id, { skip }) => {
      const peer = peers.find((candidate) => candidate.id === id)!;
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

describe('a peer that fails says why', () => {
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

  it('absent interpreter, absent package', async () => {
    await discover(`import 'no-such-package';`, hello);
    expect(peers[0]).toMatchObject({ id: 'pytorch', available: false });
    expect(peers[0]!.reason).toMatch(/'no-such-python' was not found.*python3-torch/);
    expect(peers[1]!.reason).toMatch(/no-such-package.*npm --prefix bench install/);
    await expect(peers[1]!.measure(small, 1, 0.1)).rejects.toThrow(/no-such-package/);
    await closeAll();
  });

  it('death and silence reject the request; the next one starts afresh', async () => {
    const dies = `${hello} process.stdin.once('data', () => { console.error('RangeError: out of it'); process.exit(3); });`;
    await discover(dies, `${hello} process.stdin.resume();`);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(peers[1]!.measure(small, 1, 0.1)).rejects.toThrow(/exit code 3 \(RangeError: out of it\)/);
    }
    await expect(peers[2]!.measure(small, 1, 0.1)).rejects.toThrow(/did not answer within/);
    await closeAll();
  });
});
