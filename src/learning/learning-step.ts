import type { Dynamics, LearningStep, Phase, PhaseOptions, Sample } from '../dynamics/index.ts';
import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import { asValues, errorOf, lossesOf, tallyObjective } from '../network/objective.ts';
import type { Objective } from '../network/objective.ts';
import type { Parameter } from '../network/parameter.ts';
import type { Term } from '../network/terms.ts';
import type { Stream } from '../random/stream.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkPhaseOptions } from './phase-options.ts';
import type { Rule } from './rule.ts';

/**
 * A batch on the heap: inputs (batch, units), and class labels (batch, i32) or target values (batch, outputs). In time
 * there are B rows per step, and row t · B + e is step t of sequence or stream e.
 */
export interface Batch {
  readonly inputs: Tensor;
  /** Contents are ignored where no target is due. */
  readonly targets: Tensor;
  readonly time?: BatchTime;
  /** Weight of each example in losses and errors, (batch); 1 if absent. A tally ignores it. */
  readonly weights?: Tensor;
  /** Numbers of the training examples, (batch, i32), in time (B), by which a rule remembers them; absent for other examples. */
  readonly examples?: Tensor;
  /** Names the example of a row in error messages; by its row if absent. */
  readonly nameOf?: (row: number) => string;
}

/** The time axis of a batch of B sequences or streams. */
export interface BatchTime {
  /** T. */
  readonly steps: number;
  /** (T · B): 1 where the step is within the sequence's length, 0 after its end; absent if all steps exist. */
  readonly present?: Tensor;
  /** (T · B): 1 where a target is due; absent if one is due at every step. */
  readonly due?: Tensor;
  /** Number of targets that are due: Σ due, or T · B. The mean loss of the batch is over these. */
  readonly count: number;
  /** Whether activity goes on from the last batch (a stream, or a later window of the same sequences) or starts from rest. */
  readonly continues: boolean;
  /** Number of the first step within the stream or the sequences, from 0. */
  readonly first: number;
}

/** The effect of one sample of a rule, and the number of passes that it took. */
export interface Measurement {
  readonly effect: number;
  readonly passes: number;
}

/** The exchange through which workers that train one network share its samples. */
export interface Exchange {
  /**
   * Returns all measurements in order: some made here by `measure`, others elsewhere, equal to the bit. The worker that
   * keeps the records measures sample 0 itself and first, since a tally counts the first phase scored in a step.
   */
  round(count: number, measure: (sample: number) => Measurement): readonly Measurement[];
}

/** Callbacks by which an audit follows a step and learns the meaning of each tensor. */
export interface StepObserver {
  /** Called after each phase; `isGiven` says whether an area's activity was handed in rather than computed. */
  phase?(phase: Phase, isGiven: (area: Area) => boolean): void;
  error?(objective: Objective, error: Tensor): void;
  /** Called with the loss of each example, and whether it was read back as one number. */
  losses?(losses: Tensor, asNumber: boolean): void;
  term?(parameter: Parameter, term: Term): void;
  stage?(stage: 'forward' | 'rule' | 'update'): void;
}

/** The parts of a step, all owned by the learner. */
export interface StepContext {
  readonly compute: Compute;
  readonly network: Network;
  readonly rule: Rule;
  readonly options: unknown;
  readonly step: number;
  readonly epoch: number;
  readonly training: boolean;
  /** A row of four f64 for each objective. */
  readonly tally: readonly Tensor[];
  readonly observer?: StepObserver | undefined;
  stream(name: string): Stream;
  state(name: string): Tensor;
  emit(parameter: Parameter, term: Term): void;
  apply(): void;
  /** Returns a rule's state per training example, (examples, …); `values` is undefined if their number is unknown. */
  memory(name: string): { readonly shape: readonly number[]; readonly values: Tensor | undefined };
  /** Returns the sums of a metric, [Σ, examples or Σ of wholes] in f64; undefined if nothing is recorded. */
  measured(name: string): Tensor | undefined;
  /** Counts the examples of a phase. */
  passed(examples: number): void;
  readonly exchange?: Exchange | undefined;
}

/** Samples that are measured here stay drawn until they are used, up to this much memory. */
const KEPT_BYTES = 64 * 2 ** 20;

