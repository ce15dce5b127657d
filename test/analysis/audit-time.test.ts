import { afterAll, beforeAll, expect, test } from 'vitest';
import { Recorder } from '../../src/analysis/audit/recorder.ts';
import { openBackend } from '../../src/backends/open.ts';
import type { Phase } from '../../src/dynamics/index.ts';
import { feedforward } from '../../src/dynamics/index.ts';
import { defineRule, noOptions } from '../../src/learning/index.ts';
import type { Learner } from '../../src/learning/index.ts';
import type { Area } from '../../src/network/index.ts';
import { tanh } from '../../src/tensor/index.ts';
import type { Compute, Tensor } from '../../src/tensor/index.ts';
import { learnerOf } from '../rules/fixtures.ts';

/*
 * A recurrent network of one hidden area, whose steps in time are made by hand: rows t · B + e of one tensor an area.
 */

const STEPS = 4;
const EXAMPLES = 2;
const UNITS = { input: 3, hidden: 5, output: 2 };

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const nothing = defineRule({
  id: 'nothing',
  family: 'Tests',
  title: 'Nothing',
  summary: 'Emits nothing.',
  equation: '',
  cites: [],
  options: noOptions,
  dynamics: feedforward,
  learn: () => undefined,
});

/** What a rule in time can reach. */
interface Steps {
  readonly compute: Compute;
  readonly learner: Learner;
  readonly recorder: Recorder;
  phase(time: number): Phase;
  error(time: number): Tensor;
  emit(projection: string, pre: Tensor, post: Tensor): void;
}

/** Records a rule on steps in time; returns whether each projection's update goes backwards in time. */
function record(learn: (steps: Steps) => void, batches = 1): Record<string, boolean> {
  const learner = learnerOf(compute, nothing, {
    specification: {
      areas: [
        { id: 'input', shape: [UNITS.input] },
        { id: 'hidden', shape: [UNITS.hidden], activation: 'tanh' },
        { id: 'output', shape: [UNITS.output] },
      ],
      projections: [
        { from: 'input', to: 'hidden' },
        { from: 'hidden', to: 'hidden', kind: 'lateral' },
        { from: 'hidden', to: 'output' },
      ],
      input: 'input',
      objectives: [{ area: 'output', kind: 'squared-error' }],
    },
  });
  const rows = compute.scope(() => {
    const inputs = compute.temporary([STEPS * EXAMPLES, UNITS.input]);
    const targets = compute.temporary([STEPS * EXAMPLES, UNITS.output]);
    const recorder = new Recorder(learner, {
      inputs,
      targets,
      time: { steps: STEPS, count: STEPS * EXAMPLES, continues: false, first: 0 },
    });
    const observed = recorder.observe(compute);
    for (let batch = 0; batch < batches; batch++) {
      recorder.begin(batch);
      const activities = learner.network.areas.map(({ units }) =>
        observed.temporary([STEPS * EXAMPLES, units]),
      );
      const at = (area: Area, time: number) =>
        (activities[area.index] as Tensor).rowRange(time * EXAMPLES, EXAMPLES);
      const phase = (time: number): Phase => ({
        name: `step ${time}`,
        time,
        takesPart: () => true,
        activity: (area) => at(area, time),
        rate: (area) => at(area, time),
        output: (area) => at(area, time),
        state: (area) => at(area, time),
        potential: (area) => at(area, time),
        gain: () => undefined,
        slope: (area, signal) => {
          const out = observed.temporary(signal.shape);
          observed.multiplyBySlope(out, signal, at(area, time), undefined, tanh);
          return out;
        },
      });
      for (let time = 0; time < STEPS; time++) recorder.phase(phase(time), () => false);
      const errors = observed.temporary([STEPS * EXAMPLES, UNITS.output]);
      const [objective] = learner.network.objectives;
      const error = (time: number) => errors.rowRange(time * EXAMPLES, EXAMPLES);
      if (objective) for (let time = 0; time < STEPS; time++) recorder.error(objective, error(time), time);
      const emit = (id: string, pre: Tensor, post: Tensor) =>
        recorder.term(learner.network.projection(id), { kind: 'outer', pre, post });
      learn({ compute: observed, learner, recorder, phase, error, emit });
      recorder.end();
    }
    return recorder.rows();
  });
  learner.dispose();
  return Object.fromEntries(rows.map(({ projection, backwardsInTime }) => [projection, backwardsInTime]));
}

