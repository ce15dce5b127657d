import { z } from 'zod';
import { audit } from '../../analysis/index.ts';
import { list } from '../../list.ts';
import { checkRule, parseOptions } from '../../learning/index.ts';
import type { Projection } from '../../network/area.ts';
import type { Exchange, Rule, TaughtBatch } from '../../learning/index.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Term } from '../../network/terms.ts';
import type { Compute } from '../../tensor/compute.ts';
import { Tensor } from '../../tensor/tensor.ts';
import {
  gradientsOf,
  graphFor,
  learnerOf,
  NOISY,
  noisySetting,
  optimiser,
  poison,
  release,
  smallStack,
  snapshot,
  train,
} from './subject.ts';
import type { LearnerSetting } from './subject.ts';
import { fromRest, openNetworks, STREAM, tasksOf, withDelays } from './tasks.ts';
import type { SmallTask } from './tasks.ts';

/** A rule to check, with the backends for the checks. */
export interface CheckSubject {
  readonly rule: Rule;
  /** The backend in double precision, which serves as the oracle. */
  readonly reference: Compute;
  /** Backends in single precision. */
  readonly others: readonly Compute[];
  /** Options and a learning rate with which the rule learns the small task; its defaults if absent. */
  readonly options?: unknown;
  readonly rate?: number | undefined;
}

/** A property required of every rule. A check added here applies to all built-in rules and to `apical check`. */
export interface Check {
  readonly id: string;
  /** The property of a rule that passes. */
  readonly title: string;
  /** The usual cause of a failure, and how to fix it. */
  readonly meaning: string;
  /** Returns why the check does not apply to a rule; undefined if it does. */
  skips?(rule: Rule): string | undefined;
  /** Throws `CheckFailure` where the property does not hold, and whatever the rule itself throws. */
  run(subject: CheckSubject): void;
}

