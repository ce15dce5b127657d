import type { Parameter } from '../network/parameter.ts';
import type { Projection } from '../network/area.ts';
import { hasDerivative } from '../network/objectives/derivative.ts';
import { materialise } from '../network/terms.ts';
import type { Term } from '../network/terms.ts';
import type { Batch, Learner } from '../learning/learner.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  addAngle,
  addMoments,
  Collector,
  figures,
  inner,
  JACKKNIFE_GROUPS,
  jackknife,
  newSums,
  total,
} from './estimator-moments.ts';
import type { Figure, Figures, Moments, Sums } from './estimator-moments.ts';

/**
 * Quality of a rule's update as an estimator of the gradient, on one fixed batch, for the synapses of one projection, or
 * under the name "all" of every projection that has an exact gradient, if any has. g is an update and ∇ the exact gradient,
 * both of the mean loss; E is the expectation over the rule's own noise.
 */
export interface EstimatorStatistics {
  readonly projection: string;
  readonly synapses: number;
  /** Postsynaptic units. */
  readonly units: number;
  /** Mean angle in degrees between one update and the exact gradient; null when an update or the gradient is 0. */
  readonly angleDegrees: Figure | null;
  /** ‖E g − ∇‖² / ‖∇‖², corrected for sampling variance, and so possibly slightly negative. */
  readonly squaredBias: Figure | null;
  /** Σ over synapses of the variance of g due to the rule's noise; 0 for a rule without noise. */
  readonly variance: Figure;
  /** ‖E g‖² / variance; null without variance. */
  readonly signalToNoise: Figure | null;
  /** ‖∇‖²; null if the dynamics or the objective have no exact gradient. */
  readonly gradientPower: number | null;
  /** ⟨E g, ∇⟩ / ‖∇‖², followed by the estimate of ‖E g‖²; together they give the angle of a mean of many updates. */
  readonly alongGradient: number | null;
  readonly meanPower: number;
}

/**
 * Draws `samples` updates of the learner's rule for one batch, with the noise of steps 0, 1, …, and compares them
 * with the exact gradient. Changes nothing. Needs at least 2 samples per group, 20 in all, or throws RangeError.
 * Memory: about 13 tensors the size of the network.
 */
export function estimatorStatistics(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  samples: number,
): EstimatorStatistics[] {
  if (!Number.isInteger(samples) || samples < 2 * JACKKNIFE_GROUPS) {
    throw new RangeError(
      `Estimator statistics need at least ${2 * JACKKNIFE_GROUPS} samples, not ${samples}.`,
    );
  }
  const projections = plasticProjections(learner);
  return compute.scope(() => {
    const exact = exactGradient(compute, learner, batch, projections);
    const isInAll = projections.map((_, index) => exact === undefined || exact[index] !== undefined);
    const collectors = projections.map(
      (projection, index) => new Collector(compute, projection, exact?.[index]),
    );
    const angles: Sums[] = projections.map(() => newSums());
    const whole = newSums();
    for (let sample = 0; sample < samples; sample++) {
      const group = Math.floor((sample * JACKKNIFE_GROUPS) / samples);
      learner.estimate(batch, sample, (terms) => {
        let [gg, ge, ee] = [0, 0, 0];
        for (const [index, projection] of projections.entries()) {
          const update = gradientOf(compute, projection, terms);
          const products = (collectors[index] as Collector).add(update, group);
          addAngle(angles[index] as Sums, group, products);
          if (!isInAll[index]) continue;
          gg += products.gg;
          ge += products.ge;
          ee += products.ee;
        }
        addAngle(whole, group, { gg, ge, ee });
      });
    }
    const moments = collectors.map((collector) => collector.moments());
    const rows = projections.map((projection, index) =>
      statistics(
        { projection: projection.id, synapses: synapsesOf(projection), units: projection.to.units },
        moments[index] as Moments,
        angles[index] as Sums,
      ),
    );
    const inAll = <Item>(items: readonly Item[]) => items.filter((_, index) => isInAll[index]);
    const areas = new Set(inAll(projections).map(({ to }) => to));
    const all = statistics(
      {
        projection: 'all',
        synapses: inAll(rows).reduce((sum, { synapses }) => sum + synapses, 0),
        units: [...areas].reduce((sum, { units }) => sum + units, 0),
      },
      addMoments(inAll(moments)),
      whole,
    );
    return [...rows, all];
  });
}

/**
 * Computes Σ over synapses of the variance of the expected update from batch to batch, by projection and for "all".
 * This is the effect of the choice of data, apart from the rule's own noise: each batch gives two updates with
 * different noise, whose covariance keeps only their shared part. It may be slightly negative by chance if data
 * matter little. Needs at least 2 batches, or throws RangeError.
 */
