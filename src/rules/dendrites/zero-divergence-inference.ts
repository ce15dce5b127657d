import { predictiveInference as inference, emitIncoming } from '../../dynamics/index.ts';
import type { LearningStep, Moment, PredictiveCompartment, PredictivePhase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { defineRule, noOptions } from '../../learning/rule.ts';

/**
 * Zero-divergence inference learning: predictive coding that equals backpropagation exactly, not only in a limit. All
 * errors except those of the output start at 0, and inference steps have size 1. The synapses onto an area change in the
 * step in which the error arrives there: step t for an area t projections below the output.
 *
 *   x_l(t) = x_l(0) + f′(x_l) ⊙ ( ε_{l+1}(t−1) W_{l+1}ᵀ ),   ε_l(t) = x_l(t) − μ_l(0) = −δ_l,   ΔW_l = η f(x_{l−1}(t))ᵀ ε_l(t)
 *
 * This holds because the areas below have not moved yet, so the prediction is still that of the forward pass.
 *
 * Source: Song, Lukasiewicz, Xu & Bogacz (2020), NeurIPS 33.
 */
export const zeroDivergenceInference = defineRule({
  id: 'zero-divergence-inference',
  family: 'Dendrites and prediction errors',
  title: 'Zero-divergence inference',
  summary: 'Changes synapses just when the prediction error arrives: equals backpropagation up to rounding.',
  equation: String.raw`\Delta W_l = \eta\, \varepsilon_l(t)\, f(x_{l-1}(t))^\top \text{ at } t = L - l, \qquad x_l(t) = x_l(0) + f'(x_l) \odot W_{l+1}^\top \varepsilon_{l+1}(t-1)`,
  cites: ['song2020'],
  options: noOptions,
  dynamics: inference,
  network: {
    refuses: refuseUnequalPaths,
  },

  learn(step) {
    const { network } = step;
    const depths = depthsBelowOutput(
      network.areas.map(({ id }) => id),
      network.projections.map(edgeOf),
    );
    const arrives = (depth: number) => network.areas.filter(({ id }) => depths.get(id) === depth);
    const start = step.run('forward', { nudge: 1 });
    step.score(start);
    for (const area of arrives(0)) emitAt(step, start, area);
    step.run('inference', {
      start,
      nudge: 1,
      stepSize: 1,
      steps: Math.max(0, ...depths.values()),
      each: (moment) => {
        for (const area of arrives(moment.step)) emitAt(step, moment, area);
      },
    });
  },
});

/** Emits the terms of the synapses onto an area from copies of the current activity, which changes later. */
function emitAt(step: LearningStep, now: PredictivePhase | Moment<PredictiveCompartment>, area: Area): void {
  const { compute, inputs } = step;
  if (area.isInput) return;
  const copied = (tensor: Tensor) => {
    const copy = compute.temporary(tensor.shape);
    compute.copy(copy, tensor);
    return copy;
  };
  const activity = (from: Area) => copied(now.activity(from));
  emitIncoming(step, { activity }, area, copied(now.compartment(area, 'error')), -1 / inputs.rows);
}

type Edge = Readonly<{ kind: string; from: string; to: string }>;

const edgeOf = ({ kind, from, to }: { kind: string; from: Area; to: Area }): Edge => ({
  kind,
  from: from.id,
  to: to.id,
});

/** Returns the number of forward projections from each area to the output, along the longest path. */
function depthsBelowOutput(
  areas: readonly string[],
  projections: readonly Edge[],
): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const depthOf = (area: string): number => {
    const known = depths.get(area);
    if (known !== undefined) return known;
    const above = projections.filter(({ kind, from }) => kind === 'forward' && from === area);
    const depth = above.length === 0 ? 0 : 1 + Math.max(...above.map(({ to }) => depthOf(to)));
    depths.set(area, depth);
    return depth;
  };
  areas.forEach(depthOf);
  return depths;
}

function refuseUnequalPaths({
  areas,
  projections,
  input,
  objectives,
}: NetworkSpecification): string | undefined {
  const edges = projections.map(({ kind = 'forward', from, to }) => ({ kind, from, to }));
  const depths = depthsBelowOutput(
    areas.map(({ id }) => id),
    edges,
  );
  const alternatives = 'Rules that do: predictive-coding, backprop';
  const early = objectives.find(({ area }) => depths.get(area) !== 0);
  if (early) {
    return `area "${early.area}" has an objective and areas above it, so errors arrive there at two times. ${alternatives}`;
  }
  const uneven = edges.find(
    ({ kind, from, to }) =>
      kind === 'forward' && from !== input && depths.get(from) !== (depths.get(to) ?? 0) + 1,
  );
  return (
    uneven &&
    `paths of unequal length lead from "${uneven.from}" to the output, so errors arrive there at several times. ${alternatives}`
  );
}
