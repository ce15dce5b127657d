import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../../../src/analysis/index.ts';
import { openBackend } from '../../../src/backends/open.ts';
import { backpropagateInTime } from '../../../src/dynamics/index.ts';
import { Learner, parseOptions } from '../../../src/learning/index.ts';
import type { Rule, TaughtBatch } from '../../../src/learning/index.ts';
import { materialise, plainDescent, stack } from '../../../src/network/index.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { Sequence, stream } from '../../../src/random/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import eProp from '../../../examples/in-time/e-prop.ts';
import throughTime from '../../../examples/in-time/backpropagation-through-time.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const [STEPS, BATCH, INPUTS, HIDDEN, OUTPUTS] = [6, 2, 3, 5, 2];

const network = (): NetworkSpecification => {
  const base = stack({ layers: [INPUTS, HIDDEN, OUTPUTS], activation: 'tanh', objective: 'squared-error' });
  const lateral = { from: 'hidden1', to: 'hidden1', kind: 'lateral' as const };
  return { ...base, projections: [...base.projections, lateral] };
};

const learnerOf = (rule: Rule, options: object = {}): Learner =>
  new Learner(compute, {
    specification: network(),
    rule,
    options: parseOptions(rule, options),
    optimiserOf: () => plainDescent(0.1),
    seed: 3,
    epochs: 1,
    streams: BATCH,
  });

/** Sequences with a target at every step, the same at every call. */
function sequences(): TaughtBatch {
  const draws = new Sequence(stream(5, 'sequences'));
  const rows = STEPS * BATCH;
  const values = (count: number) => Array.from({ length: count }, () => draws.normal());
  return {
    inputs: compute.temporary([rows, INPUTS]).set(values(rows * INPUTS)),
    targets: compute.temporary([rows, OUTPUTS]).set(values(rows * OUTPUTS)),
    time: { steps: STEPS, count: rows, continues: false, first: 0 },
  };
}

/** Returns the gradient that a rule, or a reference, emits for the sequences. */
function gradientOf(learner: Learner, reference?: Rule['learn']): Map<string, number[]> {
  return compute.scope(() => {
    const found = new Map<string, number[]>();
    const visit: Parameters<Learner['estimate']>[2] = (terms) => {
      for (const [parameter, emitted] of terms) {
        const gradient = compute.temporary(parameter.values.shape);
        materialise(compute, parameter, gradient, emitted);
        found.set(parameter.id, gradient.toArray());
      }
    };
    learner.estimate(sequences(), 0, visit, reference);
    return found;
  });
}

const difference = (a: readonly number[] = [], b: readonly number[] = []): number =>
  Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? NaN))));

test('backpropagation through time in one file equals the reference', () => {
  const learner = learnerOf(throughTime);
  const [own, exact] = [gradientOf(learner), gradientOf(learner, backpropagateInTime)];
  expect([...own.keys()].sort()).toEqual([...exact.keys()].sort());
  for (const [id, gradient] of own) expect(difference(gradient, exact.get(id)), id).toBeLessThan(1e-12);
});

describe('e-prop in one file', () => {
  test.each([1, 0.4])('equals plain loops over synapses and steps, α = %d', (leak) => {
    const learner = learnerOf(eProp, { leak });
    const own = gradientOf(learner);
    const plain = compute.scope(() => plainEProp(learner, sequences(), leak));
    for (const [id, gradient] of plain) expect(difference(own.get(id), gradient), id).toBeLessThan(1e-12);
  });

  test('gives the exact gradient of the synapses onto the output', () => {
    const learner = learnerOf(eProp);
    const [own, exact] = [gradientOf(learner), gradientOf(learner, backpropagateInTime)];
    for (const id of ['hidden1→output', 'output.bias']) {
      expect(difference(own.get(id), exact.get(id)), id).toBeLessThan(1e-12);
    }
  });
});

test('the audit shows which of the two sends errors backwards in time', () => {
  const backwards = (rule: Rule) => {
    const learner = learnerOf(rule);
    return compute.scope(() =>
      audit(compute, learner, sequences()).locality.map(({ projection, backwardsInTime }) => [
        projection,
        backwardsInTime,
      ]),
    );
  };
  expect(backwards(throughTime as Rule)).toContainEqual(['input→hidden1', true]);
  for (const [projection, isBackwards] of backwards(eProp)) {
    expect(isBackwards, String(projection)).toBe(false);
  }
});

test('each is at most 80 lines', () => {
  for (const name of ['e-prop', 'backpropagation-through-time']) {
    const file = path.join(import.meta.dirname, `../../../examples/in-time/${name}.ts`);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n').length, name).toBeLessThanOrEqual(80);
  }
});

/** The update of e-prop, written as loops over examples, steps and synapses. */
function plainEProp(
  { network: net }: Learner,
  { inputs, targets }: TaughtBatch,
  leak: number,
): Map<string, number[]> {
  const at = (id: string) => Array.from(net.projection(id).weights.data);
  const [win, wrec, wout] = [at('input→hidden1'), at('lateral:hidden1→hidden1'), at('hidden1→output')];
  const feedback = Array.from(net.feedbackTo(net.area('hidden1'))[0]?.weights.data ?? []);
  const [x, d] = [inputs.data, targets.data];
  const gIn = new Array<number>(INPUTS * HIDDEN).fill(0);
  const gRec = new Array<number>(HIDDEN * HIDDEN).fill(0);
  for (let example = 0; example < BATCH; example++) {
    let h = new Array<number>(HIDDEN).fill(0);
    const traceIn = new Array<number>(INPUTS * HIDDEN).fill(0);
    const traceRec = new Array<number>(HIDDEN * HIDDEN).fill(0);
    for (let time = 0; time < STEPS; time++) {
      const row = time * BATCH + example;
      const before = h;
      const slope: number[] = [];
      h = before.map((old, j) => {
        let a = 0;
        for (let i = 0; i < INPUTS; i++)
          a += (x[row * INPUTS + i] as number) * (win[i * HIDDEN + j] as number);
        for (let i = 0; i < HIDDEN; i++) a += (before[i] as number) * (wrec[i * HIDDEN + j] as number);
        slope.push(1 - Math.tanh(a) ** 2);
        return (1 - leak) * old + leak * Math.tanh(a);
      });
      const error = Array.from({ length: OUTPUTS }, (_, k) => {
        let y = 0;
        for (let j = 0; j < HIDDEN; j++) y += (h[j] as number) * (wout[j * OUTPUTS + k] as number);
        return y - (d[row * OUTPUTS + k] as number);
      });
      for (let j = 0; j < HIDDEN; j++) {
        let signal = 0;
        for (let k = 0; k < OUTPUTS; k++)
          signal += (error[k] as number) * (feedback[k * HIDDEN + j] as number);
        const learnAt = (traces: number[], gradient: number[], index: number, pre: number) => {
          traces[index] = (1 - leak) * (traces[index] as number) + leak * (slope[j] as number) * pre;
          gradient[index] = (gradient[index] as number) + (traces[index] * signal) / (STEPS * BATCH);
        };
        for (let i = 0; i < INPUTS; i++) learnAt(traceIn, gIn, i * HIDDEN + j, x[row * INPUTS + i] as number);
        for (let i = 0; i < HIDDEN; i++) learnAt(traceRec, gRec, i * HIDDEN + j, before[i] as number);
      }
    }
  }
  return new Map([
    ['input→hidden1', gIn],
    ['lateral:hidden1→hidden1', gRec],
  ]);
}
