import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Constraints } from './constraints.ts';
import type { Constraint } from './constraints.ts';
import type { Parameter } from './parameter.ts';
import type { Scheduled } from './schedule.ts';
import { valueAt } from './schedule.ts';
import type { Term } from './terms.ts';
import { accumulate, materialise } from './terms.ts';

/** The update of one parameter from the terms g of a rule. Decay and the norm bound apply to weights, not biases. */
export interface OptimiserSpecification {
  /**
   * - `sgd`: W ← W − η·g
   * - `momentum`: V ← μV − η·g, W ← W + V
   * - `nesterov`: as momentum, W ← W + μ·(V_new − V_old) + V_new (Sutskever et al. 2013)
   * - `rmsprop`: s ← ρs + (1−ρ)g², W ← W − η·g/(√s + ε) (Tieleman & Hinton 2012)
   * - `adam`: Kingma & Ba (2015), bias-corrected
   */
  readonly kind: 'sgd' | 'momentum' | 'nesterov' | 'rmsprop' | 'adam';
  /** Learning rate η. */
  readonly rate: Scheduled;
  /** μ of momentum and Nesterov, β₁ of Adam. */
  readonly momentum: Scheduled;
  /** ρ of RMSprop, β₂ of Adam. */
  readonly meanSquareDecay: number;
  /** ε of RMSprop and Adam. */
  readonly epsilon: number;
  /** Weight decay λ: each update also subtracts η·λ·W (for RMSprop and Adam, λ·W is added to g). */
  readonly decay: number;
  /** Upper bound on the norm of the weights of a unit; 0 for none. */
  readonly maximumNorm: number;
  /**
   * Decoupled weight decay λ: each update starts with W ← (1 − ηλ)·W for every kind (Loshchilov & Hutter 2019 do so for
   * Adam). The difference between two projections with equal terms then shrinks by exactly this factor. Default 0.
   */
  readonly decoupledDecay?: number;
  /** Whether `maximumNorm` bounds the incoming or the outgoing weights of a unit. Default incoming. */
  readonly boundedWeights?: 'incoming' | 'outgoing';
  /** A constraint on the weights of each unit, enforced after each update. Default none; null is none too. */
  readonly constraint?: Constraint | null | undefined;
}

/** Returns the optimiser of a parameter. */
export type OptimiserOf = (parameter: Parameter) => OptimiserSpecification;

/**
 * Returns plain gradient descent at a constant rate, without state, decay or bounds.
 *
 * @example
 * ```ts
 * import { plainDescent } from 'apical/rules';
 *
 * const optimiser = plainDescent(0.1); // W ← W − 0.1·g
 * ```
 */
export const plainDescent = (rate: number): OptimiserSpecification => ({
  kind: 'sgd',
  rate,
  momentum: 0,
  meanSquareDecay: 0,
  epsilon: 1,
  decay: 0,
  maximumNorm: 0,
});

interface State {
  readonly specification: OptimiserSpecification;
  /** Velocity, or running mean of the gradient. */
  readonly first: Tensor | undefined;
  /** Running mean square of the gradient. */
  readonly second: Tensor | undefined;
}

/**
 * Applies terms to parameters and keeps the state of each parameter. It alone changes weights.
 *
 * @example
 * ```ts
 * import { Network, openBackend, Optimiser, plainDescent, stack } from 'apical/rules';
 *
 * const compute = await openBackend();
 * const specification = stack({ layers: [2, 1], activation: 'linear', objective: 'squared-error' });
 * const network = new Network(compute, specification, 1);
 * const optimiser = new Optimiser(compute, network.parameters, () => plainDescent(0.1), 1);
 * compute.scope(() => {
 *   const pre = compute.temporary([1, 2]).set([1, 2]);
 *   const post = compute.temporary([1, 1]).set([0.5]);
 *   // The first update, in epoch 0: W ← W − 0.1 · preᵀ · post.
 *   optimiser.apply(network.projection('input→output'), [{ kind: 'outer', pre, post }], 1, 0);
 * });
 * ```
 */
export class Optimiser {
  readonly #compute: Compute;
  readonly #states = new Map<Parameter, State>();
  readonly #tensors = new Map<string, Tensor>();
  readonly #constraints: Constraints;
  readonly #epochs: number;

