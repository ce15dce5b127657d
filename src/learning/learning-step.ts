import type {
  BatchTime,
  Dynamics,
  LearningStep,
  Moment,
  Phase,
  PhaseOptions,
  Sample,
  Setting,
} from '../dynamics/index.ts';
import { viewArguments } from '../dynamics/views/view.ts';
import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import { OWN_TARGET } from '../network/objectives/targets.ts';
import type { Objective } from '../network/objectives/objective.ts';
import type { Parameter } from '../network/parameter.ts';
import type { Term } from '../network/terms.ts';
import type { Stream } from '../random/stream.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unwatched } from '../tensor/watch.ts';
import { inputsOf, isTensor, presentedInputs } from './inputs.ts';
import type { ValuesOfArea } from './inputs.ts';
import { checkPhaseOptions } from './phase-options.ts';
import type { Rule } from './rule.ts';
import { Scoring } from './scoring.ts';

/** A batch on the heap. In time, row t · batch + e of a tensor is step t of example e. */
export interface Batch {
  /** (batch, values of an example); in time (steps · batch, values of a step). */
  readonly inputs: Tensor;
  /**
   * Class labels (rows, i32) or target values (rows, outputs), one row for each row of the inputs; what is held where no
   * target is due does not matter. Objectives call it "target". Absent for examples without targets.
   */
  readonly targets?: Tensor | undefined;
  /** Further targets, as `targets`, by the name that objectives use. */
  readonly named?: Readonly<Record<string, Tensor>>;
  /** The time axis of sequences or streams. */
  readonly time?: BatchTime;
  /** Weight of each example in losses and errors, (rows); 1 if absent. A tally ignores it. */
  readonly weights?: Tensor;
  /** Numbers of the training examples, (batch, i32), by which a rule remembers them; absent for other examples. */
  readonly examples?: Tensor;
  /** Names the example of a row in error messages; by its row if absent. */
  readonly nameOf?: (row: number) => string;
}

