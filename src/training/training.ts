import type { Exchange, Learner, Tally } from '../learning/learner.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Config } from '../config/config.ts';
import type { EvaluationRecord, Mistake, PictureGrid, ProbeRecord, ProgressRecord } from './records.ts';

/** The contents of a checkpoint besides the tensors. */
export interface Position {
  readonly step: number;
  /** The training tally at the last progress record. */
  readonly window: Tally;
  readonly trainedSeconds: number;
  readonly examplesSeen: number;
  /** Number of examples passed through the network, over all phases of all steps. */
  readonly passes: number;
  /** Number of parallel streams, for a training on a stream. */
  readonly streams?: number;
}

/** The part of a training among workers that take the same steps. */
export interface Together {
  /** The exchange through which workers share the samples of a rule. */
  readonly exchange: Exchange;
  /** Whether this training only takes steps, while another one probes, evaluates and checks the loss. */
  readonly isReplica?: boolean;
}

export const NO_TALLY: Tally = { loss: 0, wrong: 0, examples: 0, power: 0, measures: {} };

/**
 * One run, of a config with its seed, from examples or from an environment. It uses no files and no clock of its own: its
 * caller calls `advance` until it is done, keeps the records, and takes snapshots. However the steps are sliced, they give
 * the same numbers.
 */
export interface Training {
  readonly config: Config;
  /** The network that learns; of an actor and a critic, the actor. */
  readonly learner: Learner;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly step: number;
  readonly epoch: number;
  readonly done: boolean;
  /** The latest record of each kind since this object was created. */
  readonly lastProbe: ProbeRecord | undefined;
  readonly lastProgress: ProgressRecord | undefined;
  readonly lastEvaluation: EvaluationRecord | undefined;
  /** Seconds spent in training steps alone, and the number of examples (or environment steps) learned in them. */
  readonly trainedSeconds: number;
  readonly examplesSeen: number;
  /** Number of examples that training has passed through networks, over all phases of all updates. */
  readonly passes: number;
  /**
   * Takes steps until `steps` are done, the epoch ends, or the run is done. `now` is a clock in seconds, which only
   * measures speed. Throws `run.diverged` if a loss is no longer finite.
   */
  advance(steps: number, now: () => number): void;
  /** Returns everything needed to continue with the same bits: tensors by name, and the position. */
  snapshot(): { readonly tensors: ReadonlyMap<string, Tensor>; readonly position: Position };
  /** Continues from a position, once the tensors of `snapshot` are filled. Throws `run.streams`. */
  restore(position: Position): void;
  /** Returns misclassified test examples, the most confident mistakes first; empty without labels. */
  mistakes(limit: number): Mistake[];
  /** Returns inputs that the network generated, if its rule generates any. */
  fantasies(limit: number): PictureGrid | undefined;
  dispose(): void;
}