/** A property that does not hold. The message is the finding. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

export const CHECKS: readonly Check[] = [
  {
    id: 'contract',
    title: 'says what it is',
    meaning: 'Fill in family, title, summary and equation: lists, reports and the page show them.',
    run({ rule }) {
      checkRule(rule, 'The file');
      for (const name of ['family', 'title', 'summary', 'equation'] as const) {
        if (rule[name].trim() === '') fail(`"${name}" is empty`);
      }
    },
  },
  {
    id: 'options',
    title: 'has described options with valid defaults',
    meaning:
      'Declare options by z.strictObject, with .default(…) and .describe(…) for each: users see them in help, forms and errors.',
    run({ rule }) {
      const defaults = parseOptions(rule, {});
      same(parseOptions(rule, defaults), defaults, 'defaults that are parsed again are different');
      if (rule.options.safeParse({ rate_of_change: 3 }).success) fail('an unknown option is accepted');
      const { properties = {} } = z.toJSONSchema(rule.options, { io: 'input', unrepresentable: 'any' }) as {
        properties?: Record<string, { description?: string }>;
      };
      for (const [name, { description }] of Object.entries(properties)) {
        if (!description) fail(`option "${name}" has no description`);
      }
    },
  },
  {
    id: 'repeats',
    title: 'is determined by the seed, to the bit',
    meaning:
      'A temporary is read before it is written, or noise does not come from step.stream(name): write every temporary first, and draw all noise from streams.',
    run: onEachTask(({ rule, reference, others }, task) => {
      const setting = noisySetting(rule, task.network(rule, NOISY));
      for (const compute of [reference, ...others]) {
        const runs = [3, 3, 4].map((seed) => {
          const learner = learnerOn(task, compute, rule, { ...setting, seed });
          poison(compute);
          const losses = train(compute, learner, 0, 8, SIZE, task.batch);
          const tensors = snapshot(learner);
          learner.dispose();
          return { losses, tensors };
        });
        same(runs[1], runs[0], `two runs with one seed differ on ${compute.backend.name}`);
        if (equal(runs[2], runs[0])) fail('runs with different seeds are the same');
        for (const [name, values] of Object.entries(runs[0]?.tensors ?? {})) {
          if (!values.every(Number.isFinite)) fail(`"${name}" is no longer finite`);
        }
      }
    }),
  },
  {
    id: 'resumes',
    title: 'continues to the bit from a checkpoint',
    meaning:
      'The rule keeps numbers outside its declared state, for example in a variable of the file: declare them in learning.state and read them by step.state(name).',
    run: onEachTask(({ rule, reference, others }, task) => {
      const noisy = task.network(rule, NOISY);
      const open = openNetworks(rule, task).filter(isSupportedBy(rule));
      const subjects = [
        ...[reference, ...others].map((compute) => [compute, noisy] as const),
        ...open.map((specification) => [others[0] as Compute, specification] as const),
      ];
      for (const [compute, specification] of subjects) {
        const setting = noisySetting(rule, specification);
        const whole = learnerOn(task, compute, rule, setting);
        // In time this ends within sequences, and within a stream.
        train(compute, whole, 0, 5, SIZE, task.batch);
        const resumed = learnerOn(task, compute, rule, setting);
        for (const [name, tensor] of resumed.tensors()) {
          const saved = whole.tensors().get(name);
          if (!saved) return fail(`"${name}" is in one learner and not in the other`);
          compute.copy(tensor, saved);
        }
        const [losses, expected] = [resumed, whole].map((learner) =>
          train(compute, learner, 5, 11, SIZE, task.batch),
        );
        same(losses, expected, 'the losses after a resume differ');
        same(snapshot(resumed), snapshot(whole), 'the weights or the state after a resume differ');
        whole.dispose();
        resumed.dispose();
      }
    }),
  },
  {
    id: 'backends',
    title: 'does the same on every backend',
    meaning: 'A result depends on rounding, such as a comparison of two nearly equal numbers.',
    skips: withoutObjective,
    run: onEachTask(({ rule, reference, others }, task) => {
      const specification = task.network(rule, { dropout: 0.2 });
      const lossesOn = (compute: Compute): number[] => {
        const learner = learnerOn(task, compute, rule, { specification });
        const losses = train(compute, learner, 0, 10, SIZE, task.batch);
        learner.dispose();
        return losses;
      };
      const expected = lossesOn(reference);
      for (const compute of others) {
        for (const [step, loss] of lossesOn(compute).entries()) {
          if (Math.abs(loss - (expected[step] ?? NaN)) < 5e-5) continue;
          fail(
            `the loss at step ${step} is ${loss} on ${compute.backend.name}, ${expected[step]} in double precision`,
          );
        }
      }
    }),
  },
  {
    id: 'terms',
    title: 'emits finite terms of the right shapes, or says why it does not support a network',
    meaning:
      'A term is emitted with the wrong side first, for a parameter of another area, or from a tensor that was never written: outer terms are pre (batch, presynaptic) and post (batch, postsynaptic). If the rule cannot support a network, say so in network.refuses, and end with "Rules that do: …".',
    run: onEachTask(({ rule, reference: compute }, task) => {
      for (const [name, specification, size] of networksFor(rule, task)) {
        if (!isSupportedBy(rule)(specification)) {
          const refusal = messageOf(() => learnerOf(compute, rule, { specification }).dispose());
          if (!/does not support this network: .*Rules that do: [a-z]/.test(refusal)) {
            fail(`it refuses ${name} without saying which rules do: ${refusal}`);
          }
          continue;
        }
        const learner = learnerOn(task, compute, rule, { specification }, size);
        const batch = task.batch(compute, 0, size);
        let emitted = 0;
        poison(compute);
        learner.learn(batch, 0, 0, {
          term(parameter, term) {
            emitted += 1;
            checkTermOf(parameter, term, [size, batch.inputs.rows], name);
          },
        });
        if (emitted === 0) fail(`no term is emitted on ${name}`);
        learner.dispose();
        release(compute, batch);
      }
    }),
  },
  {
    id: 'samples',
    title: 'shares as many samples as it says, with the same result',
    meaning:
      'The hook learning.sharedSamples must return the number of samples that step.samples measures in a step, and a sample must depend on its number alone.',
    run: onEachTask(({ rule, options, others }, task) => {
      const compute = others[0] as Compute;
      const rounds: number[] = [];
      // Measure the last samples first, as can happen with slow workers.
      const exchange: Exchange = {
        round(count, measure) {
          rounds.push(count);
          const first = measure(0);
          const rest = Array.from({ length: count - 1 }, (_, index) => measure(count - 1 - index));
          return [first, ...rest.reverse()];
        },
      };
      const [alone, together] = [{}, { exchange }].map((more) => {
        const setting = noisySetting(rule, task.network(rule, NOISY));
        const learner = learnerOn(task, compute, rule, { ...setting, options, ...more });
        const losses = train(compute, learner, 0, 4, SIZE, task.batch);
        const result = { losses, passes: learner.passes, tensors: snapshot(learner) };
        learner.dispose();
        return result;
      });
      const count = rule.learning?.sharedSamples?.(parseOptions(rule, options));
      same(
        rounds,
        count === undefined ? [] : [count, count, count, count],
        'the number of samples is another',
      );
      same(together, alone, 'the result depends on who measures a sample');
    }),
  },
  {
    id: 'plastic',
    title: 'changes plastic synapses and nothing else of the network',
    meaning:
      'The rule writes a tensor of the network itself. It must emit terms; the optimiser changes weights.',
    run: onEachTask(({ rule, reference: compute }, task) => {
      const base = task.network(rule, { density: 0.6 });
      const [first, ...rest] = base.projections;
      if (!first) return;
      const specification = { ...base, projections: [{ ...first, plastic: false }, ...rest] };
      const learner = learnerOn(task, compute, rule, { specification });
      const numbers = () =>
        new Map([...learner.network.tensors()].map(([name, tensor]) => [name, tensor.toArray()]));
      const before = numbers();
      train(compute, learner, 0, 3, SIZE, task.batch);
      const may = new Set(learner.network.parameters.map(({ id }) => id));
      const changed = [...numbers()].filter(([name, values]) => !equal(values, before.get(name)));
      if (changed.length === 0) fail('nothing changed in three updates');
      for (const [name] of changed) if (!may.has(name)) fail(`"${name}" is not plastic and changed`);
      learner.dispose();
    }),
  },
  {
    id: 'audited',
    title: 'computes by operations, which the audit follows, and keeps errors within their declared reach',
    meaning:
      'Numbers read from tensor.data or toArray() cannot be followed, so that the audit cannot say what a synapse needs: use the operations of step.compute. An objective of reach "layer" may change parameters of its own layer only.',
    run: onEachTask(({ rule, options, reference: compute }, task) => {
      const learner = learnerOn(task, compute, rule, { options });
      // In time one that goes on, so that what was carried is seen.
      const batch = task.batch(compute, 1);
      const { locality, reachViolations } = audit(compute, learner, batch);
      learner.dispose();
      release(compute, batch);
      const read = new Set(locality.flatMap(({ valuesRead }) => valuesRead));
      if (read.size > 0) fail(`values are read outside of operations: ${list([...read])}`);
      if (reachViolations.length > 0) fail(`beyond the declared reach: ${list(reachViolations)}`);
    }),
  },
  {
    id: 'sparse',
    title: 'leaves synapses that do not exist at zero, feedback included',
    meaning:
      'Feedback must take the density of the forward path that it answers: add it by withFeedback or withDirectFeedback, or copy "density" from the forward projection.',
    run: onEachTask(({ rule, others }, task) => {
      const compute = others[0] as Compute;
      for (const kind of ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const) {
        const learner = learnerOn(task, compute, rule, {
          specification: task.network(rule, { density: 0.5 }),
          optimiser: optimiser({ kind, rate: 0.01, decay: 0.1, maximumNorm: 1 }),
        });
        train(compute, learner, 0, 4, SIZE, task.batch);
        for (const { id, weights, mask } of learner.network.projections) {
          const exists = mask?.toArray();
          if (!exists) return fail(`projection "${id}" is dense in a network of density 0.5`);
          if (weights.toArray().some((value, index) => exists[index] !== 1 && value !== 0)) {
            fail(`projection "${id}" has weights where there is no synapse, under ${kind}`);
          }
        }
        learner.dispose();
      }
    }),
  },
  {
    id: 'pure',
    title: 'changes nothing in an estimate or an evaluation',
    meaning:
      'Probes and evaluations run learn and the evaluation phase without changing anything: write state only in learn, through step.state or step.remember, never in report.evaluate.',
    run: onEachTask(({ rule, reference: compute }, task) => {
      const learner = learnerOn(task, compute, rule, noisySetting(rule, task.network(rule, NOISY)));
      train(compute, learner, 0, 3, SIZE, task.batch);
      learner.resetTally();
      const batch = task.batch(compute, 9);
      const before = snapshot(learner);
      const first = gradientsOf(compute, learner, batch);
      if (learner.tally().examples !== 0) fail('an estimate counts in the records');
      same([...gradientsOf(compute, learner, batch)], [...first], 'two estimates of one batch differ');
      learner.evaluate(fromRest(batch));
      const count = withoutObjective(rule) === undefined ? (batch.time?.count ?? SIZE) : 0;
      if (learner.tally().examples !== count) fail('an evaluation does not count its examples');
      learner.resetTally();
      same(snapshot(learner), before, 'something changed');
      learner.dispose();
      release(compute, batch);
    }),
  },
  {
    id: 'windows',
    title: 'answers a stream alike, however it is cut into windows',
    meaning:
      'What the dynamics need of earlier steps must go on to the next window: name it in dynamics.carries, leave it by setting.carry and start from setting.carried. Numbers kept in a variable of the file do not.',
    skips: ({ dynamics }) => (dynamics.inTime ? undefined : `the dynamics "${dynamics.id}" have no time`),
    run({ rule, reference: compute }) {
      const delayed = withDelays(STREAM.network(rule));
      const networks = [STREAM.network(rule), delayed].filter(isSupportedBy(rule));
      for (const specification of networks) {
        const learner = learnerOn(STREAM, compute, rule, { specification });
        const batch = STREAM.batch(compute, 0);
        const lossIn = (windows: number) => {
          learner.resetTally();
          for (let window = 0; window < windows; window++) {
            learner.evaluate(windowOf(batch, window, windows));
          }
          return learner.tally().loss;
        };
        const [whole, cut] = [lossIn(1), lossIn(4)];
        if (!(Math.abs(cut - whole) < 1e-9 * Math.abs(whole))) {
          fail(`the loss of a stream is ${whole} in one window, ${cut} in windows of one step`);
        }
        learner.dispose();
        release(compute, batch);
      }
    },
  },
  {
    id: 'learns',
    title: 'learns to tell three clouds of points apart',
    meaning:
      'In 150 updates of 12 examples the loss of unseen points should fall to a quarter. Compare the sign of its terms with the gradient (terms estimate +∂L/∂W; the optimiser subtracts), then its size: apical estimate --rule FILE.',
    skips: withoutObjective,
    run: onEachTask(({ rule, options, rate, others }, task) => {
      const compute = others[0] as Compute;
      const learner = learnerOn(task, compute, rule, {
        options,
        optimiser: optimiser(rate === undefined ? {} : { rate }),
      });
      const unseen = fromRest(task.batch(compute, 1_000, 60));
      const score = () => {
        learner.resetTally();
        learner.evaluate(unseen);
        return learner.tally();
      };
      const before = score();
      train(compute, learner, 0, 150, SIZE, task.batch);
      const after = score();
      const count = after.examples;
      if (!(after.loss < before.loss / 4)) {
        fail(
          `the loss went from ${(before.loss / count).toPrecision(3)} to ${(after.loss / count).toPrecision(3)} per example`,
        );
      }
      if (after.wrong > count / 20) fail(`${after.wrong} of ${count} points are still wrong`);
      learner.dispose();
      release(compute, unseen);
    }),
  },
];

/** Returns why a check of losses does not apply to a rule whose network has no objective. */
function withoutObjective(rule: Rule): string | undefined {
  const network = smallStack({}, rule);
  const wired = rule.network?.wire?.(network, parseOptions(rule, {})) ?? network;
  return wired.objectives.length > 0 ? undefined : 'the network of the rule has no objective';
}

