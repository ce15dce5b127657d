import { describe, expect, test } from 'vitest';
import { copyOf, swish } from '../activations.ts';
import { openAll } from '../backends/open-all.ts';
import { defineRule } from '../../src/learning/index.ts';
import type { Rule } from '../../src/learning/index.ts';
import { stack } from '../../src/network/index.ts';
import type { Area } from '../../src/network/index.ts';
import { audit } from '../../src/analysis/index.ts';
import { ruleById, RULES } from '../../src/rules/index.ts';
import { softplus, tanh, threshold } from '../../src/tensor/index.ts';
import type { Activation, ActivationReference } from '../../src/tensor/index.ts';
import { CLASSES, clouds, learnerOf, release, train, UNITS } from './fixtures.ts';

/*
 * Activation functions of a user's own under every rule. A copy of a built-in function must learn the same, however its
 * slope is given, so every place that multiplies by a slope is right for both kinds or refuses.
 */

const on = openAll(['reference']);

/** Returns all parameters after some steps with this hidden activation. */
function learned(rule: Rule, activation: ActivationReference): number[] {
  const compute = on('reference');
  const specification = stack({
    ...{ layers: [UNITS, 9, 7, CLASSES], objective: 'cross-entropy', dropout: 0.2 },
    activation,
  });
  const learner = learnerOf(compute, rule, { specification });
  try {
    train(compute, learner, 0, 3);
    return learner.network.parameters.flatMap(({ values }) => values.toArray());
  } finally {
    learner.dispose();
  }
}

const serves = ({ dynamics }: Rule, name: 'tanh' | 'softplus'): boolean =>
  dynamics.activations?.includes(name) ?? true;

describe.each([tanh, softplus])('a copy of $name learns as the built-in one', (activation: Activation) => {
  const name = activation.name as 'tanh' | 'softplus';
  test.each(RULES.filter((rule) => serves(rule, name)).map((rule): [string, Rule] => [rule.id, rule]))(
    '%s',
    (_, rule) => {
      if (rule.id === 'recurrent-backprop' && name === 'tanh') {
        // It needs the second derivative, which a user does not give.
        expect(() => learned(rule, copyOf(activation, 'rate'))).toThrow(
          /second derivative of their activation function, which is not known for my-tanh \(area "hidden1"\)/,
        );
        return;
      }
      const builtIn = learned(rule, activation);
      for (const from of ['rate', 'potential'] as const) {
        const own = learned(rule, copyOf(activation, from));
        for (const [index, value] of own.entries()) {
          expect(Math.abs(value - (builtIn[index] as number)), `${from} ${index}`).toBeLessThan(1e-9);
        }
      }
    },
  );
});

test.each(RULES.filter((rule) => serves(rule, 'tanh')).map((rule): [string, Rule] => [rule.id, rule]))(
  'the audit of %s is that of a built-in function',
  (_, rule) => {
    const compute = on('reference');
    const audited = (activation: ActivationReference) => {
      const specification = stack({
        ...{ layers: [UNITS, 9, 7, CLASSES], objective: 'cross-entropy' },
        activation,
      });
      const learner = learnerOf(compute, rule, { specification });
      const batch = clouds(compute, 0);
      try {
        // Costs differ where the potential of an inverse is computed again.
        const { locality } = audit(compute, learner, batch);
        return locality.map((row) => ({ ...row, sources: [...row.sources].sort() }));
      } finally {
        release(compute, batch);
        learner.dispose();
      }
    };
    if (rule.id === 'recurrent-backprop') return; // refused above
    expect(audited(copyOf(tanh, 'potential'))).toEqual(audited(tanh));
  },
);

test('a slope whose potential is not known names the activation function and the area', () => {
  const compute = on('reference');
  const rule = defineRule({
    ...ruleById('backprop'),
    id: 'clamps',
    learn(step) {
      const hidden = step.network.area('hidden1');
      const clamp = (area: Area) => (area === hidden ? step.like(area) : undefined);
      step.run('clamped', { clamp }).slope(hidden, step.like(hidden));
    },
  });
  const specification = stack({ layers: [UNITS, 5, CLASSES], activation: swish, objective: 'cross-entropy' });
  const learner = learnerOf(compute, rule, { specification });
  expect(() => train(compute, learner, 0, 1)).toThrow(
    /The slope of swish is a function of the potential, which the phase "clamped" does not know for area "hidden1"/,
  );
  learner.dispose();
});

test.each(RULES.map((rule): [string, Rule] => [rule.id, rule]))(
  '%s takes unbounded units and units that fire, or says why not',
  (_, rule) => {
    for (const activation of [swish, threshold({ surrogate: 'arctan' })]) {
      try {
        expect(learned(rule, activation).every(Number.isFinite)).toBe(true);
      } catch (error) {
        expect((error as { code?: string }).code, String(error)).toMatch(
          /^(rule\.network|dynamics\.curvature)$/,
        );
        expect((error as Error).message).toMatch(new RegExp(`${activation.name}|surrogate`));
      }
    }
  },
);
