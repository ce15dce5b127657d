/** TensorFlow.js on its WASM backend as a peer of `apical bench`; protocol.mjs describes the messages. */
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
// For its side effect: tfjs-core alone has no gradients in Node, and tfjs-layers registers them all.
import '@tensorflow/tfjs-layers';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
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

const require = createRequire(import.meta.url);
setWasmPaths(`${path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}${path.sep}`);
// Its threads are web workers, which need a cross-origin isolated page.
setThreadsCount(1);
if (!(await tf.setBackend('wasm'))) throw new Error('the WASM backend of TensorFlow.js does not start');
await tf.ready();
const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');

function matmul({ m, k, n, transposeA = false, transposeB = false }, transposeFirst) {
  const a = transposeA ? tf.tensor2d(fill(k, m), [k, m]) : tf.tensor2d(fill(m, k), [m, k]);
  const b = transposeB ? tf.tensor2d(fill(n, k), [n, k]) : tf.tensor2d(fill(k, n), [k, n]);
  let product;
  return {
    reset() {},
    step() {
      product?.dispose();
      product = transposeFirst
        ? tf.tidy(() => tf.matMul(transposeA ? tf.transpose(a) : a, transposeB ? tf.transpose(b) : b))
        : tf.matMul(a, b, transposeA, transposeB);
    },
    result: () => product.data(),
  };
}

/** Kernels run synchronously, so a step is complete when it returns. */
class Training {
  constructor(work) {
    const { inputs, targets } = mlpInputs(work);
    this.work = work;
    this.classes = work.layers.at(-1);
    this.x = tf.tensor2d(inputs, [work.batch, work.layers[0]]);
    this.labels = tf.tensor2d(oneHot(targets, this.classes), [work.batch, this.classes]);
    this.weights = mlpWeights(work.layers).map((w, i) => tf.tensor2d(w, this.shape(i)).variable());
    this.biases = this.weights.map((_, i) => tf.zeros([work.layers[i + 1]]).variable());
  }

  shape(index) {
    return [this.work.layers[index], this.work.layers[index + 1]];
  }

  reset() {
    tf.tidy(() => {
      mlpWeights(this.work.layers).forEach((w, i) => {
        this.weights[i].assign(tf.tensor2d(w, this.shape(i)));
        this.biases[i].assign(tf.zeros([this.work.layers[i + 1]]));
      });
    });
  }

  /** Returns the logits (batch, classes). */
  forward(dropout) {
    let activity = dropout(this.x, this.work.inputDropout);
    const last = this.weights.length - 1;
    for (let i = 0; i < last; i++) {
      const a = activity;
      const hidden = tf.fused.matMul({ a, b: this.weights[i], bias: this.biases[i], activation: 'relu' });
      activity = dropout(hidden, this.work.dropout);
    }
    return tf.fused.matMul({ a: activity, b: this.weights[last], bias: this.biases[last] });
  }

  async loss() {
    const value = tf.tidy(() =>
      tf.losses.softmaxCrossEntropy(
        this.labels,
        this.forward((x) => x),
      ),
    );
    const [loss] = await value.data();
    value.dispose();
    return loss;
  }
}

const dropouts = {
  library: (x, rate) => (rate ? tf.dropout(x, rate) : x),
  mask: (x, rate) => (rate ? tf.mul(x, tf.tensor2d(dropoutMask(x.size, rate), x.shape)) : x),
};

/** tf.train.momentum with the gradients of the library. */
class Autograd extends Training {
  constructor(work, dropout) {
    super(work);
    this.dropout = dropout;
  }

  reset() {
    super.reset();
    this.optimiser?.dispose();
    this.optimiser = tf.train.momentum(learningRate, this.work.momentum);
  }

  step() {
    tf.tidy(() => {
      this.optimiser.minimize(
        () => tf.losses.softmaxCrossEntropy(this.labels, this.forward(this.dropout)),
        false,
        [...this.weights, ...this.biases],
      );
    });
  }
}

