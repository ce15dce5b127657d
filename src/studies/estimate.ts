import jstat from 'jstat';
import { audit, estimatorStatistics, JACKKNIFE_GROUPS, varianceOverData } from '../analysis/index.ts';
import type { EstimatorStatistics, Figure } from '../analysis/index.ts';
import { ApicalError } from '../errors.ts';
import { plainDescent } from '../network/index.ts';
import { Learner, parseOptions } from '../learning/index.ts';
import type { Batch, Rule } from '../learning/index.ts';
import type { Compute } from '../tensor/index.ts';
import type { Subject } from './subject.ts';
import { lineFit } from '../analysis/line-fit.ts';
import type { LineFit } from '../analysis/line-fit.ts';

/** [low, high] of a 95 % interval. */
export type Interval = readonly [number, number];

/** One projection of one network under one seed; "all" is the whole network. */
export interface EstimateRow {
  readonly rule: string;
  /** "784-128-10". */
  readonly network: string;
  readonly seed: number;
  readonly projection: string;
  /** Postsynaptic units, and synapses. */
  readonly units: number;
  readonly synapses: number;
  readonly samples: number;
  /** Of one update to the exact gradient, on average over the rule's noise. */
  readonly angleDegrees: number | null;
  /** ‖E g − ∇‖ / ‖∇‖. */
  readonly bias: number | null;
  /** Σ over synapses, over the rule's own noise on a fixed batch. */
  readonly variance: number;
  /** The same over ‖∇‖². */
  readonly relativeVariance: number | null;
  /** Σ over synapses of the variance of E g from batch to batch. */
  readonly dataVariance: number;
  /** ‖E g‖² / variance; null when the variance is 0. */
  readonly signalToNoise: number | null;
  /** Of one update, for one example: passes through the network, multiply–accumulates. */
  readonly passes: number;
  readonly macs: number;
  /** 95 % intervals, by a jackknife over groups of samples. */
  readonly intervals: {
    readonly angleDegrees: Interval | null;
    readonly bias: Interval | null;
    readonly variance: Interval;
    readonly signalToNoise: Interval | null;
  };
  /**
   * What the mean of how many updates costs that is within `degrees` of the exact gradient; null if it never is. A
   * rule whose bias cannot be told from none counts as unbiased.
   */
  readonly forAngle: {
    readonly degrees: number;
    readonly samples: number;
    readonly passes: number;
    readonly macs: number;
  } | null;
}

/** The growth of a quantity with size: ln(relative variance) = exponent · ln(size) + …, of one projection or all. */
export interface Growth {
  readonly projection: string;
  readonly with: 'units' | 'synapses';
  readonly exponent: number;
  readonly interval: Interval | null;
  readonly sizes: number;
}

export interface EstimateDocument {
  readonly version: 1;
  readonly kind: 'estimate';
  readonly rule: string;
  readonly options: unknown;
  /** The data set, or null for random numbers. */
  readonly task: string | null;
  /** The run whose weights these are, and its updates so far; null for initial weights. */
  readonly run: { readonly folder: string; readonly step: number } | null;
  readonly batch: number;
  readonly rows: readonly EstimateRow[];
  readonly growth: readonly Growth[];
}

export interface EstimateRequest extends Pick<EstimateDocument, 'task' | 'run'> {
  readonly rule: Rule;
  /** What the user gave; defaults are filled in. */
  readonly options: unknown;
  /** Several for a sweep. */
  readonly subjects: readonly Subject[];
  readonly samples: number;
  readonly seeds: readonly number[];
  /** Examples of the batch. */
  readonly batch: number;
  readonly degrees: number;
  /** Called before each network; may throw to stop. */
  readonly onProgress?: (done: number, total: number, network: string) => void;
}

export const MINIMUM_SAMPLES = 2 * JACKKNIFE_GROUPS;
/** Batches for the variance over data: each takes two updates, so a quarter of the samples. All are in memory at once. */
const batchesFor = (samples: number) => Math.min(200, Math.max(4, Math.round(samples / 4)));

/**
 * How good an estimator of the gradient a rule is, by the weights of projections (thresholds are perturbed with them,
 * but not compared). Throws `estimate.…` and `rule.…` errors.
 */
export function runEstimate(compute: Compute, request: EstimateRequest): EstimateDocument {
  const { rule, subjects, samples, seeds, batch, degrees, task, run } = request;
  if (!Number.isInteger(samples) || samples < MINIMUM_SAMPLES) {
    throw new ApicalError(
      'estimate.samples',
      `--samples must be a whole number of at least ${MINIMUM_SAMPLES}, so that intervals can be given, but it is ${samples}.`,
    );
  }
  if (!(degrees > 0 && degrees < 90)) {
    throw new ApicalError(
      'estimate.angle',
      `--angle must be between 0 and 90 degrees, but it is ${degrees}.`,
    );
  }
  if (!Number.isInteger(batch) || batch < 1) {
    throw new ApicalError(
      'estimate.batch',
      `--batch must be a whole number of at least 1, but it is ${batch}.`,
    );
  }
  const options = parseOptions(rule, request.options);
  const rows: EstimateRow[] = [];
  for (const [index, subject] of subjects.entries()) {
    request.onProgress?.(index, subjects.length, subject.name);
    for (const seed of seeds) rows.push(...estimateOne(compute, request, options, subject, seed));
  }
  return {
    version: 1,
    kind: 'estimate',
    rule: rule.id,
    options,
    task,
    run,
    batch,
    rows,
    growth: subjects.length > 1 ? growthOf(rows) : [],
  };
}

