import { z } from 'zod';
import { audit } from '../../analysis/index.ts';
import { list } from '../../list.ts';
import { checkRule, parseOptions } from '../../learning/index.ts';
import type { Projection } from '../../network/area.ts';
import type { Exchange, Rule } from '../../learning/index.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Term } from '../../network/terms.ts';
import type { Compute } from '../../tensor/compute.ts';
import { Tensor } from '../../tensor/tensor.ts';
import {
  clouds,
  gradientsOf,
  graphFor,
  learnerOf,
  noisySetting,
  optimiser,
  poison,
  release,
  smallStack,
  snapshot,
  train,
} from './subject.ts';

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
    run({ rule, reference, others }) {
      for (const compute of [reference, ...others]) {
        const runs = [3, 3, 4].map((seed) => {
          const learner = learnerOf(compute, rule, { ...noisySetting(rule), seed });
          poison(compute);
          const losses = train(compute, learner, 0, 8);
          const tensors = snapshot(learner);
          learner.dispose();
          return { losses, tensors };
        });
        same(runs[1], runs[0], `two runs with one seed differ on ${compute.backend.name}`);
        if (equal(runs[2]?.losses, runs[0]?.losses)) fail('runs with different seeds are the same');
        for (const [name, values] of Object.entries(runs[0]?.tensors ?? {})) {
          if (!values.every(Number.isFinite)) fail(`"${name}" is no longer finite`);
        }
      }
    },
  },
  {
    id: 'resumes',
    title: 'continues to the bit from a checkpoint',
    meaning:
      'The rule keeps numbers outside its declared state, for example in a variable of the file: declare them in learning.state and read them by step.state(name).',
    run({ rule, reference, others }) {
      for (const compute of [reference, ...others]) {
        const whole = learnerOf(compute, rule, noisySetting(rule));
        train(compute, whole, 0, 5);
        const resumed = learnerOf(compute, rule, noisySetting(rule));
        for (const [name, tensor] of resumed.tensors()) {
          const saved = whole.tensors().get(name);
          if (!saved) return fail(`"${name}" is in one learner and not in the other`);
          compute.copy(tensor, saved);
        }
        const losses = [train(compute, resumed, 5, 11), train(compute, whole, 5, 11)];
        same(losses[0], losses[1], 'the losses after a resume differ');
        same(snapshot(resumed), snapshot(whole), 'the weights or the state after a resume differ');
        whole.dispose();
        resumed.dispose();
      }
    },
  },
  {
    id: 'backends',
    title: 'does the same on every backend',
    meaning: 'A result depends on rounding, such as a comparison of two nearly equal numbers.',
    run({ rule, reference, others }) {
      const lossesOn = (compute: Compute): number[] => {
        const learner = learnerOf(compute, rule, { specification: smallStack({ dropout: 0.2 }, rule) });
        const losses = train(compute, learner, 0, 10);
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
    },
  },
  {
    id: 'terms',
    title: 'emits finite terms of the right shapes, or says why it does not support a network',
    meaning:
      'A term is emitted with the wrong side first, for a parameter of another area, or from a tensor that was never written: outer terms are pre (batch, presynaptic) and post (batch, postsynaptic). If the rule cannot support a network, say so in network.refuses, and end with "Rules that do: …".',
    run({ rule, reference: compute }) {
      for (const [name, specification, size] of networksFor(rule)) {
        if (rule.network?.refuses?.(specification, parseOptions(rule, {})) !== undefined) {
          const refusal = messageOf(() => learnerOf(compute, rule, { specification }).dispose());
          if (!/does not support this network: .*Rules that do: [a-z]/.test(refusal)) {
            fail(`it refuses ${name} without saying which rules do: ${refusal}`);
          }
          continue;
        }
        const learner = learnerOf(compute, rule, { specification });
        const batch = clouds(compute, 0, size);
        let emitted = 0;
        poison(compute);
        learner.learn(batch, 0, 0, {
          term(parameter, term) {
            emitted += 1;
            checkTermOf(parameter, term, size, name);
          },
        });
        if (emitted === 0) fail(`no term is emitted on ${name}`);
        learner.dispose();
        release(compute, batch);
      }
    },
  },
  {
    id: 'samples',
    title: 'shares as many samples as it says, with the same result',
    meaning:
      'The hook learning.sharedSamples must return the number of samples that step.samples measures in a step, and a sample must depend on its number alone.',
    run({ rule, options, others }) {
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
        const learner = learnerOf(compute, rule, { ...noisySetting(rule), options, ...more });
        const losses = train(compute, learner, 0, 4);
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
    },
  },
  {
    id: 'plastic',
    title: 'changes plastic synapses and nothing else of the network',
    meaning:
      'The rule writes a tensor of the network itself. It must emit terms; the optimiser changes weights.',
    run({ rule, reference: compute }) {
      const base = smallStack({ density: 0.6 }, rule);
      const [first, ...rest] = base.projections;
      if (!first) return;
      const specification = { ...base, projections: [{ ...first, plastic: false }, ...rest] };
      const learner = learnerOf(compute, rule, { specification });
      const numbers = () =>
        new Map([...learner.network.tensors()].map(([name, tensor]) => [name, tensor.toArray()]));
      const before = numbers();
      train(compute, learner, 0, 3);
      const may = new Set(learner.network.parameters.map(({ id }) => id));
      const changed = [...numbers()].filter(([name, values]) => !equal(values, before.get(name)));
      if (changed.length === 0) fail('nothing changed in three updates');
      for (const [name] of changed) if (!may.has(name)) fail(`"${name}" is not plastic and changed`);
      learner.dispose();
    },
  },
  {
    id: 'audited',
    title: 'computes by operations, which the audit follows, and keeps errors within their declared reach',
    meaning:
      'Numbers read from tensor.data or toArray() cannot be followed, so that the audit cannot say what a synapse needs: use the operations of step.compute. An objective of reach "layer" may change parameters of its own layer only.',
    run({ rule, options, reference: compute }) {
      const learner = learnerOf(compute, rule, { options });
      const batch = clouds(compute, 0);
      const { locality, reachViolations } = audit(compute, learner, batch);
      learner.dispose();
      release(compute, batch);
      const read = new Set(locality.flatMap(({ valuesRead }) => valuesRead));
      if (read.size > 0) fail(`values are read outside of operations: ${list([...read])}`);
      if (reachViolations.length > 0) fail(`beyond the declared reach: ${list(reachViolations)}`);
    },
  },
  {
    id: 'sparse',
    title: 'leaves synapses that do not exist at zero, feedback included',
    meaning:
      'Feedback must take the density of the forward path that it answers: add it by withFeedback or withDirectFeedback, or copy "density" from the forward projection.',
    run({ rule, others }) {
      const compute = others[0] as Compute;
      for (const kind of ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const) {
        const learner = learnerOf(compute, rule, {
          specification: smallStack({ density: 0.5 }, rule),
          optimiser: optimiser({ kind, rate: 0.01, decay: 0.1, maximumNorm: 1 }),
        });
        train(compute, learner, 0, 4);
        for (const { id, weights, mask } of learner.network.projections) {
          const exists = mask?.toArray();
          if (!exists) return fail(`projection "${id}" is dense in a network of density 0.5`);
          if (weights.toArray().some((value, index) => exists[index] !== 1 && value !== 0)) {
            fail(`projection "${id}" has weights where there is no synapse, under ${kind}`);
          }
        }
        learner.dispose();
      }
    },
  },
  {
    id: 'pure',
    title: 'changes nothing in an estimate or an evaluation',
    meaning:
      'Probes and evaluations run learn and the evaluation phase without changing anything: write state only in learn, through step.state or step.remember, never in report.evaluate.',
    run({ rule, reference: compute }) {
      const learner = learnerOf(compute, rule, noisySetting(rule));
      train(compute, learner, 0, 3);
      learner.resetTally();
      const batch = clouds(compute, 9);
      const before = snapshot(learner);
      const first = gradientsOf(compute, learner, batch);
      if (learner.tally().examples !== 0) fail('an estimate counts in the records');
      same([...gradientsOf(compute, learner, batch)], [...first], 'two estimates of one batch differ');
      learner.evaluate(batch);
      if (learner.tally().examples !== 12) fail('an evaluation does not count its examples');
      learner.resetTally();
      same(snapshot(learner), before, 'something changed');
      learner.dispose();
      release(compute, batch);
    },
  },
  {
    id: 'learns',
    title: 'learns to tell three clouds of points apart',
    meaning:
      'In 150 updates of 12 examples the loss of unseen points should fall to a quarter. Compare the sign of its terms with the gradient (terms estimate +∂L/∂W; the optimiser subtracts), then its size: apical estimate --rule FILE.',
    run({ rule, options, rate, others }) {
      const compute = others[0] as Compute;
      const learner = learnerOf(compute, rule, {
        options,
        optimiser: optimiser(rate === undefined ? {} : { rate }),
      });
      const unseen = clouds(compute, 1_000, 60);
      const score = () => {
        learner.resetTally();
        learner.evaluate(unseen);
        return learner.tally();
      };
      const before = score();
      train(compute, learner, 0, 150);
      const after = score();
      if (!(after.loss < before.loss / 4)) {
        fail(
          `the loss went from ${(before.loss / 60).toPrecision(3)} to ${(after.loss / 60).toPrecision(3)} per example`,
        );
      }
      if (after.wrong > 3) fail(`${after.wrong} of 60 points are still wrong`);
      learner.dispose();
      release(compute, unseen);
    },
  },
];

/** Returns the networks on which a rule must emit sound terms, with their names and batch sizes. */
const networksFor = (rule: Rule): [string, NetworkSpecification, number][] => [
  ['a stack', smallStack({}, rule), 12],
  [
    'a stack under squared error with every kind of noise',
    smallStack({ objective: 'squared-error', dropout: 0.5, inputDropout: 0.2, density: 0.5 }, rule),
    5,
  ],
  ['one example', smallStack({ activation: 'relu' }, rule), 1],
  ['a network without hidden areas', smallStack({ layers: [6, 3] }, rule), 4],
  ['a graph that is no chain', graphFor(rule), 6],
];

function checkTermOf(parameter: Parameter, term: Term, batch: number, network: string): void {
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
      const examples = isFeedback ? term.post.rows : batch;
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
