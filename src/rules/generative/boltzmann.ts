import { z } from 'zod';
import { gibbs, makesChoice, biasOf } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import { lossOf } from '../../network/objectives/resolve.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { boltzmannReference, isEnumerable } from '../../references/boltzmann.ts';
import { defineRule } from '../../learning/rule.ts';

const options = z.strictObject({
  model: z
    .enum(['outputs', 'all'])
    .default('outputs')
    .describe('modelled likelihood: that of the targets given the inputs (outputs), or of both (all)'),
  temperatures: z
    .array(z.number().positive().max(1e6))
    .max(1e5)
    .default([8, 4, 2, 1.5])
    .describe('temperatures of the sweeps that cool a phase down; later sweeps run at temperature 1'),
  settling: z
    .int()
    .min(0)
    .max(1e6)
    .default(6)
    .describe('number of sweeps at temperature 1 before products count'),
  average: z.int().min(1).max(1e6).default(4).describe('number of sweeps over which products are averaged'),
  silenced: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('noisy clamping: probability that a clamped unit whose value is 1 is off'),
  fired: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('noisy clamping: probability that a clamped unit whose value is 0 is on'),
  samples: z.int().min(1).max(1e5).default(1).describe('number of independent samples per example'),
  chains: z
    .int()
    .min(0)
    .max(1e6)
    .default(0)
    .describe('number of persistent free-running chains, for model "all"; 0: each free phase starts anew'),
  evaluationSweeps: z.int().min(1).max(1e6).default(20).describe('number of mean-field sweeps in evaluation'),
});

type Options = z.output<typeof options>;

/**
 * The Boltzmann machine: Hebbian while the outputs are clamped to their targets, anti-Hebbian while they are free.
 *
 *   ΔW_ij = η ( ⟨s_i s_j⟩⁺ − ⟨s_i s_j⟩⁻ ),     Δb_i = η ( ⟨s_i⟩⁺ − ⟨s_i⟩⁻ )
 *
 * In the positive phase (⁺) inputs and targets are clamped. In the negative phase (⁻) only the inputs are clamped, and
 * the machine learns ln P(target | input). With `model: "all"` nothing is clamped in ⁻, and it learns
 * ln P(input, target). At equilibrium of both phases this is the gradient (compared with enumeration by test).
 *
 * Each phase starts hot and cools down to T = 1; products are averaged over the sweeps that follow. With `chains`, the
 * free phase instead continues the chains of the previous update (persistent chains). In evaluation, units take their
 * probabilities (mean field).
 *
 * With noisy clamping, clamped values are drawn anew for every sweep. They are 1 with probability `fired` for a value
 * of 0, 1 − `silenced` for a value of 1, and in between for grey values. Products are averaged over the moments before
 * and after the free units respond. Weights then stay bounded: without noise, weights between units that are never on
 * together decrease for ever. The reference gradient is computed without noise.
 *
 * Source: Ackley, Hinton & Sejnowski (1985), Cognitive Science 9; persistent chains: Tieleman (2008), ICML.
 */
export const boltzmann = defineRule({
  id: 'boltzmann',
  family: 'Energy and equilibrium',
  title: 'Boltzmann machine',
  summary: 'Stochastic units at equilibrium: Hebbian with the targets clamped, anti-Hebbian without.',
  equation: String.raw`\Delta W_{ij} = \eta \left( \langle s_i s_j \rangle^+ - \langle s_i s_j \rangle^- \right), \qquad p(s_i = 1) = \sigma\!\left( \frac{\sum_j W_{ij} s_j + b_i}{T} \right)`,
  cites: ['ackley1985', 'tieleman2008', 'geman1984'],
  options,
  dynamics: gibbs,
  network: {
    refuses: (specification, options) =>
      refuseChains(options) ?? refuseNoTarget(specification) ?? refuseNoisyChoice(specification, options),
    wire: (specification, { model }) => (model === 'all' ? withVisibleBias(specification) : specification),
  },
  learning: {
    phase: ({ evaluationSweeps }) => ({ steps: evaluationSweeps }),
    state: (network, { chains }) =>
      network.areas.flatMap((area) =>
        chains > 0 ? [{ name: chainOf(area), shape: [chains, area.units], scope: 'chain' as const }] : [],
      ),
    reference: (network, { model }) => (isEnumerable(network, model) ? boltzmannReference(model) : undefined),
  },
  report: {
    fantasies(step) {
      if (step.options.model !== 'all') return undefined;
      const { temperatures, settling } = step.options;
      const free = step.run('fantasies', {
        ...{ sample: true, freeInput: true },
        temperature: [...temperatures, ...new Array<number>(settling + 1).fill(1)],
      });
      return {
        inputs: free.rate(step.network.input),
        caption: 'Probabilities of the input after cooling down, with nothing clamped.',
      };
    },
  },

  learn(step) {
    const { options, inputs, network } = step;
    step.score(step.run('evaluation'));
    const all = step.repeated(options.samples);
    const targets = new Map<Area, Tensor>();
    for (const objective of network.objectives) targets.set(objective.area, all.target(objective));
    const input: Clamp = (area) => (area.isInput ? all.inputs : undefined);
    const rows = inputs.rows * options.samples;
    sampled(all, 'positive', (area) => targets.get(area) ?? input(area), -1 / rows);
    const { model, chains } = options;
    const free: Clamp = () => undefined;
    sampled(all, 'negative', model === 'outputs' ? input : free, 1 / (chains > 0 ? chains : rows));
  },
});

const refuseChains = ({ model, chains }: Options): string | undefined =>
  model === 'outputs' && chains > 0
    ? `ruleOptions.chains is ${chains}, but persistent chains run with nothing clamped and model "outputs" clamps the inputs: set ruleOptions.model=all or ruleOptions.chains=0`
    : undefined;

