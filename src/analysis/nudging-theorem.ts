import type { Parameter } from '../network/parameter.ts';
import { materialise } from '../network/terms.ts';
import type { Batch, Learner } from '../learning/learner.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The cost along a line in parameter space, and a rule's estimate of its slope. */
export interface CostLine {
  /** Signed distance along the unit vector of the gradient, with the mean settled cost there. */
  readonly points: readonly (readonly [distance: number, cost: number])[];
  /** Slopes from the rule's terms, from the exact reference, and as a central difference of the settled cost. */
  readonly slopes: { readonly rule: number; readonly reference: number; readonly difference: number };
}

export interface CostLineOptions {
  /** Half the length of the line. */
  readonly reach: number;
  /** Number of points on each side of the centre. */
  readonly points: number;
  /** Half-width of the central difference; small, since units at a bound bend the line. Default: reach / 1000. */
  readonly width?: number;
}

/**
 * Tests the theorem of equilibrium propagation in one dimension: the terms that the rule emits, projected onto a
 * direction, equal the derivative of the settled cost along it. The direction is the exact gradient. The network
 * settles anew at every point; weights are moved and then restored. Returns undefined if the exact gradient does not
 * exist or is 0.
 */
export function costLine(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  { reach, points, width = reach / 1000 }: CostLineOptions,
): CostLine | undefined {
  const reference = learner.rule.dynamics.reference?.(learner.network);
  if (!reference) return undefined;
  return compute.scope(() => {
    const gradients = (learn?: typeof reference) => {
      const found = new Map<Parameter, Tensor>();
      for (const parameter of learner.network.parameters) {
        const gradient = compute.temporary(parameter.values.shape);
        compute.fill(gradient, 0);
        found.set(parameter, gradient);
      }
      learner.estimate(
        batch,
        0,
        (terms) => {
          for (const [parameter, contribution] of terms) {
            const gradient = found.get(parameter);
            if (gradient) materialise(compute, parameter, gradient, contribution);
          }
        },
        learn,
      );
      return found;
    };
    const exact = gradients(reference);
    const rule = gradients();
    const norm = Math.sqrt(dot(compute, exact, exact));
    // With all units at their bounds the cost is flat, and there is no direction to follow.
    if (!(norm > 0)) return undefined;
    const kept = [...exact.keys()].map(({ values }) => ({ values, before: values.data.slice() }));
    const costAt = (distance: number): number => {
      for (const [{ values }, gradient] of exact) compute.addScaled(values, gradient, distance / norm);
      let cost = NaN;
      try {
        learner.observe(batch, 0, (step) => {
          // Settle fully, as the reference does.
          reference({ ...step, score: (phase) => (cost = step.loss(phase)) });
        });
      } finally {
        for (const { values, before } of kept) values.data.set(before);
      }
      return cost;
    };
    const line = Array.from({ length: 2 * points + 1 }, (_, index) => {
      const distance = ((index - points) / points) * reach;
      return [distance, costAt(distance)] as const;
    });
    return {
      points: line,
      slopes: {
        rule: dot(compute, rule, exact) / norm,
        reference: norm,
        difference: (costAt(width) - costAt(-width)) / (2 * width),
      },
    };
  });
}

function dot(compute: Compute, a: ReadonlyMap<Parameter, Tensor>, b: ReadonlyMap<Parameter, Tensor>): number {
  return compute.scope(() => {
    const sum = compute.temporary([1], 'f64');
    let total = 0;
    for (const [parameter, gradient] of a) {
      compute.dot(sum, gradient, b.get(parameter) as Tensor);
      total += sum.data[0] as number;
    }
    return total;
  });
}