function estimateOne(
  compute: Compute,
  { rule, samples, batch, degrees }: EstimateRequest,
  options: unknown,
  subject: Subject,
  seed: number,
): EstimateRow[] {
  const learner = new Learner(compute, {
    specification: subject.specification,
    rule,
    options,
    optimiserOf: () => plainDescent(0),
    seed,
    epochs: 1,
  });
  try {
    subject.prepare?.(learner);
    return compute.scope(() => {
      const batches = Array.from({ length: batchesFor(samples) }, (_, index) =>
        subject.batch(compute, batch, seed, index),
      );
      const [fixed] = batches as [Batch];
      const statistics = estimatorStatistics(compute, learner, fixed, samples);
      const overData = varianceOverData(compute, learner, batches);
      const { cost } = audit(compute, learner, fixed);
      const price = {
        passes: learner.passes / batch,
        macs: cost.forwardMacs + cost.feedbackMacs + cost.updateMacs,
      };
      return statistics.map((row) => ({
        rule: rule.id,
        network: subject.name,
        seed,
        samples,
        dataVariance: overData[row.projection] ?? 0,
        ...rowOf(row),
        ...price,
        forAngle: forAngle(row, degrees, price),
      }));
    });
  } finally {
    learner.dispose();
  }
}

/** The 95 % interval of a figure. */
function around({ value, standardError }: Figure): Interval {
  const half = jstat.studentt.inv(0.975, JACKKNIFE_GROUPS - 1) * standardError;
  return [value - half, value + half];
}

function rowOf(row: EstimatorStatistics) {
  const root = (value: number) => Math.sqrt(Math.max(0, value));
  const { angleDegrees, squaredBias, variance, signalToNoise, gradientPower } = row;
  const biasInterval = squaredBias && around(squaredBias);
  return {
    projection: row.projection,
    units: row.units,
    synapses: row.synapses,
    angleDegrees: angleDegrees && angleDegrees.value,
    bias: squaredBias && root(squaredBias.value),
    variance: variance.value,
    relativeVariance: gradientPower ? variance.value / gradientPower : null,
    signalToNoise: signalToNoise && signalToNoise.value,
    intervals: {
      angleDegrees: angleDegrees && around(angleDegrees),
      bias: biasInterval && ([root(biasInterval[0]), root(biasInterval[1])] as const),
      variance: around(variance),
      signalToNoise: signalToNoise && around(signalToNoise),
    },
  };
}

/**
 * The mean of n updates has the part s = ⟨E g, ∇⟩/‖∇‖ along the gradient, and across it ‖E g‖² − s² + variance/n in
 * square (nearly all of the variance lies across); its tangent is to be tan(degrees). A bias that cannot be told from
 * none counts as none, E g = ∇: few samples of a noisy rule scatter far from its mean.
 */
function forAngle(
  { alongGradient, gradientPower, meanPower, squaredBias, variance }: EstimatorStatistics,
  degrees: number,
  { passes, macs }: { passes: number; macs: number },
): EstimateRow['forAngle'] {
  if (alongGradient === null || gradientPower === null || squaredBias === null) return null;
  const isUnbiased = around(squaredBias)[0] <= 0;
  if (!isUnbiased && alongGradient <= 0) return null;
  const along = isUnbiased ? gradientPower : alongGradient ** 2 * gradientPower;
  const across = isUnbiased ? 0 : Math.max(0, meanPower - along);
  const room = along * Math.tan((degrees * Math.PI) / 180) ** 2 - across;
  if (!(room > 0)) return null;
  const samples = Math.max(1, Math.ceil(variance.value / room));
  return { degrees, samples, passes: samples * passes, macs: samples * macs };
}

/** A power law for each projection that all networks have, and for the whole, where the variance is not 0. */
function growthOf(rows: readonly EstimateRow[]): Growth[] {
  const networks = new Set(rows.map(({ network }) => network)).size;
  const projections = [...new Set(rows.map(({ projection }) => projection))];
  return projections.flatMap((projection) => {
    const its = rows.filter((row) => row.projection === projection && (row.relativeVariance ?? 0) > 0);
    if (new Set(its.map(({ network }) => network)).size < networks) return [];
    return (['synapses', 'units'] as const).flatMap((size): Growth[] => {
      const points = its.map(
        (row) => [Math.log(row[size]), Math.log(row.relativeVariance as number)] as const,
      );
      const sizes = new Set(points.map(([x]) => x)).size;
      if (sizes < 2) return [];
      const { slope, standardError, degreesOfFreedom }: LineFit = lineFit(points);
      const half = degreesOfFreedom > 0 ? jstat.studentt.inv(0.975, degreesOfFreedom) * standardError : null;
      return [
        {
          projection,
          with: size,
          exponent: slope,
          interval: half === null ? null : [slope - half, slope + half],
          sizes,
        },
      ];
    });
  });
}
