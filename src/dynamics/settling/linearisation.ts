import type { Phase } from '../phase.ts';
import type { LearningStep } from '../step.ts';
import { isFeedback } from './couplings.ts';
import type { Coupling } from './couplings.ts';
import type { Relaxation } from './relaxation.ts';
import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import { ApicalError } from '../../errors.ts';
import { hasActivation, isOwnRate } from '../../tensor/activation.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** A tensor, (batch, units), of every area that settles. */
export type ByArea = ReadonlyMap<Area, Tensor>;

/** The activity at which a settling network is linearised; tensors (batch, units). */
export type Point = Pick<Phase, 'activity' | 'rate' | 'gain'>;

/** An area and the couplings to the areas that it sends to, from which its own derivative comes. */
interface Node {
  readonly area: Area;
  /** Couplings of the receiving areas; `from` is this one. */
  readonly out: readonly { readonly to: Area; readonly coupling: Coupling }[];
}

/**
 * The derivatives of ds/dt = F(s) of a network that settles, as its cost sees them: the common part of recurrent
 * backpropagation and backpropagation through time. With a_j = Σ_i w_ij ρ_i + b_j, over all couplings w, forward or
 * back,
 *
 *   states:  F_j = ρ′(s_j) a_j − s_j     (∂F/∂s)ᵀ λ = ρ′ ⊙ (δ Wᵀ) − (1 − κ) ⊙ λ     δ = ρ′ ⊙ λ,    κ = ρ″ ⊙ a
 *   rates:   F_j = f(a_j) − x_j          (∂F/∂x)ᵀ λ = δ Wᵀ − λ                       δ = f′(a) ⊙ λ
 *   λ · ∂F/∂w_ij = ρ_i δ_j,    λ · ∂F/∂b_j = δ_j
 *
 * κ is (1 − 2ρ) ⊙ ρ′a of logistic units, −2ρ ⊙ ρ′a of tanh, (1 − ρ′) ⊙ ρ′a of softplus, and 0 of units that are their
 * own rate, whose ρ′ is 1. What their bounds cut off is left to `bound`. Of an activation function of a user's own ρ″ is
 * not known: states with one cannot be linearised, but rates can.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { defineRule, hopfield, Linearisation, recurrentBackpropagation } from 'apical/rules';
 *
 * // The first step of recurrent backpropagation alone: only synapses onto the output learn.
 * const rule = defineRule({
 *   ...recurrentBackpropagation,
 *   id: 'one-step-back',
 *   learn(step) {
 *     const free = step.run('free', { steps: 20 });
 *     step.score(free);
 *     const linear = new Linearisation(step, hopfield.relaxation, free, free.settling.feedbackGain);
 *     const [lambda, delta] = [linear.make(), linear.make()];
 *     linear.pull(lambda);
 *     linear.signals(lambda, delta);
 *     linear.emit(delta, 1 / step.inputs.rows);
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8], activation: 'tanh' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export class Linearisation {
  readonly areas: readonly Area[];
  readonly #step: LearningStep;
  readonly #relaxation: Relaxation;
  readonly #feedbackGain: number;
  readonly #nodes: readonly Node[];
  readonly #point: Point;
  /** What each area approaches, s + ds/dt: ρ′ ⊙ a of states, f(a) of rates; at a fixed point the state itself. */
  readonly #drawn: ByArea;

  /** What f′ is a function of, for rates that settle: f(a), or a. */
  readonly #from = new Map<Area, Tensor>();

  /**
   * Linearises a relaxation at a point, such as a phase that has settled. Feedback counts with its gain. Throws
   * `dynamics.curvature` for states with an activation function whose second derivative is not known.
   */
  constructor(step: LearningStep, relaxation: Relaxation, point: Point, feedbackGain: number) {
    const { network } = step;
    refuseUnknownCurvature(network, relaxation);
    this.#step = step;
    this.#relaxation = relaxation;
    this.#feedbackGain = feedbackGain;
    this.areas = network.areas.filter((area) => !area.isInput);
    const couplings = this.areas.flatMap((to) =>
      relaxation.couplings(network, to).map((coupling) => ({ to, coupling })),
    );
    this.#nodes = this.areas.map((area) => ({
      area,
      out: couplings.filter(({ coupling }) => coupling.from === area),
    }));
    this.#point = point;
    this.#drawn = this.#drawnTo();
  }

  /** Returns a tensor of zeros for each area that settles, as temporaries. */
  make(): ByArea {
    const { compute, inputs } = this.#step;
    return new Map(
      this.areas.map((area) => {
        const tensor = compute.temporary([inputs.rows, area.units]);
        compute.fill(tensor, 0);
        return [area, tensor];
      }),
    );
  }

  /** out ← ∂C/∂s. */
  pull(out: ByArea): void {
    const { compute, network } = this.#step;
    for (const [area, tensor] of out) {
      const objectives = network.objectives.filter((objective) => objective.area === area);
      if (objectives.length === 0) compute.fill(tensor, 0);
      for (const [index, objective] of objectives.entries()) {
        const own = index === 0 ? tensor : compute.temporary(tensor.shape);
        this.#step.pull(objective, this.#point.rate(area), own);
        if (own !== tensor) compute.add(tensor, tensor, own);
      }
      if (objectives.length === 0) continue;
      if (this.#hasSlope(area) && this.#relaxation.settles === 'states') {
        compute.multiplyBySlope(tensor, tensor, this.#point.rate(area), undefined, area.activation);
      }
    }
  }

  /** delta ← δ of λ. */
  signals(lambda: ByArea, delta: ByArea): void {
    const { compute } = this.#step;
    const ofStates = this.#relaxation.settles === 'states';
    for (const [area, out] of delta) {
      const adjoint = lambda.get(area) as Tensor;
      const gain = ofStates ? this.#point.gain(area) : undefined;
      if (!ofStates) {
        compute.multiplyBySlope(out, adjoint, this.#from.get(area) as Tensor, undefined, area.activation);
      } else if (this.#hasSlope(area)) {
        compute.multiplyBySlope(out, adjoint, this.#point.rate(area), gain, area.activation);
      } else if (gain) compute.multiply(out, adjoint, gain);
      else compute.copy(out, adjoint);
    }
  }

  /** out ← (∂F/∂s)ᵀ λ, from δ of λ. */
  transposed(lambda: ByArea, delta: ByArea, out: ByArea): void {
    const { compute } = this.#step;
    for (const { area, out: couplings } of this.#nodes) {
      const change = out.get(area) as Tensor;
      compute.fill(change, 0);
      for (const { to, coupling } of couplings) this.#return(coupling, delta.get(to) as Tensor, change);
      const gain = this.#point.gain(area);
      if (this.#relaxation.settles === 'states' && this.#hasSlope(area)) {
        compute.multiplyBySlope(change, change, this.#point.rate(area), gain, area.activation);
      } else if (gain) compute.multiply(change, change, gain);
      const adjoint = lambda.get(area) as Tensor;
      compute.scope(() => {
        const bend = this.#bend(area);
        if (bend) {
          compute.multiply(bend, bend, adjoint);
          compute.add(change, change, bend);
        }
        compute.subtract(change, change, adjoint);
      });
    }
  }

  /** λ ← 0 where a unit that is its own rate has reached a bound in the step. */
  bound(lambda: ByArea, rate: (area: Area) => Tensor): void {
    if (this.#relaxation.settles !== 'states') return;
    for (const [area, tensor] of lambda) {
      if (this.#hasSlope(area) || hasActivation(area, 'linear')) continue;
      this.#step.compute.multiplyBySlope(tensor, tensor, rate(area), undefined, area.activation);
    }
  }

  /** Emits the terms factor · λ ∂F/∂θ of every plastic parameter, from δ of λ. */
  emit(delta: ByArea, factor: number): void {
    const step = this.#step;
    for (const { area, out } of [{ area: step.network.input, out: this.#ofInput() }, ...this.#nodes]) {
      for (const { to, coupling } of out) {
        const { projection, back } = coupling;
        if (!projection.plastic) continue;
        const [sent, post] = [this.#point.activity(area), delta.get(to) as Tensor];
        const scaled = isFeedback(coupling) ? factor * this.#feedbackGain : factor;
        if (back) step.emit(projection, { kind: 'outer', pre: post, post: sent, factor: scaled });
        else step.emit(projection, { kind: 'outer', pre: sent, post, factor: scaled });
        // Within an area a symmetric matrix has one weight for both directions of a pair.
        if (projection.isSymmetric) step.emit(projection, { kind: 'outer', pre: post, post: sent, factor });
      }
    }
    for (const [{ bias }, post] of delta) if (bias) step.emit(bias, { kind: 'outer', post, factor });
  }

  #drawnTo(): ByArea {
    const { compute } = this.#step;
    const drawn = this.make();
    for (const [area, out] of drawn) {
      for (const coupling of this.#relaxation.couplings(this.#step.network, area)) {
        const { projection, from, back } = coupling;
        this.#gained(coupling, this.#point.activity(from), (sent) => {
          if (back) projection.sendBack(compute, out, sent, 1);
          else projection.send(compute, out, sent, 1);
        });
      }
      const ofStates = this.#relaxation.settles === 'states';
      if (!ofStates && area.activation.slope.from === 'potential') {
        const potential = compute.temporary(out.shape);
        compute.activate(potential, out, area.bias?.values, 'linear');
        compute.activate(out, potential, undefined, area.activation);
        this.#from.set(area, potential);
      } else {
        compute.activate(out, out, area.bias?.values, ofStates ? 'linear' : area.activation);
        this.#from.set(area, out);
      }
      const gain = this.#point.gain(area);
      if (ofStates && this.#hasSlope(area)) {
        compute.multiplyBySlope(out, out, this.#point.rate(area), gain, area.activation);
      } else if (ofStates && gain) compute.multiply(out, out, gain);
    }
    return drawn;
  }

  /** Calls `use` with a signal, scaled by the feedback gain if the coupling carries feedback. */
  #gained(coupling: Coupling, signal: Tensor, use: (gained: Tensor) => void): void {
    const { compute } = this.#step;
    if (!isFeedback(coupling)) {
      use(signal);
      return;
    }
    compute.scope(() => {
      const scaled = compute.temporary(signal.shape);
      compute.scale(scaled, signal, this.#feedbackGain);
      use(scaled);
    });
  }

  #ofInput(): Node['out'] {
    const { network } = this.#step;
    return this.areas.flatMap((to) =>
      this.#relaxation
        .couplings(network, to)
        .filter(({ from }) => from.isInput)
        .map((coupling) => ({ to, coupling })),
    );
  }

  /** change += what δ of the receiver of a coupling sends back to its sender. */
  #return(coupling: Coupling, delta: Tensor, change: Tensor): void {
    const { compute } = this.#step;
    const { projection, back } = coupling;
    this.#gained(coupling, delta, (returned) => {
      if (back) projection.send(compute, change, returned, 1);
      else projection.sendBack(compute, change, returned, 1);
    });
  }

  /** κ, a temporary (batch, units); undefined where it is 0. */
  #bend(area: Area): Tensor | undefined {
    const { activation } = area;
    if (this.#relaxation.settles !== 'states' || !this.#hasSlope(area)) return undefined;
    const { compute } = this.#step;
    const [drawn, rate] = [this.#drawn.get(area) as Tensor, this.#point.rate(area)];
    const bend = compute.temporary(drawn.shape);
    if (hasActivation(area, 'softplus')) {
      compute.multiplyBySlope(bend, drawn, rate, undefined, activation);
      compute.subtract(bend, drawn, bend);
      return bend;
    }
    compute.multiply(bend, drawn, rate);
    compute.scale(bend, bend, -2);
    if (hasActivation(area, 'logistic')) compute.add(bend, bend, drawn);
    return bend;
  }

  /** Whether ρ′ is other than 1 within bounds. */
  #hasSlope({ activation }: Area): boolean {
    return !isOwnRate(activation);
  }
}

/** Whether the second derivative of every activation function is known, as far as a linearisation needs it. */
export const isLinearisable = (network: Network, relaxation: Relaxation): boolean =>
  ofUnknownCurvature(network, relaxation) === undefined;

const ofUnknownCurvature = ({ areas, input }: Network, { settles }: Relaxation): Area | undefined =>
  settles === 'rates'
    ? undefined
    : areas.find((area) => area !== input && area.activation.kernel === undefined);

function refuseUnknownCurvature(network: Network, relaxation: Relaxation): void {
  const area = ofUnknownCurvature(network, relaxation);
  if (!area) return;
  throw new ApicalError(
    'dynamics.curvature',
    `The gradient at the fixed point of states needs the second derivative of their activation function, which is not known for ${area.activation.name} (area "${area.id}"). Use a built-in activation function, or a rule that does not need this gradient.`,
    { area: area.id, activation: area.activation.name },
  );
}