export function varianceOverData(
  compute: Compute,
  learner: Learner,
  batches: readonly Batch[],
): Readonly<Record<string, number>> {
  const projections = plasticProjections(learner);
  const [fixed, ...others] = batches;
  const count = batches.length;
  if (!fixed || others.length === 0)
    throw new RangeError(`The variance over data needs at least 2 batches, not ${count}.`);
  return compute.scope(() => {
    const exact = compute.scope(() => exactGradient(compute, learner, fixed, projections));
    const zeros = () =>
      projections.map(({ weights }) => {
        const sum = compute.temporary(weights.shape);
        compute.fill(sum, 0);
        return sum;
      });
    const first = zeros();
    const second = zeros();
    const shared = projections.map(() => 0);
    for (const [number, batch] of batches.entries()) {
      compute.scope(() => {
        const draw = (step: number, sums: readonly Tensor[]) => {
          const updates = projections.map(({ weights }) => compute.temporary(weights.shape));
          learner.estimate(batch, step, (terms) => {
            for (const [index, projection] of projections.entries()) {
              const update = updates[index] as Tensor;
              materialise(compute, projection, update, terms.get(projection) ?? []);
              compute.add(sums[index] as Tensor, sums[index] as Tensor, update);
            }
          });
          return updates;
        };
        const one = draw(2 * number, first);
        const other = draw(2 * number + 1, second);
        for (const index of projections.keys()) {
          shared[index] =
            (shared[index] as number) + inner(compute, one[index] as Tensor, other[index] as Tensor);
        }
      });
    }
    const result: Record<string, number> = {};
    let all = 0;
    for (const [index, { id }] of projections.entries()) {
      const product = inner(compute, first[index] as Tensor, second[index] as Tensor);
      const variance = ((shared[index] as number) - product / count) / (count - 1);
      result[id] = variance;
      if (!exact || exact[index]) all += variance;
    }
    return { ...result, all };
  });
}

function statistics(
  of: Pick<EstimatorStatistics, 'projection' | 'synapses' | 'units'>,
  moments: Moments,
  { sums, counts }: Sums,
): EstimatorStatistics {
  const { exact } = moments;
  const whole = figures(moments, undefined);
  const jackknifed = (value: (figures: Figures) => number): Figure =>
    jackknife(value(whole), (left) => value(figures(moments, left)));
  const meanAngle = (left?: number) => total(sums, left) / total(counts, left);
  return {
    ...of,
    angleDegrees:
      total(counts) > 0 && exact !== null ? jackknife(meanAngle(), (left) => meanAngle(left)) : null,
    squaredBias: exact !== null && exact > 0 ? jackknifed(({ squaredBias }) => squaredBias / exact) : null,
    variance: jackknifed(({ variance }) => variance),
    signalToNoise: whole.variance > 0 ? jackknifed(({ meanPower, variance }) => meanPower / variance) : null,
    gradientPower: exact,
    alongGradient: exact !== null && exact > 0 ? whole.meanExact / exact : null,
    meanPower: whole.meanPower,
  };
}

function gradientOf(
  compute: Compute,
  projection: Projection,
  terms: ReadonlyMap<Parameter, readonly Term[]>,
): Tensor {
  const gradient = compute.temporary(projection.weights.shape);
  materialise(compute, projection, gradient, terms.get(projection) ?? []);
  return gradient;
}

/** Every plastic projection, whether forward, lateral or feedback. */
const plasticProjections = ({ network }: Learner): readonly Projection[] =>
  network.projections.filter(({ plastic, hasWeights }) => plastic && hasWeights);

/** Returns the exact gradient of each projection, undefined for those of which the loss is no function. */
function exactGradient(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  projections: readonly Projection[],
): (Tensor | undefined)[] | undefined {
  const reference = learner.reference;
  const differentiable = learner.network.objectives.every(hasDerivative);
  if (!reference || !differentiable) return undefined;
  const gradients = projections.map(({ weights }) => compute.temporary(weights.shape));
  const hasGradient = projections.map(() => false);
  learner.estimate(
    batch,
    0,
    (terms) => {
      for (const [index, projection] of projections.entries()) {
        const emitted = terms.get(projection) ?? [];
        hasGradient[index] = emitted.length > 0;
        materialise(compute, projection, gradients[index] as Tensor, emitted);
      }
    },
    reference,
  );
  if (!hasGradient.some(Boolean)) return undefined;
  return gradients.map((gradient, index) => (hasGradient[index] ? gradient : undefined));
}

const synapsesOf = ({ weights, mask }: Projection): number =>
  mask ? mask.toArray().reduce((sum, exists) => sum + exists, 0) : weights.size;
