import { refuseAsymmetry, symmetricCouplings } from '../settling/couplings.ts';
import { temperaturesOf } from './gibbs.ts';
import type { Dynamics } from '../phase.ts';
import { relaxState } from '../settling/hopfield.ts';
import { relax } from '../settling/relaxation.ts';

/**
 * Langevin dynamics on the energy of the continuous Hopfield network, clamped areas held:
 *
 *   s ← s − ε ∂E/∂s + √(2εT) ξ,     ξ ~ N(0, 1)
 *
 * As ε → 0 and time goes on, states come from the density ∝ exp(−E/T); at finite ε the error of a moment is of order
 * ε. Units must be smooth: logistic, tanh or linear. Draws are keyed by (phase, area, step of the phase), step and row.
 *
 * Source: Bengio, Mesnard, Fischer, Zhang & Wu (2017), Neural Computation 29, on inference by Langevin sampling;
 * Neal (2011), Handbook of Markov Chain Monte Carlo, chapter 5.
 */
export const langevin: Dynamics = {
  id: 'langevin',
  title: 'Langevin sampling',
  activations: ['logistic', 'tanh', 'linear'],
  advice: 'take smaller steps with ruleOptions.stepSize',
  refuses: refuseAsymmetry,
  run(setting, name, options = {}) {
    const { compute, step, stream } = setting;
    const temperatures = temperaturesOf(options);
    return relax(
      {
        settles: 'states',
        couplings: symmetricCouplings,
        update(its, settling, size, taken) {
          const { state, rate, area } = settling;
          relaxState(its, settling, size);
          compute.scope(() => {
            const noise = compute.temporary(state.shape);
            const deviation = Math.sqrt(2 * size * (temperatures[taken] as number));
            compute.drawNormal(noise, 0, deviation, stream(`${name} ${area.id} ${taken}`), step);
            compute.combine(state, state, noise, 1, 1);
            compute.activate(rate, state, undefined, area.activation);
          });
        },
      },
      setting,
      name,
      { ...options, steps: temperatures.length },
    );
  },
};
