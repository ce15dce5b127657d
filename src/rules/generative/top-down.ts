import { generatingProjections } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { Network } from '../../network/network.ts';
import { projectionId } from '../../network/specification.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../../network/specification.ts';
import { untaughtAreas } from './readout.ts';

/**
 * Adds plastic feedback, which generates or reconstructs the area below from the area above. It answers every forward
 * projection with weights onto an area without an objective, unless the network already does.
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
  const existing = projections.map((projection) =>
    projection.answers === undefined ? projection : { plastic: true, ...projection },
  );
  return { ...specification, projections: [...existing, ...added] };
}

/** Returns the areas that a Helmholtz machine generates: from the area above, or the topmost ones from bias alone. */
export const generatedAreas = (network: Network): readonly Area[] =>
  network.areas.filter(({ topDownBias }) => topDownBias !== undefined);

/**
 * Emits the terms of the wake phase: top-down synapses learn to generate each area from the activity above it.
 *
 *   ΔG = η h_{l+1} ⊗ ( h_l − p_l ),   Δc = η ( h_l − p_l ),   p_l = σ( h_{l+1} G + c )
 */
export function emitWake(step: LearningStep, wake: Phase, areas: readonly Area[]): void {
  const { compute, inputs } = step;
  const factor = 1 / inputs.rows;
  for (const area of areas) {
    if (!area.topDownBias) continue;
    const error = compute.temporary(wake.output(area).shape);
    compute.fill(error, 0);
    const sources = generatingProjections(area);
    for (const projection of sources) projection.send(compute, error, wake.activity(projection.from), 1);
    compute.activate(error, error, area.topDownBias.values, 'logistic');
    compute.subtract(error, error, wake.output(area));
    for (const projection of sources) {
      if (!projection.plastic) continue;
      step.emit(projection, { kind: 'outer', pre: wake.activity(projection.from), post: error, factor });
    }
    step.emit(area.topDownBias, { kind: 'outer', post: error, factor });
  }
}

/**
 * Emits the terms of the sleep phase: bottom-up synapses learn to recover the causes of a dream.
 *
 *   ΔW = η h_{l−1} ⊗ ( h_l − q_l ),   Δb = η ( h_l − q_l ),   q_l = σ( h_{l−1} W + b )
 */
export function emitSleep(step: LearningStep, dream: Phase, areas?: readonly Area[]): void {
  const { compute, network, inputs } = step;
  const factor = 1 / inputs.rows;
  for (const area of areas ?? untaughtAreas(network)) {
    const sources = area.incoming.filter(
      ({ kind, hasWeights, from }) => kind === 'forward' && hasWeights && dream.takesPart(from),
    );
    const error = step.like(area);
    compute.fill(error, 0);
    for (const projection of sources) projection.send(compute, error, dream.activity(projection.from), 1);
    compute.activate(error, error, area.bias?.values, 'logistic');
    compute.subtract(error, error, dream.output(area));
    for (const projection of sources) {
      if (!projection.plastic) continue;
      step.emit(projection, { kind: 'outer', pre: dream.activity(projection.from), post: error, factor });
    }
    if (area.bias) step.emit(area.bias, { kind: 'outer', post: error, factor });
  }
}