/** Number of examples, sequences or streams in a batch. */
const SIZE = 12;

/** Runs a check on each task of a rule; a finding names the task if it is in time. */
function onEachTask(run: (subject: CheckSubject, task: SmallTask) => void): Check['run'] {
  return (subject) => {
    for (const task of tasksOf(subject.rule)) {
      try {
        run(subject, task);
      } catch (error) {
        if (error instanceof CheckFailure && task.inTime) fail(`on ${task.name}, ${error.message}`);
        throw error;
      }
    }
  };
}

/** Creates a learner on the network of a task, unless the setting has another. */
const learnerOn = (
  task: SmallTask,
  compute: Compute,
  rule: Rule,
  setting: LearnerSetting,
  size = SIZE,
): ReturnType<typeof learnerOf> =>
  learnerOf(compute, rule, {
    specification: task.network(rule),
    streams: task.inTime ? size : undefined,
    ...setting,
  });

/** Returns the steps of one of several equal windows of a batch in time. */
function windowOf(batch: TaughtBatch, window: number, windows: number): TaughtBatch {
  const { inputs, targets, time } = batch;
  if (!time) return batch;
  const [steps, rows] = [time.steps / windows, inputs.rows / windows];
  const flat = targets.reshape([targets.size, 1]).rowRange(window * rows, rows);
  return {
    inputs: inputs.rowRange(window * rows, rows),
    targets: flat.reshape([rows]),
    time: { steps, count: time.count / windows, continues: window > 0, first: window * steps },
  };
}