/** Refuses an objective that compares its area with nothing: the positive phase clamps targets. */
function refuseNoTarget({ objectives }: NetworkSpecification): string | undefined {
  const objective = objectives.find((each) => lossOf(each).target === 'none');
  return objective
    ? `its positive phase clamps targets, and the objective of "${objective.area}" has none. Rules that do: backprop, feedback-alignment`
    : undefined;
}

/** Refuses noisy clamping of a choice: exactly one of its units is on, which independent noise would violate. */
function refuseNoisyChoice(
  specification: NetworkSpecification,
  { silenced, fired }: Options,
): string | undefined {
  if (silenced === 0 && fired === 0) return undefined;
  const choice = specification.objectives.find(({ area }) => makesChoice(specification, area));
  return choice
    ? `"${choice.area}" makes a choice of one unit, which noisy clamping does not preserve: set ruleOptions.silenced=0 and ruleOptions.fired=0, or make the area logistic (network.outputActivation)`
    : undefined;
}

/** Returns the clamped values of an area, (rows, units); undefined for a free area. */
type Clamp = (area: Area) => Tensor | undefined;

type Step = LearningStep<Options, typeof gibbs>;

/** Brings a phase to equilibrium and emits factor · ⟨s_i s_j⟩, averaged over its last sweeps. */
function sampled(step: Step, name: string, given: Clamp, factor: number): void {
  const { compute, options, network } = step;
  const { temperatures, settling, average, silenced, fired } = options;
  const isFree = !network.areas.some(given);
  const isNoisy = (silenced > 0 || fired > 0) && !isFree;
  const persists = options.chains > 0 && isFree;
  const clampsAt = isNoisy ? noisyClamps(step, name, given) : () => given;
  const sweep = (moment: string, temperature: readonly number[], clamp: Clamp, start: Clamp | undefined) =>
    step.run(`${name}, ${moment}`, {
      ...{ sample: true, temperature, clamp, start },
      freeInput: clamp(network.input) === undefined,
    });
  const cool = new Array<number>(settling).fill(1);
  const cooling = persists ? cool : [...temperatures, ...cool];
  // Without noise clamped values stay constant, so one phase takes all sweeps of the cooling.
  const [hot = cooling, ...cooler] = isNoisy ? cooling.map((temperature) => [temperature]) : [];
  const begin: Clamp = (area) => step.state(chainOf(area));
  let phase = sweep('cooling', hot, clampsAt('cooling'), persists ? begin : undefined);
  for (const [stage, temperature] of cooler.entries()) {
    const moment = `cooling ${stage}`;
    const before = phase;
    phase = sweep(moment, temperature, clampsAt(moment), (area) => before.state(area));
  }
  for (let counted = 0; counted < average; counted++) {
    const moment = `sweep ${counted}`;
    const clamp = clampsAt(moment);
    const before = phase;
    if (isNoisy) {
      const early = sweep(`before ${moment}`, [], (area) => clamp(area) ?? before.state(area), undefined);
      emitProducts(step, early, factor / (2 * average));
    }
    phase = sweep(moment, [1], clamp, (area) => before.state(area));
    emitProducts(step, phase, factor / (isNoisy ? 2 * average : average));
  }
  if (!persists) return;
  for (const area of network.areas) compute.copy(step.state(chainOf(area)), phase.state(area));
}

/**
 * Returns a function of a moment that draws noisy clamped values, 1 with probability
 * fired + (1 − silenced − fired) · given. Draws are keyed by the names of phase and moment.
 */
function noisyClamps(step: LearningStep<Options>, name: string, given: Clamp): (moment: string) => Clamp {
  const { compute, network, options } = step;
  const { silenced, fired } = options;
  const probabilities = network.areas.flatMap((area) => {
    const values = given(area);
    if (!values) return [];
    const probability = compute.temporary(values.shape);
    compute.fill(probability, fired);
    compute.addScaled(probability, values, 1 - silenced - fired);
    return [{ area, probability }];
  });
  return (moment) => {
    const drawn = new Map<Area, Tensor>();
    for (const { area, probability } of probabilities) {
      const draw = compute.temporary(probability.shape);
      compute.drawUniform(draw, 0, 1, step.stream(`noise of ${area.id}, ${name}, ${moment}`), step.step);
      compute.below(draw, draw, probability);
      drawn.set(area, draw);
    }
    return (area) => drawn.get(area);
  };
}

/** Emits factor · s_i s_j for every plastic forward and lateral synapse, and factor · s_i for every bias. */
export function emitProducts(step: LearningStep, phase: Phase, factor: number): void {
  const { network } = step;
  for (const projection of network.projections) {
    const { kind, from, to, plastic } = projection;
    if (kind === 'feedback' || !plastic || !phase.takesPart(from) || !phase.takesPart(to)) continue;
    step.emit(projection, { kind: 'outer', pre: phase.activity(from), post: phase.activity(to), factor });
  }
  for (const area of network.areas) {
    if (!phase.takesPart(area)) continue;
    const bias = biasOf(area, (other) => phase.takesPart(other));
    if (bias) step.emit(bias, { kind: 'outer', post: phase.activity(area), factor });
  }
}

const chainOf = (area: Area) => `chains of ${area.id}`;

/** Adds a bias to the input, whose units may be free. */
const withVisibleBias = (specification: NetworkSpecification): NetworkSpecification => ({
  ...specification,
  areas: specification.areas.map((area) =>
    area.id === specification.input ? { topDownBias: true, ...area } : area,
  ),
});
