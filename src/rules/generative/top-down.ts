import { generatingProjections } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { Network } from '../../network/network.ts';
import { projectionId } from '../../network/specification.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../../network/specification.ts';
import { untaughtAreas } from './readout.ts';

/**
 * Adds plastic feedback that answers every forward projection with weights into an area without an objective, also from
 * the input, unless the network answers it already: what makes or reconstructs the area below from the one above.
 */
export function withGeneratingFeedback(
  specification: NetworkSpecification,
  more: Partial<ProjectionSpecification> = {},
): NetworkSpecification {
  const { projections, objectives } = specification;
  const isReadout = (id: string) => objectives.some(({ area }) => area === id);
  const added = projections.flatMap((forward): ProjectionSpecification[] => {
    const { id, from, to, kind = 'forward', density, initialisation } = forward;
    const hasWeights = connectionOf(specification, forward).kind !== 'pooling';
    if (kind !== 'forward' || !hasWeights || isReadout(to)) return [];
    const answers = projectionId(forward);
    if (projections.some((other) => other.answers === answers)) return [];
    return [
      {
        ...(id === undefined ? {} : { id: `feedback:${id}` }),
        ...{ from: to, to: from, kind: 'feedback', answers, plastic: true, wiring: 'reciprocal' },
        ...(density === undefined ? {} : { density }),
        ...(initialisation === undefined ? {} : { initialisation }),
        ...more,
      },
    ];
  });
  const existing = projections.map((its) => (its.answers === undefined ? its : { plastic: true, ...its }));
  return { ...specification, projections: [...existing, ...added] };
}

/** The areas that a Helmholtz machine makes from above, and its topmost, which thresholds alone decide. */
export const madeAreas = (network: Network): readonly Area[] =>
  network.areas.filter(({ topDownBias }) => topDownBias !== undefined);

/**
 * The wake phase: top-down synapses learn to make each area from what was drawn above it.
 *
 *   ΔG = η h_{l+1} ⊗ ( h_l − p_l ),   Δc = η ( h_l − p_l ),   p_l = σ( h_{l+1} G + c )
 *
 */
export function emitWake(step: LearningStep, wake: Phase, areas: readonly Area[]): void {
  const { compute, inputs } = step;
  const factor = 1 / inputs.rows;
  for (const area of areas) {
    if (!area.topDownBias) continue;
    const error = compute.temporary(wake.output(area).shape);
    compute.fill(error, 0);
    const ways = generatingProjections(area);
    for (const projection of ways) projection.send(compute, error, wake.activity(projection.from), 1);
    compute.activate(error, error, area.topDownBias.values, 'logistic');
    compute.subtract(error, error, wake.output(area));
    for (const projection of ways) {
      if (!projection.plastic) continue;
      step.emit(projection, { kind: 'outer', pre: wake.activity(projection.from), post: error, factor });
    }
    step.emit(area.topDownBias, { kind: 'outer', post: error, factor });
  }
}

/**
 * The sleep phase: bottom-up synapses learn to find again, from what a dream has made, what it was made from.
 *
 *   ΔW = η h_{l−1} ⊗ ( h_l − q_l ),   Δb = η ( h_l − q_l ),   q_l = σ( h_{l−1} W + b )
 */
export function emitSleep(step: LearningStep, dream: Phase, areas?: readonly Area[]): void {
  const { compute, network, inputs } = step;
  const factor = 1 / inputs.rows;
  for (const area of areas ?? untaughtAreas(network)) {
    const ways = area.incoming.filter(
      ({ kind, hasWeights, from }) => kind === 'forward' && hasWeights && dream.takesPart(from),
    );
    const error = compute.temporary([inputs.rows, area.units]);
    compute.fill(error, 0);
    for (const projection of ways) projection.send(compute, error, dream.activity(projection.from), 1);
    compute.activate(error, error, area.bias?.values, 'logistic');
    compute.subtract(error, error, dream.output(area));
    for (const projection of ways) {
      if (!projection.plastic) continue;
      step.emit(projection, { kind: 'outer', pre: dream.activity(projection.from), post: error, factor });
    }
    if (area.bias) step.emit(area.bias, { kind: 'outer', post: error, factor });
  }
}