/** Makes the step of a rule on a batch. */
export function learningStep(context: StepContext, batch: Batch, copies = 1): LearningStep {
  const { compute, network, rule, observer, tally, exchange } = context;
  const { inputs, targets, weights, examples, nameOf } = batch;
  let scored: Phase | undefined;
  const tallied = new Set<Objective>();

  /** Returns the tally of an objective for the first phase that is scored; undefined for others. */
  const tallyFor = (phase: Phase, objective: Objective): Tensor | undefined => {
    scored ??= phase;
    if (phase !== scored || tallied.has(objective)) return undefined;
    tallied.add(objective);
    return tally[network.objectives.indexOf(objective)];
  };

  const losses = (phase: Phase, objectives: readonly Objective[]): Tensor => {
    const total = compute.temporary([inputs.rows]);
    compute.fill(total, 0);
    for (const objective of objectives) {
      const output = phase.output(objective.area);
      const own = compute.temporary([inputs.rows]);
      lossesOf(compute, objective, own, output, targets, nameOf);
      const row = tallyFor(phase, objective);
      if (row) tallyObjective(compute, objective, row, own, output, targets);
      compute.add(total, total, own);
    }
    if (weights) compute.multiply(total, total, weights);
    return total;
  };

  /** Passes of the sample that is being measured, if samples are shared. */
  let measuring: { passes: number } | undefined;

  /** Draws a sample that was measured elsewhere or not kept. Its passes are known already. */
  const drawnAgain = (draw: (sample: number) => Sample, sample: number): Sample => {
    measuring = { passes: 0 };
    const drawn = draw(sample);
    measuring = undefined;
    return drawn;
  };

  const run = (
    ...words: [name: string, options?: PhaseOptions] | [Dynamics, name: string, options?: PhaseOptions]
  ): Phase => {
    const [dynamics, name, given = {}] =
      typeof words[0] === 'string'
        ? ([rule.dynamics, words[0], words[1] as PhaseOptions | undefined] as const)
        : ([words[0], words[1] as string, words[2]] as const);
    // A rule's file may hold another copy of the same dynamics.
    const isOwn = dynamics.id === rule.dynamics.id;
    const options: PhaseOptions = {
      ...(isOwn ? rule.learning?.phase?.(context.options, name) : {}),
      ...given,
    };
    checkPhaseOptions(dynamics, name, options, inputs);
    observer?.stage?.('forward');
    const presented = options.inputs;
    const phase = dynamics.run(presented ? { ...learning, inputs: presented } : learning, name, options);
    if (measuring) measuring.passes += inputs.rows;
    else context.passed(inputs.rows);
    observer?.phase?.(
      phase,
      (area) => options.clamp?.(area) !== undefined || (area === network.input && presented !== undefined),
    );
    observer?.stage?.('rule');
    return phase;
  };

  const learning: LearningStep = {
    compute,
    network,
    inputs,
    step: context.step,
    epoch: context.epoch,
    training: context.training,
    copies,
    options: context.options,
    stream: context.stream,
    state: context.state,
    emit: context.emit,
    apply: context.apply,
    recall(name) {
      const { shape, values } = context.memory(name);
      const recalled = compute.temporary([inputs.rows, ...shape]);
      if (values && examples) compute.gatherRows(recalled, values, examples, 1);
      else compute.fill(recalled, 0);
      return recalled;
    },
    remember(name, values) {
      const memory = context.memory(name).values;
      if (memory && examples && context.training) compute.scatterRows(memory, values, examples);
    },
    pull(objective, output, error) {
      const beside = compute.temporary([4], 'f64');
      errorOf(compute, objective, error, beside, output, targets);
      if (weights) compute.scaleRows(error, error, weights, 1, 0);
      observer?.error?.(objective, error);
    },
    run: run as LearningStep['run'],
    like: (area) => compute.temporary([inputs.rows, area.units]),
    error(phase, objective) {
      const output = phase.output(objective.area);
      const error = compute.temporary(output.shape);
      const row = tallyFor(phase, objective) ?? compute.temporary([4], 'f64');
      errorOf(compute, objective, error, row, output, targets);
      if (weights) compute.scaleRows(error, error, weights, 1, 0);
      observer?.error?.(objective, error);
      return error;
    },
    target(objective) {
      return asValues(compute, targets, objective.area.units);
    },
    measure(name, values, whole) {
      const sums = context.measured(name)?.data;
      if (!sums) return;
      // Summed without operations that an audit would follow: a metric reaches no synapse.
      const sumOf = ({ data }: Tensor): number => {
        let sum = 0;
        for (const value of data) sum += value;
        return sum;
      };
      sums[0] = (sums[0] as number) + sumOf(values);
      sums[1] = (sums[1] as number) + (whole ? sumOf(whole) : values.size);
    },
    score(phase) {
      losses(phase, network.objectives);
    },
    losses(phase, objective) {
      const each = losses(phase, objective ? [objective] : network.objectives);
      observer?.losses?.(each, false);
      return each;
    },
    loss(phase) {
      const each = losses(phase, network.objectives);
      observer?.losses?.(each, true);
      let sum = 0;
      for (const loss of each.data) sum += loss;
      return sum / inputs.rows;
    },
    samples(count, draw) {
      if (!exchange) {
        for (let sample = 0; sample < count; sample++) {
          compute.scope(() => {
            const drawn = draw(sample);
            drawn.use(drawn.measure());
          });
        }
        return;
      }
      compute.scope(() => {
        const kept = new Map<number, Sample>();
        const before = compute.temporaryBytes;
        const measured = exchange.round(count, (sample) => {
          const counted = (measuring = { passes: 0 });
          const held = compute.temporaryBytes;
          let effect: number;
          if (held - before < KEPT_BYTES) {
            const drawn = draw(sample);
            if (compute.temporaryBytes > held) kept.set(sample, drawn);
            effect = compute.scope(() => drawn.measure());
          } else effect = compute.scope(() => draw(sample).measure());
          measuring = undefined;
          return { effect, passes: counted.passes };
        });
        for (const [sample, { effect, passes }] of measured.entries()) {
          compute.scope(() => (kept.get(sample) ?? drawnAgain(draw, sample)).use(effect));
          context.passed(passes);
        }
      });
    },
    repeated(samples) {
      const { rows } = inputs;
      const repeat = (tensor: Tensor): Tensor => {
        const all = compute.temporary([rows * samples, ...tensor.shape.slice(1)], tensor.type);
        const flat = all.reshape([samples, tensor.size]);
        for (let sample = 0; sample < samples; sample++) compute.copy(flat.rowRange(sample, 1), tensor);
        return all;
      };
      const all = {
        inputs: repeat(inputs),
        targets: repeat(targets),
        ...(nameOf ? { nameOf: (row: number) => nameOf(row % rows) } : {}),
      };
      return learningStep(context, weights ? { ...all, weights: repeat(weights) } : all, copies * samples);
    },
  };
  return learning;
}
