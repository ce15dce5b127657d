import type { Alignment, HeldOutScore, MetricsRecord, Mistake } from '../../src/training/records.ts';
import type { ComparisonReport, RunReport } from '../../src/runs/report-inputs.ts';

/** Invented but realistic runs: two rules × three seeds × five epochs, with angles that fall from 90° to about 30°. */

export const EPOCHS = 5;
export const STEPS_PER_EPOCH = 3000;

export const RULES = {
  backprop: {
    title: 'Backprop',
    equation: String.raw`\Delta W_l = -\eta\, \left( W_{l+1}^\top \delta_{l+1} \odot \phi'(a_l) \right) h_{l-1}^\top`,
    error: 0.019,
    aligned: true,
  },
  'feedback-alignment': {
    title: 'Feedback alignment',
    equation: String.raw`\Delta W_l = -\eta\, \left( B_{l+1}\, \delta_{l+1} \odot \phi'(a_l) \right) h_{l-1}^\top`,
    error: 0.029,
    aligned: false,
  },
} as const;

export type RuleId = keyof typeof RULES;

/** Returns a pseudo-random number from 0 to 1 that depends on its arguments alone. */
function pseudoRandom(...keys: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const key of keys) {
    hash = Math.imul(hash ^ Math.round(key * 1000), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return (Math.imul(hash, 0xc2b2ae35) >>> 8) / 2 ** 24;
}

export function errorAt(rule: RuleId, seed: number, epoch: number): number {
  return (
    RULES[rule].error *
    (1 + 2.4 / epoch ** 1.3 - 2.4 / EPOCHS ** 1.3) *
    (0.9 + 0.2 * pseudoRandom(seed, 3)) *
    (0.97 + 0.06 * pseudoRandom(seed, epoch))
  );
}

function heldOut(rule: RuleId, seed: number, epoch: number): Required<HeldOutScore> {
  const errors = Math.round(errorAt(rule, seed, epoch) * 10_000);
  return { loss: (errors / 10_000) * 3.2, error: errors / 10_000, errors, count: 10_000 };
}

function train(rule: RuleId, seed: number, epoch: number) {
  const error = errorAt(rule, seed, epoch) * (1.6 - 0.24 * epoch);
  return { loss: error * 3.4, error };
}

function alignmentAt(rule: RuleId, seed: number, epoch: number, depth: number): Alignment {
  if (depth === 2) return { angle: 0, normRatio: 1 };
  if (RULES[rule].aligned) return { angle: 0, normRatio: 1, feedbackAngle: 0 };
  const rest = 30 + 12 * depth;
  const angle =
    rest +
    (90 - rest) * Math.exp(-epoch * (1.3 - 0.3 * depth)) +
    3 * (pseudoRandom(seed, epoch, depth) - 0.5) +
    5 * (pseudoRandom(seed, depth) - 0.5);
  return {
    angle,
    normRatio: 0.6 + 0.2 * pseudoRandom(seed, epoch, depth, 1),
    feedbackAngle: angle + 8,
    pseudoInverseAngle: angle + 3,
    pseudoInverseDistance: 0.71,
  };
}

export function metricsOf(rule: RuleId, seed: number): MetricsRecord[] {
  const metrics: MetricsRecord[] = [];
  for (let tick = 0; tick <= EPOCHS * 4; tick += 1) {
    const epoch = tick / 4;
    const step = epoch * STEPS_PER_EPOCH;
    const projections = Object.fromEntries(
      ['input→hidden1', 'hidden1→hidden2', 'hidden2→output'].map((name, depth) => [
        name,
        alignmentAt(rule, seed, epoch, depth),
      ]),
    );
    if (tick > 0) {
      metrics.push({
        kind: 'progress',
        step,
        epoch,
        train: train(rule, seed, Math.max(epoch, 0.5)),
        rate: 0.05,
      });
    }
    metrics.push({ kind: 'probe', step, epoch, projections });
    if (tick > 0 && Number.isInteger(epoch)) {
      const test = heldOut(rule, seed, epoch);
      const validation = { ...test, errors: test.errors + 12, error: (test.errors + 12) / 10_000 };
      metrics.push({
        kind: 'evaluation',
        step,
        epoch,
        train: train(rule, seed, epoch),
        validation,
        test,
        trainedSeconds: epoch * 4.2,
        passes: epoch * 60_000 * (rule === 'backprop' ? 1 : 5),
      });
    }
  }
  return metrics;
}

function ring(index: number): number[] {
  return Array.from({ length: 784 }, (_, at) => {
    const radius = Math.hypot((at % 28) - 13.5, Math.floor(at / 28) - 13.5);
    return Math.round(255 * Math.exp(-(((radius - 5 - (index % 4)) / 1.6) ** 2)));
  });
}

export function mistakesOf(amount: number): Mistake[] {
  return Array.from({ length: amount }, (_, index) => ({
    index: index * 37 + 115,
    label: index % 10,
    answer: (index + 4) % 10,
    confidence: 0.5 + 0.49 * pseudoRandom(index),
    pixels: ring(index),
  }));
}

export function runReport(rule: RuleId = 'feedback-alignment', seed = 0): RunReport {
  const metrics = metricsOf(rule, seed);
  const plausible = !RULES[rule].aligned;
  const command = `apical run mnist-mlp --rule ${rule} --seeds ${seed} --out runs/${rule}-${seed}`;
  return {
    run: {
      version: 1,
      kind: 'run',
      id: 'b1946ac92492d2347c6235b4d2611184',
      rule,
      task: 'mnist',
      backend: 'blas',
      threads: 2,
      seed,
      epochs: EPOCHS,
      train: train(rule, seed, EPOCHS),
      test: heldOut(rule, seed, EPOCHS),
      alignment: { 'input→hidden1': 31.2 },
      metrics: { weightNorm: 21.4 },
      examplesPerSecond: 14_213,
      wallSeconds: 21.1,
      peakMemoryBytes: 391_000_000,
      folder: `runs/${rule}-${seed}`,
      status: 'done',
    },
    metrics,
    config: {
      rule: { id: rule, rate: 0.05, momentum: 0.9 },
      network: { areas: [784, 500, 300, 10], activation: 'tanh' },
      task: { id: 'mnist', batch: 20 },
      epochs: EPOCHS,
      seed,
    },
    ruleTitle: RULES[rule].title,
    ruleEquation: RULES[rule].equation,
    citations: [
      'Lillicrap, Cownden, Tweed & Akerman (2016). Random synaptic feedback weights support error backpropagation for deep learning. Nature Communications 7, 13276. doi:10.1038/ncomms13276.',
      'LeCun, Cortes & Burges. The MNIST database of handwritten digits.',
    ],
    locality: [
      {
        projection: 'input→hidden1',
        transposedWeights: plausible ? [] : ['hidden1→hidden2', 'hidden2→output'],
        otherWeights: plausible ? ['feedback of hidden2', 'feedback of hidden1'] : [],
        signedError: true,
        target: false,
        errorInInput: false,
        globalScalars: [],
        phases: 1,
        waitsForProjections: 2,
        stored: [],
        backwardsInTime: false,
        valuesRead: [],
        sources: ['activity of input', 'activity of hidden1', 'error of output'],
      },
      {
        projection: 'hidden2→output',
        transposedWeights: [],
        otherWeights: [],
        signedError: true,
        target: false,
        errorInInput: false,
        globalScalars: [],
        phases: 1,
        waitsForProjections: 0,
        stored: [],
        backwardsInTime: false,
        valuesRead: [],
        sources: ['activity of hidden2', 'error of output'],
      },
    ],
    cost: { forwardMacs: 545_000, feedbackMacs: 153_000, updateMacs: 545_000, bytesBetweenAreas: 6480 },
    mistakes: mistakesOf(24),
    imageShape: [28, 28],
    command,
    environment: {
      apical: '0.1.0',
      node: 'v20.19.0',
      commit: '4f2a9c1d07be',
      dirty: true,
      hardware: 'AMD EPYC 7B13, 2 cores, 8 GiB, linux x64',
      backendDetail: 'OpenBLAS 0.3.21',
      date: `2025-06-0${1 + seed}T09:30:00Z`,
    },
  };
}

export function comparisonReport(rules: readonly RuleId[], seeds: readonly number[]): ComparisonReport {
  const finals = (rule: RuleId, metric: 'testError' | 'testLoss') =>
    seeds.map((seed) => heldOut(rule, seed, EPOCHS)[metric === 'testError' ? 'error' : 'loss']);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const interval = seeds.length > 1 ? 0.0012 : null;
  const metrics = ['testError', 'testLoss'] as const;
  return {
    title: 'Feedback alignment against backprop on MNIST',
    runs: rules.flatMap((rule) => seeds.map((seed) => runReport(rule, seed))),
    summary: rules.flatMap((rule) =>
      metrics.map((metric) => {
        const values = finals(rule, metric);
        return { rule, metric, mean: mean(values), interval, seeds, values };
      }),
    ),
    paired: metrics.map((metric) => ({
      first: 'feedback-alignment',
      second: 'backprop',
      metric,
      mean: mean(finals('feedback-alignment', metric)) - mean(finals('backprop', metric)),
      interval,
      seeds,
    })),
    command: `apical compare mnist-mlp --rules ${rules.join(',')} --seeds ${seeds.join(',')}`,
  };
}