/** Tells whether a rule does not refuse a network, with its default options. */
const isSupportedBy =
  (rule: Rule) =>
  (specification: NetworkSpecification): boolean =>
    rule.network?.refuses?.(specification, parseOptions(rule, {})) === undefined;

/** Returns the networks on which a rule must emit sound terms, with their names and batch sizes. */
const networksFor = (rule: Rule, task: SmallTask): [string, NetworkSpecification, number][] => {
  const [sparse, objectives, ...delayed] = openNetworks(rule, task);
  return [
    ['a stack', task.network(rule), 12],
    [
      'a stack under squared error with every kind of noise',
      task.network(rule, { objective: 'squared-error', dropout: 0.5, inputDropout: 0.2, density: 0.5 }),
      5,
    ],
    ['one example', task.network(rule, { activation: 'relu' }), 1],
    ['a network without hidden areas', task.network(rule, { layers: [6, 3] }), 4],
    ['a graph that is no chain', graphFor(rule, task.network(rule)), 6],
    ['a stack of sparse projections', sparse as NetworkSpecification, 4],
    ['a stack with two objectives of its own', objectives as NetworkSpecification, 3],
    ...delayed.map((each): [string, NetworkSpecification, number] => ['a stack with delays', each, 4]),
  ];
};

/** `batches` are the sizes that a term may have: that of a step and, in time, that of all steps. */
function checkTermOf(
  parameter: Parameter,
  term: Term,
  batches: readonly [number, number],
  network: string,
): void {
  const where = `the ${term.kind} term of "${parameter.id}" on ${network}`;
  const [rows, columns] =
    'matrixShape' in parameter
      ? (parameter as unknown as Projection).matrixShape
      : [parameter.values.rows, parameter.values.columns];
  const expect = (what: string, tensor: Tensor | undefined, expected: readonly number[]) => {
    if (!equal(tensor?.shape, expected)) {
      fail(
        `${what} of ${where} has shape (${tensor?.shape.join(', ') ?? 'none'}), expected (${expected.join(', ')})`,
      );
    }
  };
  switch (term.kind) {
    case 'outer': {
      // Feedback may learn from noise, with any number of samples.
      const isFeedback = 'kind' in parameter && parameter.kind === 'feedback';
      const isWhole = isFeedback || batches.includes(term.post.rows);
      const examples = isWhole ? term.post.rows : batches[0];
      expect('post', term.post, [examples, columns]);
      if (parameter.role === 'weights') expect('pre', term.pre, [examples, rows]);
      break;
    }
    case 'direction':
      expect('the direction', term.direction, parameter.values.shape);
      break;
    case 'weight-decay':
      expect('perUnit', term.perUnit, [columns]);
      break;
    case 'mixing':
      expect('the mixing matrix', term.mixing, [columns, columns]);
      break;
    case 'eligibility': {
      const examples = term.signal.rows;
      expect('signal', term.signal, [examples, columns]);
      if (term.post) expect('post', term.post, [examples, columns]);
      if (term.pre) expect('pre', term.pre, [examples, rows]);
      if (term.trace.rows !== examples)
        expect('the trace', term.trace, [examples, ...parameter.values.shape]);
    }
  }
  if (!Number.isFinite(term.factor ?? 1)) fail(`the factor of ${where} is ${term.factor}`);
  for (const [name, value] of Object.entries(term)) {
    if (value instanceof Tensor && !value.toArray().every(Number.isFinite))
      fail(`${name} of ${where} is not finite`);
  }
}

function fail(found: string): never {
  throw new CheckFailure(found);
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function same(actual: unknown, expected: unknown, found: string): void {
  if (!equal(actual, expected)) fail(found);
}

function messageOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '';
}
