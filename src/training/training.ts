import type { Exchange, Learner, Tally } from '../learning/learner.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Config } from '../config/config.ts';
import type { EvaluationRecord, Mistake, PictureGrid, ProbeRecord, ProgressRecord } from './records.ts';

/** What a checkpoint keeps beside the tensors. */
export interface Position {
  readonly step: number;
  /** The training tally at the last progress record and at the start of the epoch. */
  readonly window: Tally;
  readonly trainedSeconds: number;
  readonly examplesSeen: number;
  /** Examples sent through the network, over all phases of all steps. */
  readonly passes: number;
}

/** A training among workers that take the same steps. */
export interface Together {
  /** How they share a rule's samples. */
  readonly exchange: Exchange;
  /** Another one keeps the books: this one takes steps, and neither probes nor evaluates nor judges the loss. */
  readonly isReplica?: boolean;
}

export const NO_TALLY: Tally = { loss: 0, wrong: 0, examples: 0, power: 0, measures: {} };

/**
 * One run: a config and a seed, learned step by step, from examples or from an environment. It knows nothing of
 * files or clocks on the wall: whoever drives it calls `advance` until it is done, keeps the records, and takes
 * snapshots. The same steps give the same numbers however they are sliced.
 */
export interface Training {
  readonly config: Config;
  /** What learns; of an actor and a critic, the actor. */
  readonly learner: Learner;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly step: number;
  readonly epoch: number;
  readonly done: boolean;
  /** The latest records of each kind since this object was made. */
  readonly lastProbe: ProbeRecord | undefined;
  readonly lastProgress: ProgressRecord | undefined;
  readonly lastEvaluation: EvaluationRecord | undefined;
  /** Time spent in training steps alone, and the examples (or steps of environments) learned in it. */
  readonly trainedSeconds: number;
  readonly examplesSeen: number;
  /** Examples sent through networks by training, over all phases of all updates. */
  readonly passes: number;
  /**
   * Takes steps until `steps` are done, the epoch ends, or the run is done. Throws `run.diverged` when a loss is no
   * longer finite. `now` (seconds) only measures speed.
   */
  advance(steps: number, now: () => number): void;
  /** Everything needed to go on to the bit: tensors by name, and where it stands. */
  snapshot(): { readonly tensors: ReadonlyMap<string, Tensor>; readonly position: Position };
  /** Goes on from a position; the tensors of `snapshot` have been filled before. */
  restore(position: Position): void;
  /** Test examples that are answered wrongly, the most confident mistakes first; empty where there are no labels. */
  mistakes(limit: number): Mistake[];
  /** Inputs that the network made of itself, where its rule makes any. */
  fantasies(limit: number): PictureGrid | undefined;
  dispose(): void;
}
