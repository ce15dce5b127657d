import { defineRule, feedforward, z } from 'apical/rules';

/**
 * Oja's subspace rule in every area, one after the other, without an objective: units find directions of large variance.
 *
 *   ΔW = η xᵀy − η yᵀy Wᵀ, as a matrix of (presynaptic, postsynaptic): ΔW = η (xᵀ − W yᵀ) y
 *
 * The measure "explained" is the share of the presynaptic power that the units explain, 1 − ‖x − yWᵀ‖² / ‖x‖².
 *
 * Source: Oja (1989), International Journal of Neural Systems 1.
 */
export default defineRule({
  id: 'hebbian',
  family: 'Hebbian',
  title: 'Subspace rule',
  summary: 'Correlates presynaptic and postsynaptic activity, with a decay by the reconstruction.',
  equation: String.raw`\Delta W = \eta\, (x - W y)\, y^\top`,
  cites: [],
  options: z.strictObject({
    scale: z.number().positive().default(1).describe('factor of the change'),
  }),
  dynamics: feedforward,
  network: {
    wire: (specification) => ({ ...specification, objectives: [] }),
  },

  learn(step) {
    const { compute, network, options } = step;
    const phase = step.run('forward');
    for (const projection of network.projections.filter(({ plastic }) => plastic)) {
      const x = phase.activity(projection.from);
      const y = phase.activity(projection.to);
      const residual = compute.temporary(x.shape);
      projection.sendBack(compute, residual, y, 0);
      compute.subtract(residual, x, residual);
      step.emit(projection, { kind: 'outer', pre: residual, post: y, factor: -options.scale / step.count });
    }
  },

  report: {
    measures: () => ['explained'],
    evaluate(step, phase) {
      const { compute, network, inputs } = step;
      const [projection] = network.projections;
      if (!projection) return;
      const residual = compute.temporary(inputs.shape);
      projection.sendBack(compute, residual, phase.activity(projection.to), 0);
      compute.subtract(residual, inputs, residual);
      const [power, lost] = [compute.temporary([inputs.rows]), compute.temporary([inputs.rows])];
      compute.dotRows(power, inputs, inputs);
      compute.dotRows(lost, residual, residual);
      compute.subtract(lost, power, lost);
      step.measure('explained', lost, power);
    },
  },
});
