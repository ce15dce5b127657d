import type { Batch, Learner } from '../../learning/learner.ts';
import type { Compute } from '../../tensor/compute.ts';
import { watched } from '../../tensor/watch.ts';
import { Recorder } from './recorder.ts';
import type { Stored } from './stored.ts';

/** The information that reached the synapses of one projection, as recorded in real steps. */
export interface LocalityRow {
  readonly projection: string;
  /** Projections whose transposed weights were used, including by activity that settles in both directions. */
  readonly transposedWeights: readonly string[];
  /** Other projections whose weights were read in any way except by sending a signal through them. */
  readonly otherWeights: readonly string[];
  /**
   * Values that were read outside of operations, by their sources, before the synapses changed: "weights of a→b". Numbers
   * cannot be followed, so that the update may depend on them in any way.
   */
  readonly valuesRead: readonly string[];
  /** Whether a signed signal arrived here that was computed from an objective's error and is not activity. */
  readonly signedError: boolean;
  /** Whether the target itself arrived here, or the activity of an area that was clamped to it. */
  readonly target: boolean;
  /** Whether the input's activity carried an error: the phase presented inputs computed from an error or a target. */
  readonly errorInInput: boolean;
  /** Single numbers computed from many and used here. */
  readonly globalScalars: readonly string[];
  /** Number of phases in the step. */
  readonly phases: number;
  /** Number of projections that the error crossed in sequence before this synapse could change. */
  readonly waitsForProjections: number;
  /** What the rule must store between steps for these synapses, apart from the weights and the optimiser's state. */
  readonly stored: readonly Stored[];
  /** Whether an error of a later time step met activity of an earlier one here, as in backpropagation through time. */
  readonly backwardsInTime: boolean;
  /** All sources of the update: "activity of hidden1", "error of output", "through a→b". */
  readonly sources: readonly string[];
}

/** Cost of a step for one example, as counted in a real step. */
export interface Cost {
  /** Multiply–accumulates of the phases, of the terms, and of the weight changes. */
  readonly forwardMacs: number;
  readonly feedbackMacs: number;
  readonly updateMacs: number;
  /** Bytes of signals sent along projections between areas. */
  readonly bytesBetweenAreas: number;
}

export interface Audit {
  readonly locality: readonly LocalityRow[];
  readonly cost: Cost;
  /**
   * Objectives whose error is declared to reach one layer and reached other parameters, such as
   * "objective of hidden1 → input→hidden1".
   */
  readonly reachViolations: readonly string[];
}

export interface AuditOptions {
  /** Number of the first step. Default 0. */
  readonly step?: number;
  /** Number of steps, so that what is kept from one to the next is seen. Default 3. */
  readonly steps?: number;
}

/**
 * Runs learning steps in which every tensor carries its lineage, and reports the information that reached each synapse in
 * any of them and the cost and phases of the first. The rule declares nothing: everything is recorded from the operations
 * that it performs, and from the values that it touches outside of them. The steps change the learner's weights, as any
 * step does.
 */
export function audit(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  { step = 0, steps = 3 }: AuditOptions = {},
): Audit {
  const recorder = new Recorder(learner, batch);
  const observed = recorder.observe(compute);
  watched(compute.heap, recorder.touched, () => {
    for (let taken = 0; taken < steps; taken++) {
      recorder.begin(taken);
      learner.learn(batch, step + taken, 0, recorder, observed);
      recorder.end();
    }
  });
  return { locality: recorder.rows(), cost: recorder.cost(), reachViolations: recorder.reachViolations() };
}