/** Emits the terms of step `time` for the error `post` at the hidden area. */
function emitHidden({ learner, phase, emit }: Steps, time: number, post: Tensor): void {
  const hidden = learner.network.area('hidden');
  emit('input→hidden', phase(time).activity(learner.network.input), post);
  if (time > 0) emit('lateral:hidden→hidden', phase(time - 1).activity(hidden), post);
}

test('backpropagation through time sends errors backwards in time, but not within a step', () => {
  const backwards = record((steps) => {
    const { compute: ops, learner, phase, error, emit } = steps;
    const { network } = learner;
    const hidden = network.area('hidden');
    let later: Tensor | undefined;
    for (let time = STEPS - 1; time >= 0; time--) {
      const below = ops.temporary([EXAMPLES, UNITS.hidden]);
      network.projection('hidden→output').sendBack(ops, below, error(time));
      if (later) network.projection('lateral:hidden→hidden').sendBack(ops, below, later, 1);
      const delta = phase(time).slope(hidden, below);
      emitHidden(steps, time, delta);
      emit('hidden→output', phase(time).activity(hidden), error(time));
      later = delta;
    }
  });
  expect(backwards).toEqual({
    'input→hidden': true,
    'lateral:hidden→hidden': true,
    'hidden→output': false,
  });
});

test('the error of each step alone goes forwards, also to activity that came along a lateral projection', () => {
  const backwards = record((steps) => {
    const { compute: ops, learner, phase, error } = steps;
    for (let time = 0; time < STEPS; time++) {
      const below = ops.temporary([EXAMPLES, UNITS.hidden]);
      learner.network.projection('hidden→output').sendBack(ops, below, error(time));
      emitHidden(steps, time, phase(time).slope(learner.network.area('hidden'), below));
    }
  });
  expect(backwards).toEqual({ 'input→hidden': false, 'lateral:hidden→hidden': false });
});

test('a trace that accumulates forwards may meet the error of its own step', () => {
  const backwards = record(({ compute: ops, learner, phase, error, emit }) => {
    const trace = ops.temporary([EXAMPLES, UNITS.input]);
    ops.fill(trace, 0);
    const { network } = learner;
    for (let time = 0; time < STEPS; time++) {
      ops.combine(trace, trace, phase(time).activity(network.input), 0.9, 1);
      const below = ops.temporary([EXAMPLES, UNITS.hidden]);
      network.projection('hidden→output').sendBack(ops, below, error(time));
      emit('input→hidden', trace, phase(time).slope(network.area('hidden'), below));
    }
  });
  expect(backwards).toEqual({ 'input→hidden': false });
});

test('the last error is backwards in time where it meets activity that was kept from an earlier step', () => {
  const last = STEPS - 1;
  const backwards = record(({ compute: ops, learner, phase, error, emit }) => {
    const { network } = learner;
    const below = ops.temporary([EXAMPLES, UNITS.hidden]);
    network.projection('hidden→output').sendBack(ops, below, error(last));
    emit('input→hidden', phase(last - 1).activity(network.input), below);
    emit('lateral:hidden→hidden', phase(last - 1).activity(network.area('hidden')), below);
  });
  // Activity takes a step along a lateral projection, but none along a forward one.
  expect(backwards).toEqual({ 'input→hidden': true, 'lateral:hidden→hidden': false });
});

test('an error of the next batch is later than the activity of the last', () => {
  let kept: Tensor | undefined;
  const backwards = record(({ compute: ops, learner, phase, error, emit }) => {
    const { input } = learner.network;
    if (kept) {
      const below = ops.temporary([EXAMPLES, UNITS.hidden]);
      learner.network.projection('hidden→output').sendBack(ops, below, error(0));
      emit('input→hidden', kept, below);
    }
    kept = ops.temporary([EXAMPLES, UNITS.input]);
    ops.copy(kept, phase(0).activity(input));
  }, 2);
  expect(backwards).toEqual({ 'input→hidden': true });
});

test('the steps of one phase in time count as one phase', () => {
  let phases = 0;
  record(({ recorder, phase, error, emit, learner: { network } }) => {
    emit('input→hidden', phase(0).activity(network.input), error(0));
    phases = recorder.rows()[0]?.phases ?? 0;
  });
  expect(phases).toBe(1);
});
