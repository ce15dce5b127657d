import { z } from 'zod';
import { gibbs, makesChoice, biasOf } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { boltzmannReference, isEnumerable } from '../../references/boltzmann.ts';
import { defineRule } from '../../learning/rule.ts';

const options = z.strictObject({
  model: z
    .enum(['outputs', 'all'])
    .default('outputs')
    .describe('what it learns the likelihood of: the targets given the inputs, or all that it sees'),
  temperatures: z
    .array(z.number().positive().max(1e6))
    .max(1e5)
    .default([8, 4, 2, 1.5])
    .describe('of the sweeps that cool a phase down; the sweeps after them are at 1'),
  settling: z.int().min(0).max(1e6).default(6).describe('sweeps at temperature 1 before products count'),
  average: z.int().min(1).max(1e6).default(4).describe('sweeps over which products are averaged'),
  silenced: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('noisy clamping: how often a clamped unit that ought to be on is off'),
  fired: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('noisy clamping: how often a clamped unit that ought to be off is on'),
  samples: z.int().min(1).max(1e5).default(1).describe('machines side by side for every example'),
  chains: z
    .int()
    .min(0)
    .max(1e6)
    .default(0)
    .describe('with model "all": free-running chains that go on from update to update; 0: each phase anew'),
  evaluationSweeps: z.int().min(1).max(1e6).default(20).describe('mean-field sweeps in an evaluation'),
});

type Options = z.output<typeof options>;

/**
 * The Boltzmann machine: what fires together more often with the outputs clamped to the truth than without is wired
 * more strongly, the rest less.
 *
 *   ΔW_ij = η ( ⟨s_i s_j⟩⁺ − ⟨s_i s_j⟩⁻ ),     Δb_i = η ( ⟨s_i⟩⁺ − ⟨s_i⟩⁻ )
 *
 * ⁺: inputs and targets clamped. ⁻: the inputs clamped, and the machine learns ln P(target | input); or with
 * `model: "all"` nothing clamped, and it learns ln P(input, target), the likelihood of all that it sees. If both phases
 * were at equilibrium this would be the gradient (held to enumeration by test).
 *
 * Each phase begins hot, or with `chains` where free-running chains ended in the update before (persistent chains), and
 * cools down to T = 1; the products are averaged over the sweeps that follow. In evaluation units take their
 * probabilities (mean field).
 *
 * With noisy clamping, what is clamped is drawn anew for every sweep: 1 with a probability between `fired` (where it
 * ought to be 0) and 1 − `silenced` (where 1), so that grey inputs become black and white. Products are averaged over the
 * moments before and after free units have heard of it. Weights then stay small: without, those between units that are
 * never on together go on falling for ever. The gradient that the rule is compared with is that without noise.
 *
 * Source: Ackley, Hinton & Sejnowski (1985), Cognitive Science 9; persistent chains: Tieleman (2008), ICML.
 */
export const boltzmann = defineRule({
  id: 'boltzmann',
  family: 'Energy and equilibrium',
  title: 'Boltzmann machine',
  summary: 'Hebbian with the targets clamped, anti-Hebbian without, by stochastic units at equilibrium.',
  equation: String.raw`\Delta W_{ij} = \eta \left( \langle s_i s_j \rangle^+ - \langle s_i s_j \rangle^- \right), \qquad p(s_i = 1) = \sigma\!\left( \frac{\sum_j W_{ij} s_j + b_i}{T} \right)`,
  cites: ['ackley1985', 'tieleman2008', 'geman1984'],
  options,
  dynamics: gibbs,
  network: {
    refuses: (specification, options) => refuseChains(options) ?? refuseNoisyChoice(specification, options),
    wire: (specification, { model }) =>
      model === 'all' ? withVisibleThresholds(specification) : specification,
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
        caption: 'Probabilities of the input when nothing is clamped, after cooling down.',
      };
    },
  },

  learn(step) {
    const { options, inputs, network } = step;
    step.score(step.run('evaluation'));
    const all = step.repeated(options.samples);
    const targets = new Map<Area, Tensor>();
    for (const objective of network.objectives) targets.set(objective.area, all.target(objective));
    const input: Given = (area) => (area === network.input ? all.inputs : undefined);
    const rows = inputs.rows * options.samples;
    sampled(all, 'positive', (area) => targets.get(area) ?? input(area), -1 / rows);
    const { model, chains } = options;
    const free: Given = () => undefined;
    sampled(all, 'negative', model === 'outputs' ? input : free, 1 / (chains > 0 ? chains : rows));
  },
});

