import { normalFromBits } from '../random/normal.ts';
import { philox4x32 } from '../random/philox.ts';
import { uniformFromBits } from '../random/stream.ts';
import type { Heap } from '../tensor/heap.ts';
import type { Kernels } from '../tensor/kernels.ts';
import { referenceSpatialKernels } from './reference-spatial.ts';

/**
 * The oracle: plain JavaScript in f64, written to be read, against which every other backend is tested.
 * Every loop says what the kernel means; nothing here is tuned.
 */
export function referenceKernels(heap: Heap): Kernels {
  const at = (offset: number) => offset / 8;
  const float = () => heap.f64;

  /** Calls `visit(index, bits)` for every element of a (rows, columns) draw. */
  function draw(
    out: number,
    rows: number,
    columns: number,
    key: readonly [key0: number, key1: number, stepLow: number, stepHigh: number, firstRow: number],
    value: (bits: number) => number,
  ): void {
    const values = float();
    const words = new Uint32Array(4);
    const [key0, key1, stepLow, stepHigh, firstRow] = key;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        if ((column & 3) === 0) {
          philox4x32(words, column >> 2, firstRow + row, stepLow, stepHigh, key0, key1);
        }
        values[at(out) + row * columns + column] = value(words[column & 3] as number);
      }
    }
  }

  return {
    ...referenceSpatialKernels(heap, activationOf),

    matmul(out, a, b, m, n, k, transposeA, transposeB, alpha, beta) {
      const v = float();
      for (let row = 0; row < m; row++) {
        for (let column = 0; column < n; column++) {
          let sum = 0;
          for (let inner = 0; inner < k; inner++) {
            const left = v[at(a) + (transposeA ? inner * m + row : row * k + inner)] as number;
            const right = v[at(b) + (transposeB ? column * k + inner : inner * n + column)] as number;
            sum += left * right;
          }
          const index = at(out) + row * n + column;
          v[index] = alpha * sum + (beta === 0 ? 0 : beta * (v[index] as number));
        }
      }
    },

    momentumStep(weights, velocity, pre, post, batch, preUnits, postUnits, rate, momentum, decay, nesterov) {
      const v = float();
      for (let i = 0; i < preUnits; i++) {
        for (let j = 0; j < postUnits; j++) {
          let gradient = 0;
          for (let example = 0; example < batch; example++) {
            gradient +=
              (v[at(pre) + example * preUnits + i] as number) *
              (v[at(post) + example * postUnits + j] as number);
          }
          const w = at(weights) + i * postUnits + j;
          const u = at(velocity) + i * postUnits + j;
          const before = v[u] as number;
          const after = momentum * before - rate * gradient - decay * (v[w] as number);
          v[u] = after;
          v[w] = (v[w] as number) + (nesterov ? (1 + momentum) * after - momentum * before : after);
        }
      }
    },

    fill(out, size, value) {
      float().fill(value, at(out), at(out) + size);
    },

    combine(out, a, b, size, alpha, beta) {
      const v = float();
      for (let i = 0; i < size; i++) {
        v[at(out) + i] =
          alpha * (v[at(a) + i] as number) + (beta === 0 ? 0 : beta * (v[at(b) + i] as number));
      }
    },

    multiply(out, a, b, size) {
      const v = float();
      for (let i = 0; i < size; i++) v[at(out) + i] = (v[at(a) + i] as number) * (v[at(b) + i] as number);
    },

    below(out, a, b, size) {
      const v = float();
      for (let i = 0; i < size; i++)
        v[at(out) + i] = (v[at(a) + i] as number) < (v[at(b) + i] as number) ? 1 : 0;
    },

    multiplyBySign(out, a, b, size) {
      const v = float();
      for (let i = 0; i < size; i++)
        v[at(out) + i] = (v[at(a) + i] as number) * Math.sign(v[at(b) + i] as number);
    },

    transpose(out, a, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          v[at(out) + column * rows + row] = v[at(a) + row * columns + column] as number;
        }
      }
    },

    activate(out, potential, bias, rows, columns, activation) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        const x =
          (v[at(potential) + i] as number) + (bias === 0 ? 0 : (v[at(bias) + (i % columns)] as number));
        v[at(out) + i] = activationOf(activation, x);
      }
    },

    multiplyBySlope(out, a, rate, gain, size, activation) {
      const v = float();
      for (let i = 0; i < size; i++) {
        const slope = slopeOf(activation, v[at(rate) + i] as number);
        v[at(out) + i] = (v[at(a) + i] as number) * slope * (gain === 0 ? 1 : (v[at(gain) + i] as number));
      }
    },

    relax(state, rate, received, drive, size, step, activation) {
      const v = float();
      const bounded = activation === 1 || activation === 4;
      for (let i = 0; i < size; i++) {
        const s = v[at(state) + i] as number;
        const input = (v[at(received) + i] as number) + (v[at(drive) + i] as number);
        const slope = bounded ? 1 : slopeOf(activation, activationOf(activation, s));
        const moved = s + step * (slope * input - s);
        const rated = activationOf(activation, moved);
        v[at(state) + i] = bounded ? rated : moved;
        v[at(rate) + i] = rated;
      }
    },

    fire(drawn, rate, potential, bias, rows, columns, gain, ...key) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        const threshold = bias === 0 ? 0 : (v[at(bias) + (i % columns)] as number);
        v[at(rate) + i] = activationOf(2, gain * ((v[at(potential) + i] as number) + threshold));
      }
      draw(drawn, rows, columns, key, uniformFromBits);
      for (let i = 0; i < rows * columns; i++)
        v[at(drawn) + i] = (v[at(drawn) + i] as number) < (v[at(rate) + i] as number) ? 1 : 0;
    },

    sweep(state, drive, weights, uniform, rows, units, gain) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        const first = row * units;
        for (let i = 0; i < units; i++) {
          let x = v[at(drive) + first + i] as number;
          for (let j = 0; j < units; j++) {
            x += (v[at(weights) + i * units + j] as number) * (v[at(state) + first + j] as number);
          }
          const p = activationOf(2, gain * x);
          v[at(state) + first + i] = uniform === 0 ? p : (v[at(uniform) + first + i] as number) < p ? 1 : 0;
        }
      }
    },

    sumRows(out, a, rows, columns, alpha, beta) {
      const v = float();
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let row = 0; row < rows; row++) sum += v[at(a) + row * columns + column] as number;
        const index = at(out) + column;
        v[index] = alpha * sum + (beta === 0 ? 0 : beta * (v[index] as number));
      }
    },

    scaleColumns(out, a, row, rows, columns, alpha, beta) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        const scaled = alpha * (v[at(a) + i] as number) * (v[at(row) + (i % columns)] as number);
        v[at(out) + i] = scaled + (beta === 0 ? 0 : beta * (v[at(out) + i] as number));
      }
    },

    scaleRows(out, a, column, rows, columns, alpha, beta) {
      const v = float();
      for (let i = 0; i < rows * columns; i++) {
        const scaled = alpha * (v[at(a) + i] as number) * (v[at(column) + Math.floor(i / columns)] as number);
        v[at(out) + i] = scaled + (beta === 0 ? 0 : beta * (v[at(out) + i] as number));
      }
    },

    dot(out, a, b, size) {
      const v = float();
      let sum = 0;
      for (let i = 0; i < size; i++) sum += (v[at(a) + i] as number) * (v[at(b) + i] as number);
      v[at(out)] = sum;
    },

    dotRows(out, a, b, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        let sum = 0;
        for (let i = row * columns; i < (row + 1) * columns; i++) {
          sum += (v[at(a) + i] as number) * (v[at(b) + i] as number);
        }
        v[at(out) + row] = sum;
      }
    },

    limitColumnNorms(weights, rows, columns, limit) {
      const v = float();
      for (let column = 0; column < columns; column++) {
        let square = 0;
        for (let row = 0; row < rows; row++)
          square += (v[at(weights) + row * columns + column] as number) ** 2;
        const norm = Math.sqrt(square);
        if (!(norm > limit)) continue;
        for (let row = 0; row < rows; row++) {
          const index = at(weights) + row * columns + column;
          v[index] = (v[index] as number) * (limit / norm);
        }
      }
    },

    limitRowNorms(weights, rows, columns, limit) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        const values = v.subarray(at(weights) + row * columns, at(weights) + (row + 1) * columns);
        const norm = Math.sqrt(values.reduce((square, value) => square + value ** 2, 0));
        if (!(norm > limit)) continue;
        for (let column = 0; column < columns; column++)
          values[column] = (values[column] as number) * (limit / norm);
      }
    },

    gatherRows(out, data, indices, batch, columns, scale, bytes) {
      const v = float();
      for (let row = 0; row < batch; row++) {
        const source = (heap.i32[indices / 4 + row] as number) * columns;
        for (let column = 0; column < columns; column++) {
          const value = bytes ? heap.u8[data + source + column] : v[at(data) + source + column];
          v[at(out) + row * columns + column] = (value as number) * scale;
        }
      }
    },

    scatterRows(data, a, indices, batch, columns) {
      const v = float();
      for (let row = 0; row < batch; row++) {
        const target = at(data) + (heap.i32[indices / 4 + row] as number) * columns;
        for (let column = 0; column < columns; column++) {
          v[target + column] = v[at(a) + row * columns + column] as number;
        }
      }
    },

    gatherLabels(out, labels, indices, batch) {
      for (let row = 0; row < batch; row++) {
        heap.i32[out / 4 + row] = heap.u8[labels + (heap.i32[indices / 4 + row] as number)] as number;
      }
    },

    oneHot(out, labels, batch, classes) {
      const v = float();
      v.fill(0, at(out), at(out) + batch * classes);
      for (let row = 0; row < batch; row++)
        v[at(out) + row * classes + (heap.i32[labels / 4 + row] as number)] = 1;
    },

    softmax(out, logits, rows, columns) {
      for (let row = 0; row < rows; row++)
        softmaxRow(at(out) + row * columns, at(logits) + row * columns, columns);
    },

    softmaxCrossEntropy(error, tally, logits, labels, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        const first = at(logits) + row * columns;
        const label = heap.i32[labels / 4 + row] as number;
        const target = v[first + label] as number;
        let wrong = 0;
        for (let column = 0; column < columns; column++) {
          if (column !== label && !(target > (v[first + column] as number))) wrong = 1;
        }
        const loss = softmaxRow(at(error) + row * columns, first, columns) - target;
        v[at(error) + row * columns + label] = (v[at(error) + row * columns + label] as number) - 1;
        addToTally(tally, loss, wrong, 0);
      }
    },

    squaredError(error, tally, output, target, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        const y = at(output) + row * columns;
        const t = at(target) + row * columns;
        let answer = 0;
        for (let c = 1; c < columns; c++) if ((v[t + c] as number) > (v[t + answer] as number)) answer = c;
        let wrong = 0;
        for (let c = 0; c < columns; c++) {
          if (c !== answer && !((v[y + answer] as number) > (v[y + c] as number))) wrong = 1;
        }
        let loss = 0;
        let power = 0;
        for (let c = 0; c < columns; c++) {
          const difference = (v[y + c] as number) - (v[t + c] as number);
          v[at(error) + row * columns + c] = difference;
          loss += 0.5 * difference * difference;
          power += 0.5 * (v[t + c] as number) ** 2;
        }
        addToTally(tally, loss, wrong, power);
      }
    },

    crossEntropyRows(out, logits, labels, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        const first = at(logits) + row * columns;
        const label = heap.i32[labels / 4 + row] as number;
        v[at(out) + row] = logNormaliser(first, columns) - (v[first + label] as number);
      }
    },

    wrongRows(out, output, labels, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        const first = at(output) + row * columns;
        const label = heap.i32[labels / 4 + row] as number;
        let wrong = 0;
        for (let c = 0; c < columns; c++) {
          if (c !== label && !((v[first + label] as number) > (v[first + c] as number))) wrong = 1;
        }
        v[at(out) + row] = wrong;
      }
    },

    choose(out, probabilities, uniform, rows, columns) {
      const v = float();
      for (let row = 0; row < rows; row++) {
        const first = row * columns;
        let chosen = 0;
        let cumulated = v[at(probabilities) + first] as number;
        while (chosen < columns - 1 && !(cumulated > (v[at(uniform) + row] as number))) {
          chosen += 1;
          cumulated += v[at(probabilities) + first + chosen] as number;
        }
        for (let c = 0; c < columns; c++) v[at(out) + first + c] = c === chosen ? 1 : 0;
      }
    },

    drawUniform(out, rows, columns, low, span, ...key) {
      draw(out, rows, columns, key, (bits) =>
        Math.fround(Math.fround(uniformFromBits(bits) * Math.fround(span)) + Math.fround(low)),
      );
    },

    drawNormal(out, rows, columns, mean, deviation, ...key) {
      draw(out, rows, columns, key, (bits) =>
        Math.fround(Math.fround(normalFromBits(bits) * Math.fround(deviation)) + Math.fround(mean)),
      );
    },

    drawBernoulli(out, rows, columns, threshold, value, ...key) {
      draw(out, rows, columns, key, (bits) => (bits < threshold ? Math.fround(value) : 0));
    },

    rmspropStep(weights, meanSquare, gradient, size, rate, decay, epsilon) {
      const v = float();
      for (let i = 0; i < size; i++) {
        const g = v[at(gradient) + i] as number;
        const s = decay * (v[at(meanSquare) + i] as number) + (1 - decay) * g * g;
        v[at(meanSquare) + i] = s;
        v[at(weights) + i] = (v[at(weights) + i] as number) - (rate * g) / (Math.sqrt(s) + epsilon);
      }
    },

    adamStep(
      weights,
      mean,
      meanSquare,
      gradient,
      size,
      rate,
      beta1,
      beta2,
      epsilon,
      correction1,
      correction2,
    ) {
      const v = float();
      for (let i = 0; i < size; i++) {
        const g = v[at(gradient) + i] as number;
        const m = beta1 * (v[at(mean) + i] as number) + (1 - beta1) * g;
        const s = beta2 * (v[at(meanSquare) + i] as number) + (1 - beta2) * g * g;
        v[at(mean) + i] = m;
        v[at(meanSquare) + i] = s;
        v[at(weights) + i] =
          (v[at(weights) + i] as number) - (rate * m * correction1) / (Math.sqrt(s * correction2) + epsilon);
      }
    },
  };

  /** ln Σ exp of a row. */
  function logNormaliser(logits: number, columns: number): number {
    const v = float();
    let largest = -Infinity;
    for (let c = 0; c < columns; c++) largest = Math.max(largest, v[logits + c] as number);
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += Math.exp((v[logits + c] as number) - largest);
    return largest + Math.log(sum);
  }

  /** Writes softmax of a row and returns the logarithm of its normaliser. */
  function softmaxRow(out: number, logits: number, columns: number): number {
    const v = float();
    const normaliser = logNormaliser(logits, columns);
    for (let c = 0; c < columns; c++) v[out + c] = Math.exp((v[logits + c] as number) - normaliser);
    return normaliser;
  }

  function addToTally(tally: number, loss: number, wrong: number, power: number): void {
    const v = heap.f64;
    const first = tally / 8;
    v[first] = (v[first] as number) + loss;
    v[first + 1] = (v[first + 1] as number) + wrong;
    v[first + 2] = (v[first + 2] as number) + 1;
    v[first + 3] = (v[first + 3] as number) + power;
  }
}

/** f(x), in the order of ACTIVATIONS. */
function activationOf(activation: number, x: number): number {
  switch (activation) {
    case 1:
      return Math.max(x, 0);
    case 2:
      return 1 / (1 + Math.exp(-x));
    case 3:
      return Math.tanh(x);
    case 4:
      return Math.min(Math.max(x, 0), 1);
    case 5:
      return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    default:
      return x;
  }
}

/** f′(x) read off from y = f(x); at a corner of ReLU or the hard sigmoid it is 0. */
function slopeOf(activation: number, y: number): number {
  switch (activation) {
    case 1:
      return y > 0 ? 1 : 0;
    case 2:
      return y * (1 - y);
    case 3:
      return 1 - y * y;
    case 4:
      return y > 0 && y < 1 ? 1 : 0;
    case 5:
      return 1 - Math.exp(-y);
    default:
      return 1;
  }
}
