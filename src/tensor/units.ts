import type { Stream } from '../random/stream.ts';
import { activationOf, isOwnRate } from './activation.ts';
import type { ActivationReference } from './activation.ts';
import { counterOf } from './draws.ts';
import type { Kernels } from './kernels.ts';
import { mismatch, requireAlike } from './shapes.ts';
import type { Specifications } from './specification.ts';
import type { Tensor } from './tensor.ts';
import { activateBy, multiplyBySlopeOf, relaxBy } from './unfused-units.ts';

/**
 * Units of a network: activation functions, their slopes, relaxation, and binary units. Activation functions without
 * fused kernels run as one loop in f64 arithmetic.
 */
export interface UnitOperations {
  /**
   * Activates: out ← f(potential + bias). bias is (columns), (channels) or undefined; a channel is a run of
   * columns / channels neighbouring units.
   */
  activate(out: Tensor, potential: Tensor, bias: Tensor | undefined, activation: ActivationReference): void;
  /**
   * Multiplies by the slope: out ← a ⊙ f′ ⊙ gain, where f′ is a function of the rate f(x), or of the potential x where
   * `slope.from` of the activation says so: `from` is the one of the two. Without a gain, out ← a ⊙ f′. At a corner of
   * ReLU or the hard sigmoid the slope is 0.
   */
  multiplyBySlope(
    out: Tensor,
    a: Tensor,
    from: Tensor,
    gain: Tensor | undefined,
    activation: ActivationReference,
  ): void;
  /**
   * Takes one step of relaxation: state ← bound(state + size · (ρ′(state) ⊙ (received + drive) − state)), then
   * rate ← ρ(state). Hard sigmoids are bounded to [0, 1] and rectified units to [0, ∞). There ρ′ is 1 at the bounds
   * too: with 0, a unit that reaches a bound would stay. The states of all others are free. All tensors have one size.
   * state and rate may be one tensor for linear, ReLU and hard-sigmoid units; for others a RangeError is thrown.
   */
  relax(
    state: Tensor,
    rate: Tensor,
    received: Tensor,
    drive: Tensor,
    size: number,
    activation: ActivationReference,
  ): void;
  /**
   * Samples binary units: rate ← logistic(gain · (potential + bias)), then drawn ← 1 with that probability, else 0.
   * gain is the inverse temperature; bias is (columns), (channels) or undefined. rate may be the potential itself.
   * The random numbers are those of `drawUniform` with the same stream, step and firstRow.
   */
  fire(
    drawn: Tensor,
    rate: Tensor,
    potential: Tensor,
    bias: Tensor | undefined,
    gain: number,
    stream: Stream,
    step: number,
    firstRow?: number,
  ): void;
  /**
   * Updates coupled binary units one after the other, from the first to the last: with
   * x = gain · (drive_i + Σ_j state_j W_ij), state_i ← 1 where uniform_i < logistic(x), else 0.
   * Without `uniform`, state_i ← logistic(x). Shapes: state, drive and uniform (batch, units); weights (units, units),
   * symmetric.
   */
  sweep(state: Tensor, drive: Tensor, weights: Tensor, uniform: Tensor | undefined, gain: number): void;
}

export const UNIT_OPERATIONS: Specifications<UnitOperations> = {
  activate: { roles: ['out', 'in', 'in', 'value'] },
  multiplyBySlope: { roles: ['out', 'in', 'in', 'in', 'value'] },
  relax: { roles: ['inout', 'inout', 'in', 'in', 'value', 'value'] },
  fire: { roles: ['out', 'out', 'in', 'in', 'value', 'stream', 'value', 'value'] },
  sweep: {
    roles: ['inout', 'in', 'in', 'in', 'value'],
    multiplyAccumulates: ([state]) => (state as Tensor).size * (state as Tensor).columns,
  },
};

/** The same operations with their shapes checked, on a backend's kernels. */
export class CheckedUnits implements UnitOperations {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  activate(out: Tensor, potential: Tensor, bias: Tensor | undefined, activation: ActivationReference): void {
    requireAlike('activate', out, potential);
    const own = typeof activation === 'string' ? activationOf(activation) : activation;
    const kind = own.kernel;
    if (bias && bias.size !== out.columns) {
      const places = out.columns / bias.size;
      if (!Number.isInteger(places)) {
        const expected =
          'out(batch, units), potential(batch, units), and bias(units) or (channels) that divide the units';
        mismatch('activate', expected, out, potential, bias);
      }
      if (kind === undefined) {
        activateBy(own, out, potential, bias, places);
        return;
      }
      const { offset, size } = bias;
      this.#kernels.activateChannels(out.offset, potential.offset, offset, out.rows, size, places, kind);
      return;
    }
    if (kind === undefined) {
      activateBy(own, out, potential, bias, 1);
      return;
    }
    this.#kernels.activate(out.offset, potential.offset, bias?.offset ?? 0, out.rows, out.columns, kind);
  }

  multiplyBySlope(
    out: Tensor,
    a: Tensor,
    from: Tensor,
    gain: Tensor | undefined,
    activation: ActivationReference,
  ): void {
    requireAlike('multiplyBySlope', out, a, from);
    if (gain) requireAlike('multiplyBySlope', out, gain);
    const own = typeof activation === 'string' ? activationOf(activation) : activation;
    if (own.kernel === undefined) {
      multiplyBySlopeOf(own, out, a, from, gain);
      return;
    }
    this.#kernels.multiplyBySlope(out.offset, a.offset, from.offset, gain?.offset ?? 0, out.size, own.kernel);
  }

  relax(
    state: Tensor,
    rate: Tensor,
    received: Tensor,
    drive: Tensor,
    size: number,
    activation: ActivationReference,
  ): void {
    requireAlike('relax', state, rate, received, drive);
    const own = typeof activation === 'string' ? activationOf(activation) : activation;
    if (state.offset === rate.offset && !isOwnRate(own)) {
      throw new RangeError(
        `relax: ${own.name} units need a rate apart from their state. Allocate a tensor for each.`,
      );
    }
    if (own.kernel === undefined) {
      relaxBy(own, state, rate, received, drive, size);
      return;
    }
    const { offset, size: units } = state;
    this.#kernels.relax(offset, rate.offset, received.offset, drive.offset, units, size, own.kernel);
  }

  fire(
    drawn: Tensor,
    rate: Tensor,
    potential: Tensor,
    bias: Tensor | undefined,
    gain: number,
    stream: Stream,
    step: number,
    firstRow = 0,
  ): void {
    requireAlike('fire', drawn, rate, potential);
    if (bias && bias.size !== drawn.columns) {
      this.activate(rate, potential, bias, 'linear');
      this.fire(drawn, rate, rate, undefined, gain, stream, step, firstRow);
      return;
    }
    this.#kernels.fire(
      drawn.offset,
      rate.offset,
      potential.offset,
      bias?.offset ?? 0,
      drawn.rows,
      drawn.columns,
      gain,
      ...counterOf(stream, step),
      firstRow,
    );
  }

  sweep(state: Tensor, drive: Tensor, weights: Tensor, uniform: Tensor | undefined, gain: number): void {
    requireAlike('sweep', state, drive);
    if (uniform) requireAlike('sweep', state, uniform);
    const { rows, columns: units } = state;
    if (weights.rows !== units || weights.columns !== units) {
      mismatch(
        'sweep',
        'state(batch, units), drive(batch, units), weights(units, units)',
        state,
        drive,
        weights,
      );
    }
    this.#kernels.sweep(state.offset, drive.offset, weights.offset, uniform?.offset ?? 0, rows, units, gain);
  }
}
