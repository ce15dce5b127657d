import { expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import type { LearningStep } from '../../../src/dynamics/index.ts';
import type { Area, Projection } from '../../../src/network/area.ts';
import { stack } from '../../../src/network/index.ts';
import { backpropagate } from '../../../src/dynamics/feedforward/feedforward.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Tensor } from '../../../src/tensor/index.ts';
import { clouds, gradientsOf, learnerOf, release, UNITS } from '../fixtures.ts';

const on = openAll(['reference']);

/**
 * Emits the terms of equilibrium propagation for an energy whose minimum is the feedforward pass,
 *
 *   E = ½ Σ_l ‖s_l − f(s_{l−1} W_l + b_l)‖²,     F = E + βC
 *
 * E is 0 for s_l = f(…), so the free phase is one pass, and the update is −(1/β) ∂E/∂W at the nudged fixed point.
 */
function energyContrast(step: LearningStep, nudge: number): void {
  const { compute, network, inputs } = step;
  const free = step.run('forward');
  const areas = network.areas.filter((area) => area !== network.input);
  const states = new Map(areas.map((area) => [area, compute.temporary([inputs.rows, area.units])]));
  for (const [area, state] of states) compute.copy(state, free.rate(area));
  const sent = (area: Area): Tensor => states.get(area) ?? inputs;
  const into = (area: Area) => area.incoming[0] as Projection;
  /** Returns s − f and f′ ⊙ (s − f) of every area, at the current states. */
  const residuals = () =>
    new Map(
      areas.map((area) => {
        const [rate, error, delta] = [1, 2, 3].map(() => compute.temporary([inputs.rows, area.units])) as [
          Tensor,
          Tensor,
          Tensor,
        ];
        into(area).send(compute, rate, sent(into(area).from));
        compute.activate(rate, rate, area.bias?.values, area.activation);
        compute.subtract(error, sent(area), rate);
        compute.multiplyBySlope(delta, error, rate, undefined, area.activation);
        return [area, { error, delta }] as const;
      }),
    );
  for (let taken = 0; taken < 400; taken++) {
    compute.scope(() => {
      const now = residuals();
      const forces = areas.map((area) => {
        const force = compute.temporary([inputs.rows, area.units]);
        compute.scale(force, now.get(area)?.error as Tensor, -1);
        for (const projection of area.outgoing) {
          projection.sendBack(compute, force, now.get(projection.to)?.delta as Tensor, 1);
        }
        const objective = network.objectives.find((candidate) => candidate.area === area);
        if (objective) {
          const pull = compute.temporary(force.shape);
          step.pull(objective, sent(area), pull);
          compute.addScaled(force, pull, -nudge);
        }
        return force;
      });
      for (const [index, area] of areas.entries())
        compute.addScaled(sent(area), forces[index] as Tensor, 0.2);
    });
  }
  // ∂E/∂W = −s_{l−1} ⊗ f′ ⊙ (s_l − f), which is 0 in the free phase.
  const factor = -1 / (nudge * inputs.rows);
  for (const [area, { delta }] of residuals()) {
    step.emit(into(area), { kind: 'outer', pre: sent(into(area).from), post: delta, factor });
    if (area.bias) step.emit(area.bias, { kind: 'outer', post: delta, factor });
  }
}

test.each<[string, 'logistic' | 'linear', 'squared-error' | 'cross-entropy']>([
  ['squared error', 'logistic', 'squared-error'],
  ['cross-entropy', 'linear', 'cross-entropy'],
])(
  'backpropagation equals equilibrium propagation of a feedforward energy: %s',
  (_, outputActivation, objective) => {
    const compute = on('reference');
    const learner = learnerOf(compute, ruleById('backprop'), {
      specification: stack({ layers: [UNITS, 6, 5, 3], activation: 'tanh', outputActivation, objective }),
    });
    const batch = clouds(compute, 0, 4);
    const exact = [...gradientsOf(compute, learner, batch, backpropagate)].sort();
    const errorAt = (nudge: number) => {
      const found = new Map(gradientsOf(compute, learner, batch, (step) => energyContrast(step, nudge)));
      let [difference, power] = [0, 0];
      for (const [id, gradient] of exact) {
        for (const [i, value] of gradient.entries()) {
          difference += (value - (found.get(id)?.[i] ?? NaN)) ** 2;
          power += value ** 2;
        }
      }
      return Math.sqrt(difference / power);
    };
    const [coarse, fine] = [1e-2, 1e-3].map(errorAt) as [number, number];
    expect(fine).toBeLessThan(5e-3);
    expect(Math.log10(coarse / fine)).toBeCloseTo(1, 1);
    release(compute, batch);
    learner.dispose();
  },
);
