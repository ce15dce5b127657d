import { z } from 'zod';
import { descend, emitReadouts, generative, stochastic } from '../../dynamics/index.ts';
import type { LearningStep } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { backpropagate } from '../../dynamics/feedforward/feedforward.ts';
import { machinesReference } from '../../references/restricted-boltzmann.ts';
import { refuseDisjointWiring } from '../shared/feedback.ts';
import { learningNow, withTopDownBias } from './readout.ts';
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
 * The deep belief net: a stack of restricted Boltzmann machines, trained one after the other by contrastive divergence,
 * each for `epochsPerArea` epochs. Fine-tuning takes the rest of the run:
 *
 * - `none`: only the readouts learn, by the delta rule, as they do throughout;
 * - `backprop`: all synapses descend the gradient of the loss, starting at the weights of the machines;
 * - `up-down`: wake–sleep with the topmost machine as an associative memory. Top-down weights G start as Wᵀ, then differ:
 *
 *     up:    h_l ~ σ( h_{l−1} W + b ),   ΔG = η h_{l+1} ⊗ ( h_l − σ( h_{l+1} G + c ) )
 *     top:   contrastive divergence, k steps from the result of the upward pass
 *     down:  from the end of these steps, h_l ~ σ( h_{l+1} G + c ),   ΔW = η h_{l−1} ⊗ ( h_l − σ( h_{l−1} W + b ) )
 *
 * Here a softmax reads the label out of the topmost area; in the source the label is part of the topmost machine.
 *
 * Source: Hinton, Osindero & Teh (2006), Neural Computation 18.
 */
export const deepBeliefNet = defineRule({
  id: 'deep-belief-net',
  family: 'Energy and equilibrium',
  title: 'Deep belief net',
  summary:
    'Restricted Boltzmann machines trained one after the other, then fine-tuning by backpropagation or wake–sleep.',
  equation: String.raw`\Delta W_l = \eta \left( \langle h_{l-1} h_l^\top \rangle^{0} - \langle h_{l-1} h_l^\top \rangle^{k} \right) \ \text{for } l = 1, 2, \ldots \text{ in turn}`,
  cites: ['hinton2006', 'hinton2002', 'hinton1995'],
  options: z.strictObject({
    epochsPerArea: z
      .number()
      .positive()
      .max(1e6)
      .default(1)
      .describe('number of epochs each machine learns, from the lowest up'),
    steps: z.int().min(1).max(1e5).default(1).describe('k: steps of Gibbs sampling per update'),
    fineTuning: z
      .enum(['none', 'backprop', 'up-down'])
      .default('backprop')
      .describe('learning after the machines: readouts only (none), or all synapses by backprop or up-down'),
    speed: z
      .number()
      .positive()
      .max(1e3)
      .default(1)
      .describe(
        'learning rate of fine-tuning, as a multiple of that of the machines; without effect under Adam and RMSprop',
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
      const machines = withTopDownBias(specification);
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

/** Returns whether machines still learn in this epoch. */
const isPretraining = ({ epoch }: LearningStep, machines: number, epochsPerArea: number): boolean =>
  epoch < machines * epochsPerArea;

/** Returns the same step with all terms scaled. */
const atSpeed = (step: Step, speed: number): Step => ({
  ...step,
  emit: (parameter, term) => step.emit(parameter, { ...term, factor: speed * (term.factor ?? 1) }),
});

/** Emits the terms of the up-down algorithm. */
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
  const recalled = new Map<Area, Tensor>(
    top.lowers.map((area) => [area, drawUnits(step, `remembered ${area.id}`, associated.rate(area))]),
  );
  const down = step.run(generative, 'down', {
    sample: (area) => !area.isInput,
    clamp: (area) => recalled.get(area),
  });
  emitSleep(
    step,
    down,
    below.map(({ upper }) => upper).filter((area) => down.takesPart(area)),
  );
}