const refuseChains = ({ model, chains }: Options): string | undefined =>
  model === 'outputs' && chains > 0
    ? 'chains that run free from update to update need nothing clamped, but model is "outputs": set ruleOptions.model=all or ruleOptions.chains=0'
    : undefined;

/** A choice has one unit on, which units with noise of their own do not keep to. */
function refuseNoisyChoice(
  specification: NetworkSpecification,
  { silenced, fired }: Options,
): string | undefined {
  if (silenced === 0 && fired === 0) return undefined;
  const choice = specification.objectives.find(({ area }) => makesChoice(specification, area));
  return choice
    ? `"${choice.area}" makes a choice, which noisy clamping would take apart: set ruleOptions.silenced=0 and ruleOptions.fired=0, or make the area logistic (network.outputActivation)`
    : undefined;
}

/** What an area is held at, (rows, units); nothing where it is free. */
type Given = (area: Area) => Tensor | undefined;

type Step = LearningStep<Options, typeof gibbs>;

/** Brings a phase to equilibrium and emits factor · ⟨s s⟩ over its last sweeps. */
function sampled(step: Step, name: string, given: Given, factor: number): void {
  const { compute, options, network } = step;
  const { temperatures, settling, average, silenced, fired } = options;
  const isFree = !network.areas.some(given);
  const isNoisy = (silenced > 0 || fired > 0) && !isFree;
  const persists = options.chains > 0 && isFree;
  const clampsAt = isNoisy ? noisyClamps(step, name, given) : () => given;
  const sweep = (moment: string, temperature: readonly number[], clamp: Given, start: Given | undefined) =>
    step.run(`${name}, ${moment}`, {
      ...{ sample: true, temperature, clamp, start },
      freeInput: clamp(network.input) === undefined,
    });
  const cool = new Array<number>(settling).fill(1);
  const cooling = persists ? cool : [...temperatures, ...cool];
  // What is clamped without noise stays as it is: then one phase cools down.
  const [hot = cooling, ...cooler] = isNoisy ? cooling.map((temperature) => [temperature]) : [];
  const begin: Given = (area) => step.state(chainOf(area));
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
      const unheard = sweep(`before ${moment}`, [], (area) => clamp(area) ?? before.state(area), undefined);
      emitProducts(step, unheard, factor / (2 * average));
    }
    phase = sweep(moment, [1], clamp, (area) => before.state(area));
    emitProducts(step, phase, factor / (isNoisy ? 2 * average : average));
  }
  if (!persists) return;
  for (const area of network.areas) compute.copy(step.state(chainOf(area)), phase.state(area));
}

/**
 * Draws of what is given, anew at every moment: on with probability fired + (1 − silenced − fired) · given. Keyed by the
 * names of phase and moment.
 */
function noisyClamps(step: LearningStep<Options>, name: string, given: Given): (moment: string) => Given {
  const { compute, network, options } = step;
  const { silenced, fired } = options;
  const probabilities = network.areas.flatMap((area) => {
    const its = given(area);
    if (!its) return [];
    const probability = compute.temporary(its.shape);
    compute.fill(probability, fired);
    compute.addScaled(probability, its, 1 - silenced - fired);
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

/** factor · s_i s_j for every plastic forward and lateral synapse, and factor · s_i for thresholds. */
export function emitProducts(step: LearningStep, phase: Phase, factor: number): void {
  const { network } = step;
  for (const projection of network.projections) {
    const { kind, from, to, plastic } = projection;
    if (kind === 'feedback' || !plastic || !phase.takesPart(from) || !phase.takesPart(to)) continue;
    step.emit(projection, { kind: 'outer', pre: phase.activity(from), post: phase.activity(to), factor });
  }
  for (const area of network.areas) {
    if (!phase.takesPart(area)) continue;
    const bias = biasOf(area, (its) => phase.takesPart(its));
    if (bias) step.emit(bias, { kind: 'outer', post: phase.activity(area), factor });
  }
}

const chainOf = (area: Area) => `chains of ${area.id}`;

/** The input may be free: its units need thresholds of their own. */
const withVisibleThresholds = (specification: NetworkSpecification): NetworkSpecification => ({
  ...specification,
  areas: specification.areas.map((area) =>
    area.id === specification.input ? { topDownBias: true, ...area } : area,
  ),
});
