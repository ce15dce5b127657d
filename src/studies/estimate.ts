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

/** Both ends of a 95 % interval. */
export type Interval = readonly [number, number];

/** The statistics of one projection of one network for one seed; the projection "all" is the whole network. */
export interface EstimateRow {
  readonly rule: string;
  /** Units of each area, such as "784-128-10". */
  readonly network: string;
  readonly seed: number;
  readonly projection: string;
  /** Number of postsynaptic units. */
  readonly units: number;
  readonly synapses: number;
  readonly samples: number;
  /** Angle between one update and the exact gradient, averaged over the rule's noise. */
  readonly angleDegrees: number | null;
  /** ‖E g − ∇‖ / ‖∇‖. */
  readonly bias: number | null;
  /** Variance over the rule's own noise on a fixed batch, summed over synapses. */
  readonly variance: number;
  /** `variance` / ‖∇‖². */
  readonly relativeVariance: number | null;
  /** Variance of E g from batch to batch, summed over synapses. */
  readonly dataVariance: number;
  /** ‖E g‖² / variance; null if the variance is 0. */
  readonly signalToNoise: number | null;
  /** Cost of one update per example: passes through the network and multiply–accumulates. */
  readonly passes: number;
  readonly macs: number;
  /** 95 % intervals from a jackknife over groups of samples. */
  readonly intervals: {
    readonly angleDegrees: Interval | null;
    readonly bias: Interval | null;
    readonly variance: Interval;
    readonly signalToNoise: Interval | null;
  };
  /**
   * The number of updates whose mean lies within `degrees` of the exact gradient, and their cost; null if no number is
   * enough. A rule whose bias is not significant counts as unbiased.
   */
  readonly forAngle: {
    readonly degrees: number;
    readonly samples: number;
    readonly passes: number;
    readonly macs: number;
  } | null;
}

/** Growth of the relative variance with size: ln(relative variance) = exponent · ln(size) + constant. */
export interface Growth {
  readonly projection: string;
  readonly with: 'units' | 'synapses';
  readonly exponent: number;
  readonly interval: Interval | null;
  readonly sizes: number;
}

/** The `--json` document of `apical estimate`: a rule as an estimator of the gradient. */
export interface EstimateDocument {
  readonly version: 1;
  readonly kind: 'estimate';
  readonly rule: string;
  readonly options: unknown;
  /** Id of the data set; null for random data. */
  readonly task: string | null;
  /** The run that the weights come from, and its number of updates; null for initial weights. */
  readonly run: { readonly folder: string; readonly step: number } | null;
  readonly batch: number;
  readonly rows: readonly EstimateRow[];
  readonly growth: readonly Growth[];
}

/** Input of `runEstimate`. */
export interface EstimateRequest extends Pick<EstimateDocument, 'task' | 'run'> {
  readonly rule: Rule;
  /** Options of the rule as given; defaults are filled in. */
  readonly options: unknown;
  /** One network, or several for a sweep. */
  readonly subjects: readonly Subject[];
  readonly samples: number;
  readonly seeds: readonly number[];
  /** Number of examples in the batch. */
  readonly batch: number;
  readonly degrees: number;
  /** Called before each network; may throw to stop. */
  readonly onProgress?: (done: number, total: number, network: string) => void;
}

/** The fewest samples for which intervals can be computed. */
export const MINIMUM_SAMPLES = 2 * JACKKNIFE_GROUPS;
/** Number of batches for the variance over data. Each takes two updates; all are in memory at once. */
const batchesFor = (samples: number) => Math.min(200, Math.max(4, Math.round(samples / 4)));

/**
 * Measures how good an estimator of the gradient a rule is, for the weights of each projection. Biases are perturbed as
 * well, but not compared. Throws `estimate.…` and `rule.…` errors.
 */
export function runEstimate(compute: Compute, request: EstimateRequest): EstimateDocument {
  const { rule, subjects, samples, seeds, batch, degrees, task, run } = request;
  if (!Number.isInteger(samples) || samples < MINIMUM_SAMPLES) {
    throw new ApicalError(
      'estimate.samples',
      `--samples must be a whole number of at least ${MINIMUM_SAMPLES}, which the intervals need, but it is ${samples}.`,
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
      const { cost } = audit(compute, learner, fixed, { steps: 1 });
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

/** Returns the 95 % interval of a figure. */
function intervalOf({ value, standardError }: Figure): Interval {
  const half = jstat.studentt.inv(0.975, JACKKNIFE_GROUPS - 1) * standardError;
  return [value - half, value + half];
}

function rowOf(row: EstimatorStatistics) {
  const root = (value: number) => Math.sqrt(Math.max(0, value));
  const { angleDegrees, squaredBias, variance, signalToNoise, gradientPower } = row;
  const biasInterval = squaredBias && intervalOf(squaredBias);
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
      angleDegrees: angleDegrees && intervalOf(angleDegrees),
      bias: biasInterval && ([root(biasInterval[0]), root(biasInterval[1])] as const),
      variance: intervalOf(variance),
      signalToNoise: signalToNoise && intervalOf(signalToNoise),
    },
  };
}

/**
 * Returns the number n of updates whose mean lies within `degrees` of the gradient. That mean has the component s =
 * ⟨E g, ∇⟩/‖∇‖ along the gradient and the squared component ‖E g‖² − s² + variance/n across it, as nearly all of the
 * variance lies across; their ratio must be tan²(degrees). A bias that is not significant counts as none, E g = ∇,
 * because the mean of few samples of a noisy rule scatters widely.
 */
function forAngle(
  { alongGradient, gradientPower, meanPower, squaredBias, variance }: EstimatorStatistics,
  degrees: number,
  { passes, macs }: { passes: number; macs: number },
): EstimateRow['forAngle'] {
  if (alongGradient === null || gradientPower === null || squaredBias === null) return null;
  const isUnbiased = intervalOf(squaredBias)[0] <= 0;
  if (!isUnbiased && alongGradient <= 0) return null;
  const along = isUnbiased ? gradientPower : alongGradient ** 2 * gradientPower;
  const across = isUnbiased ? 0 : Math.max(0, meanPower - along);
  const room = along * Math.tan((degrees * Math.PI) / 180) ** 2 - across;
  if (!(room > 0)) return null;
  const samples = Math.max(1, Math.ceil(variance.value / room));
  return { degrees, samples, passes: samples * passes, macs: samples * macs };
}

/** Fits a power law for the whole network and for each projection that all networks have, if the variance is not 0. */
function growthOf(rows: readonly EstimateRow[]): Growth[] {
  const networks = new Set(rows.map(({ network }) => network)).size;
  const projections = [...new Set(rows.map(({ projection }) => projection))];
  return projections.flatMap((projection) => {
    const matching = rows.filter((row) => row.projection === projection && (row.relativeVariance ?? 0) > 0);
    if (new Set(matching.map(({ network }) => network)).size < networks) return [];
    return (['synapses', 'units'] as const).flatMap((size): Growth[] => {
      const points = matching.map(
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
