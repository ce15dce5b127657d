import type { Phase } from '../dynamics/phase.ts';
import type { LearningStep, Sample } from '../dynamics/step.ts';
import type { Network } from '../network/network.ts';
import { asValues, errorOf, lossesOf, tallyObjective } from '../network/objective.ts';
import type { Objective } from '../network/objective.ts';
import type { Parameter } from '../network/parameter.ts';
import type { Term } from '../network/terms.ts';
import type { Stream } from '../random/stream.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Rule } from './rule.ts';

/** A batch on the heap: inputs (batch, units), and class labels (batch, i32) or target values (batch, outputs). */
export interface Batch {
  readonly inputs: Tensor;
  readonly targets: Tensor;
  /** (batch): how much every example counts, in losses and errors; 1 each when absent. A tally counts all alike. */
  readonly weights?: Tensor;
  /** (batch, i32): which of the training examples these are, by which a rule remembers them; absent for others. */
  readonly examples?: Tensor;
  /** How the example of a row is called where something is wrong with it; by its row when absent. */
  readonly nameOf?: (row: number) => string;
}

/** What one sample of a rule came to, and the passes that it took. */
export interface Measurement {
  readonly effect: number;
  readonly passes: number;
}

/** How workers that train one network share its samples. */
export interface Exchange {
  /**
   * All measurements, in order: some made here by `measure`, the others elsewhere, the same to the bit. Where the
   * run's books are kept, sample 0 is always measured here, and first: a tally takes a step's first judgement.
   */
  round(count: number, measure: (sample: number) => Measurement): readonly Measurement[];
}

/** What an audit may follow in a step: which tensors stand for what. */
export interface StepObserver {
  phase?(phase: Phase): void;
  error?(objective: Objective, error: Tensor): void;
  /** One loss for each example, and whether it was read back as one number. */
  losses?(losses: Tensor, asNumber: boolean): void;
  term?(parameter: Parameter, term: Term): void;
  stage?(stage: 'forward' | 'rule' | 'update'): void;
}

/** What a step is made of; the learner owns all of it. */
export interface StepContext {
  readonly compute: Compute;
  readonly network: Network;
  readonly rule: Rule;
  readonly options: unknown;
  readonly step: number;
  readonly epoch: number;
  readonly training: boolean;
  /** One row of four f64 for each objective. */
  readonly tally: readonly Tensor[];
  readonly observer?: StepObserver | undefined;
  stream(name: string): Stream;
  state(name: string): Tensor;
  emit(parameter: Parameter, term: Term): void;
  apply(): void;
  /** What a rule remembers of every training example, (examples, …); undefined where none are known. */
  memory(name: string): { readonly shape: readonly number[]; readonly values: Tensor | undefined };
  /** Where what a rule measures under a name is added up, [Σ, examples or Σ of wholes] in f64; undefined where nobody asks. */
  measured(name: string): Tensor | undefined;
  /** Called with the examples of every phase. */
  passed(examples: number): void;
  readonly exchange?: Exchange | undefined;
}

/** Samples measured here stay drawn until they are used, as long as they take no more than this. */
const KEPT_BYTES = 64 * 2 ** 20;

/** The step of a rule on a batch. */
export function learningStep(context: StepContext, batch: Batch, copies = 1): LearningStep {
  const { compute, network, rule, observer, tally, exchange } = context;
  const { inputs, targets, weights, examples, nameOf } = batch;
  let judged: Phase | undefined;
  const tallied = new Set<Objective>();

  /** Where a judgement is tallied: on the books for the first phase, else beside them. */
  const tallyFor = (phase: Phase, objective: Objective): Tensor | undefined => {
    judged ??= phase;
    if (phase !== judged || tallied.has(objective)) return undefined;
    tallied.add(objective);
    return tally[network.objectives.indexOf(objective)];
  };

  const losses = (phase: Phase, objectives: readonly Objective[]): Tensor => {
    const total = compute.temporary([inputs.rows]);
    compute.fill(total, 0);
    for (const objective of objectives) {
      const output = phase.output(objective.area);
      const its = compute.temporary([inputs.rows]);
      lossesOf(compute, objective, its, output, targets, nameOf);
      const row = tallyFor(phase, objective);
      if (row) tallyObjective(compute, objective, row, its, output, targets);
      compute.combine(total, total, its, 1, 1);
    }
    if (weights) compute.multiply(total, total, weights);
    return total;
  };

  /** Passes of the sample that is being measured, where samples are shared. */
  let measuring: { passes: number } | undefined;

  /** A sample that was measured elsewhere, or not kept: what passes it took is known. */
  const drawnAgain = (draw: (sample: number) => Sample, sample: number): Sample => {
    measuring = { passes: 0 };
    const drawn = draw(sample);
    measuring = undefined;
    return drawn;
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
    run(name, options) {
      observer?.stage?.('forward');
      const its = { ...rule.phase?.(context.options, name), ...options };
      const phase = (its.dynamics ?? rule.dynamics).run(learning, name, its);
      if (measuring) measuring.passes += inputs.rows;
      else context.passed(inputs.rows);
      observer?.phase?.(phase);
      observer?.stage?.('rule');
      return phase;
    },
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
      // Without an operation that an audit would have to follow: what is measured reaches no synapse.
      const sumOf = ({ data }: Tensor): number => {
        let sum = 0;
        for (const value of data) sum += value;
        return sum;
      };
      sums[0] = (sums[0] as number) + sumOf(values);
      sums[1] = (sums[1] as number) + (whole ? sumOf(whole) : values.size);
    },
    judge(phase) {
      losses(phase, network.objectives);
    },
    losses(phase, objective) {
      const its = losses(phase, objective ? [objective] : network.objectives);
      observer?.losses?.(its, false);
      return its;
    },
    loss(phase) {
      const its = losses(phase, network.objectives);
      observer?.losses?.(its, true);
      let sum = 0;
      for (const loss of its.data) sum += loss;
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
          const its = (measuring = { passes: 0 });
          const held = compute.temporaryBytes;
          let effect: number;
          if (held - before < KEPT_BYTES) {
            const drawn = draw(sample);
            if (compute.temporaryBytes > held) kept.set(sample, drawn);
            effect = compute.scope(() => drawn.measure());
          } else effect = compute.scope(() => draw(sample).measure());
          measuring = undefined;
          return { effect, passes: its.passes };
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
