import { defineRule, feedforward, noOptions } from 'apical/rules';

/**
 * Only the last projection learns, on random features below it:
 *
 *   ΔW_L = −η h_{L−1}ᵀ δ_L,   ΔW_l = 0 below
 *
 * The baseline that a rule for hidden areas has to beat.
 */
export default defineRule({
  id: 'readout-only',
  family: 'Baselines',
  title: 'Readout only',
  summary: 'Hidden areas stay random; only the readout learns.',
  equation: String.raw`\Delta W_L = -\eta\, \delta_L\, h_{L-1}^\top`,
  cites: [],
  options: noOptions,
  dynamics: feedforward,

  learn(step) {
    const phase = step.run('forward');
    for (const objective of step.network.objectives) {
      const error = step.error(phase, objective);
      const factor = 1 / step.inputs.rows;
      if (objective.area.bias) step.emit(objective.area.bias, { kind: 'outer', post: error, factor });
      for (const projection of objective.area.incoming) {
        step.emit(projection, {
          kind: 'outer',
          pre: phase.activity(projection.from),
          post: error,
          factor,
        });
      }
    }
  },
});
