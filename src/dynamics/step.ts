import type { Area, Projection } from '../network/area.ts';
import type { Objective } from '../network/objective.ts';
import type { Parameter } from '../network/parameter.ts';
import type { Term } from '../network/terms.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Phase, PhaseOptions, Setting } from './phase.ts';

/**
 * Everything a learning rule can reach in one update. Temporaries live until the update ends; a rule never
 * writes a weight, it emits terms.
 */
export interface LearningStep<Options = unknown> extends Setting {
  readonly options: Options;
  /** Lets activity arise, as often as the rule needs phases. */
  run(name: string, options?: PhaseOptions): Phase;
  /**
   * ∂L/∂(rate) of the objective's area, (batch, units), summed over nothing: one row an example. L is
   * cross-entropy in nats or ½‖y − d‖². Throws `objective.no-derivative` for an objective without one.
   * The first phase judged in a step, by `error` or `losses`, is added to the run's tally.
   */
  error(phase: Phase, objective: Objective): Tensor;
  /** (batch, units): what an objective's area should give; class labels as one-hot rows. */
  target(objective: Objective): Tensor;
  /** Adds a phase to the run's tally as the first one judged, where a rule asks for neither its error nor its losses. */
  judge(phase: Phase): void;
  /** (batch): the loss of every example, over all objectives or of one. To a synapse it is a global scalar. */
  losses(phase: Phase, objective?: Objective): Tensor;
  /** Mean of `losses`: one number, read back. */
  loss(phase: Phase): number;
  /**
   * Measures and uses `count` samples in turn. Where workers share a training, each measures some of them and the
   * numbers are all that passes between workers: every worker draws every sample itself, to use it. So a sample
   * is drawn from its number alone. A rule that calls this says so by `sharedSamples`.
   */
  samples(count: number, draw: (sample: number) => Sample): void;
  /**
   * This step with every example in it `samples` times: row s·batch + e is sample s of example e. Its terms go
   * where this one's go. Draws keyed by row make many samples in one product equal to many samples one by one.
   */
  repeated(samples: number): LearningStep<Options>;
  /** Adds a term, an estimate of the loss's gradient, to the parameter's change at the end of the step. */
  emit(parameter: Parameter, term: Term): void;
  /**
   * Changes synapses at once by the terms emitted so far in this step, for rules that learn while activity is still on
   * its way; their rates are per unit of time, so a term's factor holds the time step. Where nothing is to change, as
   * in a probe, the terms are kept and add up.
   */
  apply(): void;
  /**
   * Notes something of every example, (batch), under a name that the rule declared in `measures`: what is shown is the mean
   * over examples, or with `whole`, (batch), the share Σ values / Σ whole.
   */
  measure(name: string, values: Tensor, whole?: Tensor): void;
  /** A tensor that the rule declared; its scope says how long it lives. One of scope "example" is recalled. */
  state(name: string): Tensor;
  /** (batch, …), a temporary: what was remembered of these examples under that name; 0 of those never seen. */
  recall(name: string): Tensor;
  /** Remembers this (batch, …) of these examples, unless they are not training examples or nothing is to change. */
  remember(name: string, values: Tensor): void;
}

/** One perturbation that a rule tries. Temporaries made in drawing and measuring it are gone afterwards. */
export interface Sample {
  /** Its effect: one number. */
  measure(): number;
  /** What follows from that number, in the order of the samples. */
  use(effect: number): void;
}

/** How an error crosses a projection from the area above to the one below: below ← …(above) + beta · below. */
export type SendDown = (projection: Projection, above: Tensor, below: Tensor, beta: number) => void;

/**
 * Errors of every area from the objectives down, and the terms that follow from them:
 *
 *   δ_output = ∂L/∂y ⊙ f′,   δ_l = (what is sent down from δ_{l+1}) ⊙ f′ ⊙ gain,   term of W_l: h_{l−1} ⊗ δ_l / batch
 *
 * What is sent down is all in which backpropagation and its feedback kin differ. Where a soma takes on only a share of
 * what its dendrite receives, f(share · (h W + b)), `shareOf` says so, and δ is that of the dendrite.
 *
 * Returns δ of every area that has one, (batch, units).
 */
export function descend(
  step: LearningStep,
  phase: Phase,
  sendDown: SendDown,
  shareOf: (area: Area) => number = () => 1,
): (area: Area) => Tensor | undefined {
  const { compute, network, inputs } = step;
  const errors: (Tensor | undefined)[] = [];

  for (let index = network.areas.length - 1; index >= 0; index--) {
    const area = network.areas[index] as Area;
    if (area === network.input) continue;
    let error: Tensor | undefined;
    for (const projection of area.outgoing) {
      const above = errors[projection.to.index];
      if (projection.kind !== 'forward' || !above) continue;
      const below: Tensor = error ?? compute.temporary([inputs.rows, area.units]);
      // Without weights there is only one way back, for every rule.
      if (projection.hasWeights) sendDown(projection, above, below, error ? 1 : 0);
      else projection.sendBack(compute, below, above, error ? 1 : 0, { sent: phase.activity(area) });
      error = below;
    }
    let gain = error && phase.gain(area);
    const objective = network.objectives.find((candidate) => candidate.area === area);
    if (objective) {
      // An objective looks at the rate, before dropout: the gain belongs to what came down alone.
      const own = step.error(phase, objective);
      if (error && gain) compute.multiply(error, error, gain);
      if (error) compute.combine(own, own, error, 1, 1);
      error = own;
      gain = undefined;
    }
    if (!error) continue; // nothing downstream is trained
    if (area.activation !== 'linear' || gain) {
      compute.multiplyBySlope(error, error, phase.rate(area), gain, area.activation);
    }
    const share = shareOf(area);
    if (share !== 1) compute.scale(error, error, share);
    errors[area.index] = error;
  }

  const factor = 1 / inputs.rows;
  for (const area of network.areas) {
    const error = errors[area.index];
    if (error) emitIncoming(step, phase, area, error, factor);
  }
  return (area) => errors[area.index];
}

/** For every plastic forward synapse onto an area, and its thresholds: the term factor · h ⊗ post, h of the phase. */
export function emitIncoming(
  step: LearningStep,
  phase: Pick<Phase, 'activity'>,
  area: Area,
  post: Tensor,
  factor: number,
): void {
  for (const projection of area.incoming) {
    if (projection.kind !== 'forward' || !projection.plastic) continue;
    step.emit(projection, { kind: 'outer', pre: phase.activity(projection.from), post, factor });
  }
  if (area.bias) step.emit(area.bias, { kind: 'outer', post, factor });
}

/**
 * The delta rule for areas with an objective, by which what rules without a teacher have found is read out:
 *
 *   ΔW = −η h ⊗ (∂L/∂y ⊙ f′)
 *
 * Nothing is sent down, so the areas below do not hear of the objective.
 */
export function emitReadouts(step: LearningStep, phase: Phase): void {
  const { compute, network, inputs } = step;
  for (const objective of network.objectives) {
    const { area } = objective;
    const error = step.error(phase, objective);
    if (area.activation !== 'linear') {
      compute.multiplyBySlope(error, error, phase.rate(area), undefined, area.activation);
    }
    emitIncoming(step, phase, area, error, 1 / inputs.rows);
  }
}
