/**
 * jax-js on its WASM backend as a peer of `apical bench`; protocol.mjs describes the messages.
 * Usage: `node jax.mjs [threads]`, because the library creates its pool of workers when it is loaded.
 */
import os from 'node:os';
import v8 from 'node:v8';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { lendWebWorkers } from './web-worker.mjs';
import {
  dropoutMask,
  fill,
  learningRate,
  mlpInputs,
  mlpWeights,
  oneHot,
  serve,
  unknownWork,
} from './protocol.mjs';

const threads = Number(process.argv[2] ?? 1);
// A module with one f32x4.relaxed_madd. Relaxed SIMD needs a flag in Node 20, and jax-js uses it if it is available.
const relaxedMadd = Buffer.from(
  '0061736d0100000001080160037b7b7b017b030201000a0d010b00200020012002fd85020b',
  'hex',
);
if (!globalThis.WebAssembly.validate(relaxedMadd)) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
const relaxed = globalThis.WebAssembly.validate(relaxedMadd);
if (threads > 1) lendWebWorkers(threads);
const {
  blockUntilReady,
  defaultDevice,
  grad,
  init,
  jit,
  nn,
  numpy: np,
  random,
} = await import('@jax-js/jax');
await init('wasm');
defaultDevice('wasm');

/** Returns an array with a copy of `values`, because jax-js may keep the buffer. */
const array = (values, shape) => np.array(values.slice()).reshape(shape);

function matmul({ m, k, n, transposeA = false, transposeB = false }) {
  const a = transposeA ? array(fill(k, m), [k, m]) : array(fill(m, k), [m, k]);
  const b = transposeB ? array(fill(n, k), [n, k]) : array(fill(k, n), [k, n]);
  const product = jit(function product(x, y) {
    return np.matmul(transposeA ? np.transpose(x) : x, transposeB ? np.transpose(y) : y);
  });
  let result;
  return {
    async reset() {
      await blockUntilReady([a, b]);
    },
    async step() {
      result?.dispose();
      result = product(a.ref, b.ref);
      await blockUntilReady(result);
    },
    result: () => result.ref.data(),
  };
}

/** Returns the logits (batch, classes); `masks` scale the inputs and each hidden area unless the list is empty. */
function logits(parameters, x, masks) {
  let activity = masks.length ? x.mul(masks[0]) : x;
  parameters.forEach(({ weight, bias }, i) => {
    activity = np.matmul(activity, weight).add(bias);
    if (i < parameters.length - 1) {
      activity = nn.relu(activity);
      if (masks.length) activity = activity.mul(masks[i + 1]);
    }
  });
  return activity;
}

function crossEntropy(parameters, x, labels, masks) {
  return nn
    .logSoftmax(logits(parameters, x, masks))
    .mul(labels)
    .sum(1)
    .mean()
    .mul(-1);
}

const references = (parameters) =>
  parameters.map(({ weight, bias }) => ({ weight: weight.ref, bias: bias.ref }));

/** grad and the update, compiled as one step; `draw` supplies the masks of dropout. */
class Training {
  constructor(work, draw) {
    const { inputs, targets } = mlpInputs(work);
    const classes = work.layers.at(-1);
    this.work = work;
    this.draw = draw;
    this.x = array(inputs, [work.batch, work.layers[0]]);
    this.labels = array(oneHot(targets, classes), [work.batch, classes]);
    this.seed = 0;
    const { momentum } = work;
    const update = (parameters, velocities, gradient) => {
      const next = velocities.map(({ weight, bias }, i) => ({
        weight: weight.mul(momentum).add(gradient[i].weight),
        bias: bias.mul(momentum).add(gradient[i].bias),
      }));
      const updated = parameters.map(({ weight, bias }, i) => ({
        weight: weight.sub(next[i].weight.ref.mul(learningRate)),
        bias: bias.sub(next[i].bias.ref.mul(learningRate)),
      }));
      return [updated, next];
    };
    this.compiled = jit(function trainingStep(parameters, velocities, x, labels, noise) {
      const gradient = grad(crossEntropy)(references(parameters), x, labels, draw.masks(noise));
      return update(parameters, velocities, gradient);
    });
    this.evaluate = jit(function evaluate(parameters, x, labels) {
      return crossEntropy(parameters, x, labels, []);
    });
  }