/**
 * The gradient by hand. matMul is fast only for operands that are not transposed, so activities and errors are transposed
 * first, and never weights. The learning rate is folded into the error, which saves a pass over the weights.
 */
class ByHand extends Training {
  constructor(work) {
    super(work);
    this.velocities = [...this.weights, ...this.biases].map((v) => tf.zerosLike(v).variable());
  }

  reset() {
    super.reset();
    tf.tidy(() => this.velocities.forEach((v) => v.assign(tf.zerosLike(v))));
  }

  step() {
    tf.tidy(() => {
      const { batch, momentum, inputDropout, dropout } = this.work;
      const last = this.weights.length - 1;
      const activities = [dropouts.mask(this.x, inputDropout)];
      const masks = [];
      for (let i = 0; i < last; i++) {
        const a = activities[i];
        const hidden = tf.fused.matMul({ a, b: this.weights[i], bias: this.biases[i], activation: 'relu' });
        masks[i] = dropout ? tf.tensor2d(dropoutMask(hidden.size, dropout), hidden.shape) : undefined;
        activities.push(masks[i] ? tf.mul(hidden, masks[i]) : hidden);
      }
      const logits = tf.fused.matMul({ a: activities[last], b: this.weights[last], bias: this.biases[last] });
      const logProbabilities = tf.sub(logits, tf.logSumExp(logits, 1, true));
      tf.neg(tf.mean(tf.sum(tf.mul(logProbabilities, this.labels), 1)));
      let error = tf.mul(tf.sub(tf.exp(logProbabilities), this.labels), learningRate / batch);
      for (let i = last; i >= 0; i--) {
        const weightGradient = tf.matMul(tf.transpose(activities[i]), error);
        const biasGradient = tf.sum(error, 0);
        if (i > 0) {
          const propagated = tf.transpose(tf.matMul(this.weights[i], tf.transpose(error)));
          const earlier = tf.mul(propagated, tf.step(activities[i]));
          error = masks[i - 1] ? tf.mul(earlier, masks[i - 1]) : earlier;
        }
        this.update(this.weights[i], this.velocities[i], weightGradient, momentum);
        this.update(this.biases[i], this.velocities[last + 1 + i], biasGradient, momentum);
      }
    });
  }

  update(parameter, velocity, gradient, momentum) {
    const next = tf.add(tf.mul(velocity, momentum), gradient);
    parameter.assign(tf.sub(parameter, next));
    velocity.assign(next);
  }
}

class Forward extends Training {
  reset() {}

  step() {
    this.output?.dispose();
    this.output = tf.tidy(() => this.forward((x) => x));
  }

  result() {
    return this.output.data();
  }
}

function waysOf(work) {
  if (work.kind === 'matmul') {
    const plain = { 'tf.matMul': () => matmul(work, false) };
    if (!work.transposeA && !work.transposeB) return plain;
    return { ...plain, 'tf.transpose, tf.matMul': () => matmul(work, true) };
  }
  if (work.kind === 'mlp-forward')
    return { 'tf.fused.matMul': () => new Forward({ ...work, dropout: 0, inputDropout: 0 }) };
  if (work.kind === 'mlp-step' && (work.rule ?? 'backprop') === 'backprop') {
    return {
      'tf.train.momentum, tf.dropout': () => new Autograd(work, dropouts.library),
      'tf.train.momentum, masks drawn in JavaScript': () => new Autograd(work, dropouts.mask),
      'gradient by hand': () => new ByHand(work),
    };
  }
  throw unknownWork('TensorFlow.js', work);
}

await serve({
  peer: 'tfjs-wasm',
  version: tf.version_core,
  maximumThreads: 1,
  threads: 1,
  details: `WASM${simd ? ' with SIMD' : ' without SIMD'}, 1 thread (more only in browsers); Node ${process.versions.node}`,
  waysOf,
});