  /**
   * `specificationOf` returns the optimiser of each parameter; `epochs` is the length of the run, for schedules. Throws
   * `optimiser.constraint`.
   */
  constructor(
    compute: Compute,
    parameters: readonly Parameter[],
    specificationOf: (parameter: Parameter) => OptimiserSpecification,
    epochs: number,
  ) {
    this.#compute = compute;
    this.#epochs = epochs;
    for (const parameter of parameters) {
      const specification = specificationOf(parameter);
      const { kind } = specification;
      this.#states.set(parameter, {
        specification,
        first:
          kind === 'momentum' || kind === 'nesterov' || kind === 'adam'
            ? this.#state(parameter, 'first')
            : undefined,
        second: kind === 'rmsprop' || kind === 'adam' ? this.#state(parameter, 'second') : undefined,
      });
    }
    const constraintOf = (parameter: Parameter) =>
      this.#states.get(parameter)?.specification.constraint ?? undefined;
    this.#constraints = new Constraints(compute, parameters, constraintOf);
    for (const [name, tensor] of this.#constraints.tensors()) this.#tensors.set(name, tensor);
  }

  /** Returns the state tensors by name, for checkpoints. */
  tensors(): ReadonlyMap<string, Tensor> {
    return this.#tensors;
  }

  /** Returns whether the optimiser changes this parameter. */
  changes(parameter: Parameter): boolean {
    return this.#states.has(parameter);
  }

  /** Returns the learning rate of a parameter at a fractional epoch; 0 for a parameter that does not change. */
  rate(parameter: Parameter, epoch: number): number {
    const state = this.#states.get(parameter);
    return state ? valueAt(state.specification.rate, epoch, this.#epochs) : 0;
  }

  /**
   * Updates one parameter with its terms; `constrain` then ends the update of all parameters. `update` counts updates from
   * 1, and `epoch` is fractional; `compute` is the backend or a wrapper that records operations. Throws an Error for a parameter that is not plastic.
   */
  apply(
    parameter: Parameter,
    terms: readonly Term[],
    update: number,
    epoch: number,
    compute: Compute = this.#compute,
  ): void {
    const state = this.#states.get(parameter);
    if (!state) {
      throw new Error(
        `"${parameter.id}" is not plastic, so no term may be emitted for it. Emit none, or set its "plastic" to true.`,
      );
    }
    this.#constraints.begin(compute, parameter);
    const { specification } = state;
    const rate = valueAt(specification.rate, epoch, this.#epochs);
    const decay = parameter.role === 'weights' ? specification.decay : 0;
    const shrinkage = rate * (specification.decoupledDecay ?? 0);
    if (shrinkage !== 0 && parameter.role === 'weights') {
      compute.scale(parameter.values, parameter.values, 1 - shrinkage);
    }
    switch (specification.kind) {
      case 'sgd':
        accumulate(compute, parameter, parameter.values, terms, -rate, 1 - rate * decay);
        break;
      case 'momentum':
      case 'nesterov':
        this.#momentum(
          compute,
          parameter,
          state,
          terms,
          rate,
          valueAt(specification.momentum, epoch, this.#epochs),
          decay,
        );
        break;
      case 'rmsprop':
      case 'adam':
        this.#adaptive(compute, parameter, state, terms, rate, decay, update, epoch);
        break;
    }
    parameter.project(compute, parameter.values);
    parameter.enforceSigns(compute);
    if (specification.maximumNorm > 0 && parameter.role === 'weights') {
      parameter.limitNorms(compute, specification.boundedWeights ?? 'incoming', specification.maximumNorm);
    }
  }

  /** Enforces the constraints on all parameters that were updated since the last call. */
  constrain(compute: Compute = this.#compute): void {
    this.#constraints.enforce(compute);
  }

  /** Frees the state tensors. */
  dispose(): void {
    for (const tensor of this.#tensors.values()) this.#compute.free(tensor);
  }

  #state(parameter: Parameter, name: string): Tensor {
    const tensor = this.#compute.allocate(parameter.values.shape);
    this.#tensors.set(`${parameter.id}.${name}`, tensor);
    return tensor;
  }

  #momentum(
    compute: Compute,
    parameter: Parameter,
    { specification, first }: State,
    terms: readonly Term[],
    rate: number,
    momentum: number,
    decay: number,
  ): void {
    const velocity = first as Tensor;
    const weights = parameter.values;
    const nesterov = specification.kind === 'nesterov';
    const [term] = terms;
    if (parameter.isDense && terms.length === 1 && term?.kind === 'outer' && term.pre) {
      // A fused kernel: one product into the velocity and one pass over both, without storing the gradient.
      const scaled = rate * (term.factor ?? 1);
      compute.momentumStep(weights, velocity, term.pre, term.post, scaled, momentum, rate * decay, nesterov);
      return;
    }
    if (!nesterov) {
      // Products accumulate in the velocity itself, unless a term reads the weights, which must not move before.
      const reads = terms.some(({ kind }) => kind === 'weight-decay' || kind === 'mixing');
      if (!reads) {
        if (decay !== 0) {
          compute.combine(velocity, velocity, weights, momentum, -rate * decay);
          accumulate(compute, parameter, velocity, terms, -rate, 1);
        } else accumulate(compute, parameter, velocity, terms, -rate, momentum);
        compute.add(weights, weights, velocity);
        return;
      }
    }
    // W ← W − μV_old here and + (1+μ)V_new below is Nesterov; the terms have already read the old weights.
    const change = compute.temporary(weights.shape);
    accumulate(compute, parameter, change, terms, -rate, 0);
    if (decay !== 0) compute.addScaled(change, weights, -rate * decay);
    if (nesterov) compute.addScaled(weights, velocity, -momentum);
    compute.combine(velocity, velocity, change, momentum, 1);
    compute.addScaled(weights, velocity, nesterov ? 1 + momentum : 1);
  }

  #adaptive(
    compute: Compute,
    parameter: Parameter,
    { specification, first, second }: State,
    terms: readonly Term[],
    rate: number,
    decay: number,
    update: number,
    epoch: number,
  ): void {
    const gradient = compute.temporary(parameter.values.shape);
    materialise(compute, parameter, gradient, terms);
    if (decay !== 0) compute.addScaled(gradient, parameter.values, decay);
    const { meanSquareDecay, epsilon } = specification;
    if (specification.kind === 'rmsprop') {
      compute.rmspropStep(parameter.values, second as Tensor, gradient, rate, meanSquareDecay, epsilon);
    } else {
      const beta1 = valueAt(specification.momentum, epoch, this.#epochs);
      compute.adamStep(
        parameter.values,
        first as Tensor,
        second as Tensor,
        gradient,
        rate,
        beta1,
        meanSquareDecay,
        epsilon,
        update,
      );
    }
  }
}