  async reset() {
    const { layers } = this.work;
    this.parameters = mlpWeights(layers).map((weight, i) => ({
      weight: array(weight, [layers[i], layers[i + 1]]),
      bias: np.zeros([layers[i + 1]]),
    }));
    this.velocities = layers.slice(1).map((units, i) => ({
      weight: np.zeros([layers[i], units]),
      bias: np.zeros([units]),
    }));
    await blockUntilReady([this.parameters, this.velocities, this.x, this.labels]);
  }

  async step() {
    const noise = this.draw.noise(this);
    [this.parameters, this.velocities] = this.compiled(
      this.parameters,
      this.velocities,
      this.x.ref,
      this.labels.ref,
      noise,
    );
    await blockUntilReady([this.parameters, this.velocities]);
  }

  async loss() {
    const [value] = await this.evaluate(references(this.parameters), this.x.ref, this.labels.ref).data();
    return value;
  }
}

/** Returns the shapes of the areas with dropout, and the rates. */
function dropoutPlan(work) {
  const shapes = work.layers.slice(0, -1).map((units) => [work.batch, units]);
  return { shapes, rates: shapes.map((_, i) => (i === 0 ? work.inputDropout : work.dropout)) };
}

function masksFromJavaScript(work) {
  const { shapes, rates } = dropoutPlan(work);
  return {
    masks: (noise) => noise,
    noise: () =>
      shapes.map(([batch, units], i) => array(dropoutMask(batch * units, rates[i]), [batch, units])),
  };
}

function masksFromLibrary(work) {
  const { shapes, rates } = dropoutPlan(work);
  return {
    masks: (keys) =>
      keys.map((key, i) =>
        random
          .bernoulli(key, 1 - rates[i], shapes[i])
          .astype(np.float32)
          .mul(1 / (1 - rates[i])),
      ),
    noise: (training) => shapes.map(() => random.key(training.seed++)),
  };
}

const noMasks = { masks: () => [], noise: () => [] };

function forward(work) {
  const { layers, batch } = work;
  const x = array(mlpInputs(work).inputs, [batch, layers[0]]);
  const parameters = mlpWeights(layers).map((weight, i) => ({
    weight: array(weight, [layers[i], layers[i + 1]]),
    bias: np.zeros([layers[i + 1]]),
  }));
  const compiled = jit(function forward(parameters, x) {
    return logits(parameters, x, []);
  });
  let output;
  return {
    async reset() {
      await blockUntilReady([parameters, x]);
    },
    async step() {
      output?.dispose();
      output = compiled(references(parameters), x.ref);
      await blockUntilReady(output);
    },
    result: () => output.ref.data(),
  };
}

function waysOf(work) {
  if (work.kind === 'matmul') return { 'np.matmul, jit': () => matmul(work) };
  if (work.kind === 'mlp-forward') return { jit: () => forward(work) };
  if (work.kind === 'mlp-step' && (work.rule ?? 'backprop') === 'backprop') {
    if (!work.dropout && !work.inputDropout) return { 'grad, jit': () => new Training(work, noMasks) };
    return {
      'grad, jit, random.bernoulli': () => new Training(work, masksFromLibrary(work)),
      'grad, jit, masks drawn in JavaScript': () => new Training(work, masksFromJavaScript(work)),
    };
  }
  throw unknownWork('jax-js', work);
}

const manifest = new URL(
  '../package.json',
  `file://${createRequire(import.meta.url).resolve('@jax-js/jax')}`,
);
await serve({
  peer: 'jax-js',
  version: JSON.parse(readFileSync(manifest, 'utf8')).version,
  maximumThreads: os.availableParallelism(),
  threads,
  details: `WASM with ${relaxed ? 'relaxed ' : ''}SIMD; its web workers on threads of Node ${process.versions.node}`,
  waysOf,
});
