import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Phase, PhaseOptions, Start } from '../phase.ts';
import type { Accepts } from '../step.ts';

/** Phase options of networks that settle. A clamped area's rate is what it is clamped to. */
export interface RelaxationOptions extends Omit<PhaseOptions, 'start'> {
  /**
   * Where states begin: in silence by default; or after a pass along the forward projections alone, in which each area
   * takes one whole step from silence; or where a phase of the same step ended. If both phases clamp the input alone,
   * the second reuses what the input sent in the first, so no weight may have changed in between.
   */
  readonly start?: Start | 'feedforward' | undefined;
  /** Number of steps, or with a tolerance the largest number. Default 20. */
  readonly steps?: number | undefined;
  /** ε: size of a step, in membrane time constants. Default 0.5. */
  readonly stepSize?: number | undefined;
  /** The phase ends when the root mean square of ds/dt falls below this; 0, the default, takes all steps. */
  readonly tolerance?: number | undefined;
  /** β: objectives pull their areas by −β ∂C/∂output. Default 0. */
  readonly nudge?: number | undefined;
  /** Whether the input is free like any other area, instead of clamped to the examples. */
  readonly freeInput?: boolean | undefined;
}

/** The same for dynamics whose feedback may be weaker than their forward signals. */
export interface FeedbackGainOptions extends RelaxationOptions {
  /** γ: signals that travel backwards along a projection are multiplied by this. Default 1. */
  readonly feedbackGain?: number | undefined;
}

/** The options that all networks that settle understand, as `Dynamics.accepts` names them. */
export const RELAXATION_OPTIONS = {
  clamp: true,
  drive: true,
  values: true,
  start: true,
  each: true,
  steps: true,
  stepSize: true,
  tolerance: true,
  nudge: true,
  freeInput: true,
} satisfies Accepts<RelaxationOptions>;

/** How a phase settled. */
export interface Settling {
  /** Number of steps taken. */
  readonly steps: number;
  /** Root mean square of ds/dt at the last check, over units and examples; undefined without a `tolerance`. */
  readonly speed: number | undefined;
  /** The factor of signals that travelled backwards. */
  readonly feedbackGain: number;
  /** What stayed fixed for each area, its bias and the signals of the input, (batch, units); undefined where phase options add to it. */
  readonly drives: ReadonlyMap<Area, Tensor> | undefined;
}

/** A phase that settled. */
export interface SettledPhase extends Phase {
  readonly settling: Settling;
}