/** A batch of examples with targets. */
export interface TaughtBatch extends Batch {
  readonly targets: Tensor;
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
  /**
   * Called after each phase, and in time for each of its steps in order, where `phase.time` numbers the step; `isGiven`
   * says whether an area's activity was handed in rather than computed.
   */
  phase?(phase: Phase, isGiven: (area: Area) => boolean): void;
  /** Called with an error, (batch, units); in time with that of each step, as a view of its rows, and the step's number. */
  error?(objective: Objective, error: Tensor, time?: number): void;
  /** Called with the loss of each example, whether it was read back as one number, and the objectives that it sums. */
  losses?(losses: Tensor, asNumber: boolean, objectives: readonly Objective[]): void;
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
  /** Whether phases in time keep the activity of every area for all steps, whatever a rule asks for. */
  readonly keepsHistory?: boolean;
  /** A row of four f64 for each objective. */
  readonly tally: readonly Tensor[];
  readonly observer?: StepObserver | undefined;
  stream(name: string): Stream;
  state(name: string): Tensor;
  /** See `Setting.carried` and `Setting.carry`. */
  carried(name: string): Tensor;
  carry(name: string, values: Tensor): void;
  /** Returns the values of an example that an input area receives; undefined for all. */
  valuesOf(area: Area): ValuesOfArea | undefined;
  /** Shape of one example. */
  readonly exampleShape: readonly number[];
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
export function learningStep(context: StepContext, batch: Batch, copies = 1, views = 1): LearningStep {
  const { compute, network, rule, observer, exchange } = context;
  const { inputs, targets, named = {}, time, weights, examples } = batch;
  const count = time ? inputs.rows / time.steps : inputs.rows;
  const nameOf = batch.nameOf ?? ((row: number) => `example ${row} of the batch`);
  const scoring = new Scoring({
    compute,
    objectives: network.objectives,
    tally: context.tally,
    inputs,
    targets: new Map([...(targets ? [[OWN_TARGET, targets] as const] : []), ...Object.entries(named)]),
    weights,
    batch: count,
    time,
    views,
    nameOf,
  });
  const inputOf = inputsOf(compute, inputs, (area) => (views > 1 ? undefined : context.valuesOf(area)));

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
      ...(context.keepsHistory && dynamics.accepts['history'] ? { history: true } : {}),
    };
    checkPhaseOptions(dynamics, name, options);
    const presented = options.inputs;
    observer?.stage?.('forward');
    const setting: Setting = presented
      ? {
          ...learning,
          inputs: isTensor(presented) ? presented : inputs,
          inputOf: presentedInputs(name, network, presented, inputs.rows, inputOf),
        }
      : learning;
    const isGiven = (area: Area) =>
      options.clamp?.(area) !== undefined || (area.isInput && presented !== undefined);
    const phase = dynamics.run(setting, name, dynamics.inTime ? seen(options, isGiven) : options);
    if (measuring) measuring.passes += inputs.rows;
    else context.passed(inputs.rows);
    // Each step of a phase in time has been shown.
    if (!dynamics.inTime) observer?.phase?.(phase, isGiven);
    observer?.stage?.('rule');
    return phase;
  };

  /** Returns the options with an `each` that shows every step to the observer first. */
  const seen = (options: PhaseOptions, isGiven: (area: Area) => boolean): PhaseOptions => {
    const show = observer?.phase;
    if (!show) return options;
    const each = (now: Moment) => {
      show.call(observer, now as unknown as Phase, isGiven);
      options.each?.(now);
    };
    return { ...options, each };
  };

  const learning: LearningStep = {
    compute,
    network,
    inputs,
    inputOf,
    batch: count,
    time,
    // A window before the first target has none, and its mean loss is 0.
    count: time ? Math.max(1, time.count) : inputs.rows,
    step: context.step,
    epoch: context.epoch,
    training: context.training,
    copies,
    views,
    options: context.options,
    stream: context.stream,
    carried: (name) => context.carried(name),
    carry: (name, values) => context.carry(name, values),
    state: context.state,
    emit: context.emit,
    apply: context.apply,
    recall(name) {
      const { shape, values } = context.memory(name);
      const recalled = compute.temporary([count, ...shape]);
      if (values && examples) compute.gatherRows(recalled, values, examples, 1);
      else compute.fill(recalled, 0);
      return recalled;
    },
    remember(name, values) {
      const memory = context.memory(name).values;
      if (memory && examples && context.training) compute.scatterRows(memory, values, examples);
    },
    pull(objective, output, error) {
      scoring.pull(objective, output, error);
      observer?.error?.(objective, error);
    },
    run: run as LearningStep['run'],
    like: (area) => compute.temporary([inputs.rows, area.units]),
    error(phase, objective) {
      const error = scoring.error(phase, objective);
      if (observer?.error) showError(objective, error, phase);
      return error;
    },
    target: (objective, phase) => scoring.values(objective, phase),
    measure(name, values, whole) {
      const measured = context.measured(name);
      if (!measured) return;
      // A metric reaches no synapse.
      unwatched(measured.heap, () => {
        const sums = measured.data;
        sums[0] = (sums[0] as number) + sumOf(values);
        sums[1] = (sums[1] as number) + (whole ? sumOf(whole) : values.size);
      });
    },
    score(phase) {
      scoring.losses(phase, network.objectives);
    },
    losses(phase, objective) {
      const objectives = objective ? [objective] : network.objectives;
      const each = scoring.losses(phase, objectives);
      observer?.losses?.(each, false, objectives);
      return each;
    },
    loss(phase) {
      const each = scoring.losses(phase, network.objectives);
      // An audit hears here that the loss was read.
      observer?.losses?.(each, true, network.objectives);
      return unwatched(each.heap, () => sumOf(each)) / learning.count;
    },
    view(view, draw = 0) {
      const source = context.stream(`view ${draw}`);
      const numbers = examples && unwatched(examples.heap, () => examples.data);
      const numberOf = (row: number) => (numbers ? (numbers[row % count] as number) : row % count);
      const shape = context.exampleShape;
      return view.apply(viewArguments(compute, inputs, shape, source, context.step, numberOf));
    },
    stacked(presented) {
      const rows = inputs.rows * presented.length;
      const columns = presented[0]?.columns ?? 0;
      const all = compute.temporary([rows, columns]);
      for (const [view, given] of presented.entries()) {
        compute.copy(all.rowRange(view * inputs.rows, inputs.rows), given);
      }
      return multiplied(presented.length, all, 1, presented.length);
    },
    samples(number, draw) {
      if (!exchange) {
        for (let sample = 0; sample < number; sample++) {
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
        const measured = exchange.round(number, (sample) => {
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
    repeated: (samples) => multiplied(samples, repeat(inputs, samples), copies * samples, views),
  };

  /** Shows an error to the observer; in time, that of each step. */
  function showError(objective: Objective, error: Tensor, phase: Phase): void {
    if (!time || phase.time !== undefined) {
      observer?.error?.(objective, error, phase.time);
      return;
    }
    for (let step = 0; step < time.steps; step++) {
      observer?.error?.(objective, error.rowRange(step * count, count), step);
    }
  }

  /** Returns a tensor with its rows several times, one after the other. */
  function repeat(tensor: Tensor, times: number): Tensor {
    const all = compute.temporary(
      [(tensor.shape[0] as number) * times, ...tensor.shape.slice(1)],
      tensor.type,
    );
    const flat = all.reshape([times, tensor.size]);
    for (let time = 0; time < times; time++) compute.copy(flat.rowRange(time, 1), tensor);
    return all;
  }

  /** Returns this step on inputs that hold every example `times` times. */
  function multiplied(times: number, all: Tensor, ofCopies: number, ofViews: number): LearningStep {
    if (time) {
      throw new Error(
        'Examples in time cannot be repeated or stacked: each row of the batch is one step of a sequence.',
      );
    }
    const { rows } = inputs;
    return learningStep(
      context,
      {
        inputs: all,
        targets: targets && repeat(targets, times),
        named: Object.fromEntries(
          Object.entries(named).map(([name, values]) => [name, repeat(values, times)]),
        ),
        ...(weights ? { weights: repeat(weights, times) } : {}),
        nameOf: (row: number) => nameOf(row % rows),
      },
      ofCopies,
      ofViews,
    );
  }
  return learning;
}

function sumOf({ data }: Tensor): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum;
}
