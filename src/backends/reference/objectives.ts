import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';

/** Softmax, losses, tallies and decisions in f64. */
export function objectiveKernels(
  heap: Heap,
): Pick<
  Kernels,
  'softmax' | 'softmaxCrossEntropy' | 'squaredError' | 'crossEntropyRows' | 'wrongRows' | 'choose'
> {
  const at = (offset: number) => offset / 8;
  const float = () => heap.f64;

  return {
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
  };

  /** Returns ln Σ exp of a row. */
  function logNormaliser(logits: number, columns: number): number {
    const v = float();
    let largest = -Infinity;
    for (let c = 0; c < columns; c++) largest = Math.max(largest, v[logits + c] as number);
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += Math.exp((v[logits + c] as number) - largest);
    return largest + Math.log(sum);
  }

  /** Writes the softmax of a row and returns ln Σ exp. */
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
