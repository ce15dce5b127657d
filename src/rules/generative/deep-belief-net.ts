import { z } from 'zod';
import { descend, emitReadouts, generative, stochastic } from '../../dynamics/index.ts';
import type { LearningStep } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { backpropagate } from '../../dynamics/feedforward/feedforward.ts';
import { machinesReference } from '../../references/restricted-boltzmann.ts';
import { refuseDisjointWiring } from '../shared/feedback.ts';
import { learningNow, withTopDownThresholds } from './readout.ts';
import {
  drawUnits,
  emitContrastiveDivergence,
  fantasiesOf,
  machinesOf,
  measureMachines,
  reconstructionOf,
  refuseMachines,
  refusePooling,
} from './restricted-boltzmann.ts';
import { defineRule } from '../../learning/rule.ts';
import { emitSleep, emitWake, withGeneratingFeedback } from './top-down.ts';

/**
 * The deep belief net: a stack of restricted Boltzmann machines, learned one after the other by contrastive divergence,
 * each for `epochsPerArea` epochs; then for the rest of the run
 *
 * - `none`: only the readouts learn, by the delta rule, as they do all along;
 * - `backprop`: all synapses go down the gradient of the loss, from where the machines have brought them;
 * - `up-down`: wake–sleep with the topmost machine as an associative memory. Top-down weights G start as Wᵀ and part:
 *
 *     up:    h_l ~ σ( h_{l−1} W + b ),   ΔG = η h_{l+1} ⊗ ( h_l − σ( h_{l+1} G + c ) )
 *     top:   contrastive divergence, k steps from what came up
 *     down:  from where these ended, h_l ~ σ( h_{l+1} G + c ),   ΔW = η h_{l−1} ⊗ ( h_l − σ( h_{l−1} W + b ) )
 *
 * Here the label is read out of the topmost area by a softmax, where the source makes it part of the topmost machine.
 *
 * Source: Hinton, Osindero & Teh (2006), Neural Computation 18.
 */
export const deepBeliefNet = defineRule({
  id: 'deep-belief-net',
  family: 'Energy and equilibrium',
  title: 'Deep belief net',
  summary:
    'Restricted Boltzmann machines learned one after the other, then a readout, and fine-tuning by backpropagation or wake–sleep.',
  equation: String.raw`\Delta W_l = \eta \left( \langle h_{l-1} h_l^\top \rangle^{0} - \langle h_{l-1} h_l^\top \rangle^{k} \right) \ \text{for } l = 1, 2, \ldots \text{ in turn}`,
  cites: ['hinton2006', 'hinton2002', 'hinton1995'],
  options: z.strictObject({
    epochsPerArea: z
      .number()
      .positive()
      .max(1e6)
      .default(1)
      .describe('epochs in which each machine learns, from the lowest up'),
    steps: z.int().min(1).max(1e5).default(1).describe('k: steps of Gibbs sampling an update'),
    fineTuning: z
      .enum(['none', 'backprop', 'up-down'])
      .default('backprop')
      .describe('what learns when the machines are done: the readouts alone, or all of it'),
    speed: z
      .number()
      .positive()
      .max(1e3)
      .default(1)
      .describe(
        'learning rate of fine-tuning, as a multiple of that of the machines; not for Adam and RMSprop',
      ),
  }),
  dynamics: stochastic,
  network: {
    refuses: (specification, { fineTuning }) =>
      refuseMachines(specification) ??
      (fineTuning === 'up-down'
        ? (refusePooling(specification) ?? refuseDisjointWiring(specification))
        : undefined),
    wire: (specification, { fineTuning }) => {
      const machines = withTopDownThresholds(specification);
      return fineTuning === 'up-down'
        ? withGeneratingFeedback(machines, { startsTransposed: true })
        : machines;
    },
  },
  learning: {
    reference:
      (network, { epochsPerArea, fineTuning }) =>
      (step) => {
        const machines = machinesOf(network);
        if (isPretraining(step, machines.length, epochsPerArea)) {
          machinesReference(learningNow(step, machines, epochsPerArea))?.(step);
        } else if (fineTuning === 'backprop') backpropagate(step);
      },
  },
  report: {
    measures: (network) => machinesOf(network).map(({ upper }) => reconstructionOf(upper)),
    evaluate: (step, phase) => measureMachines(step, phase),
    fantasies: (step) => fantasiesOf(step),
  },

  learn(step) {
    const { network, options } = step;
    const machines = machinesOf(network);
    if (isPretraining(step, machines.length, options.epochsPerArea)) {
      const data = step.run('data');
      for (const machine of learningNow(step, machines, options.epochsPerArea)) {
        emitContrastiveDivergence(step, data, machine, { steps: options.steps, chains: 0 });
      }
      emitReadouts(step, data);
      return;
    }
    const tuned = atSpeed(step, options.speed);
    if (options.fineTuning === 'backprop') {
      const phase = tuned.run('forward');
      descend(tuned, phase, (projection, above, below, beta) =>
        projection.sendBack(tuned.compute, below, above, beta),
      );
      return;
    }
    emitReadouts(tuned, tuned.run('readout'));
    if (options.fineTuning === 'up-down') upAndDown(tuned);
  },
});

type Options = z.output<typeof deepBeliefNet.options>;
type Step = LearningStep<Options, typeof stochastic>;

const isPretraining = ({ epoch }: LearningStep, machines: number, epochsPerArea: number): boolean =>
  epoch < machines * epochsPerArea;

/** The same step, with all its terms scaled. */
const atSpeed = (step: Step, speed: number): Step => ({
  ...step,
  emit: (parameter, term) => step.emit(parameter, { ...term, factor: speed * (term.factor ?? 1) }),
});

function upAndDown(step: Step): void {
  const machines = machinesOf(step.network);
  const top = machines.at(-1);
  if (!top) return;
  const below = machines.slice(0, -1);
  const up = step.run('up', { sample: true });
  emitWake(
    step,
    up,
    below.flatMap(({ lowers }) => lowers),
  );
  const associated = emitContrastiveDivergence(step, up, top, { steps: step.options.steps, chains: 0 });
  if (below.length === 0) return;
  const remembered = new Map<Area, Tensor>(
    top.lowers.map((area) => [area, drawUnits(step, `remembered ${area.id}`, associated.rate(area))]),
  );
  const down = step.run(generative, 'down', {
    sample: (area) => area !== step.network.input,
    clamp: (area) => remembered.get(area),
  });
  emitSleep(
    step,
    down,
    below.map(({ upper }) => upper).filter((area) => down.takesPart(area)),
  );
}
