import { refuseAsymmetry, symmetricCouplings } from '../settling/couplings.ts';
import { relaxState } from '../settling/hopfield.ts';
import { RELAXATION_OPTIONS } from '../settling/options.ts';
import type { RelaxationOptions, SettledPhase } from '../settling/options.ts';
import { relax } from '../settling/relaxation.ts';
import type { Accepts, Dynamics } from '../step.ts';
import { temperaturesOf } from './temperature.ts';
import type { Annealing } from './temperature.ts';

/** Phase options of Langevin dynamics. */
export type LangevinOptions = RelaxationOptions & Annealing;

/**
 * Langevin dynamics on the energy of the continuous Hopfield network, with clamped areas held fixed:
 *
 *   s ← s − ε ∂E/∂s + √(2εT) ξ,     ξ ~ N(0, 1)
 *
 * As ε → 0 and the number of steps grows, states are samples of the density ∝ exp(−E/T); at finite ε the error of a
 * moment is of order ε. Units must be smooth: logistic, tanh or linear. Draws are keyed by (phase, area, step of the phase), step and row.
 *
 * Source: Bengio, Mesnard, Fischer, Zhang & Wu (2017), Neural Computation 29, on inference by Langevin sampling;
 * Neal (2011), Handbook of Markov Chain Monte Carlo, chapter 5.
 */
export const langevin: Dynamics<LangevinOptions, SettledPhase> = {
  id: 'langevin',
  title: 'Langevin sampling',
  accepts: { ...RELAXATION_OPTIONS, temperature: true } satisfies Accepts<LangevinOptions>,
  activations: ['logistic', 'tanh', 'linear'],
  hint: 'take smaller steps (ruleOptions.stepSize)',
  refuses: refuseAsymmetry,
  run(setting, name, options) {
    const { compute, step, stream } = setting;
    const temperatures = temperaturesOf(options);
    return relax(
      {
        settles: 'states',
        couplings: symmetricCouplings,
        update(within, settling, size, taken) {
          const { state, rate, area } = settling;
          relaxState(within, settling, size);
          compute.scope(() => {
            const noise = compute.temporary(state.shape);
            const deviation = Math.sqrt(2 * size * (temperatures[taken] as number));
            compute.drawNormal(noise, 0, deviation, stream(`${name} ${area.id} ${taken}`), step);
            compute.add(state, state, noise);
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
