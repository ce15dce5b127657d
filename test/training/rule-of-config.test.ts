import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { parseConfig } from '../../src/config/config.ts';
import { generateDataset } from '../../src/datasets/index.ts';
import { environmentById } from '../../src/environments/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { ControlTraining } from '../../src/training/control/control-training.ts';
import { ExampleTraining } from '../../src/training/example-training.ts';
import { Examples } from '../../src/training/examples.ts';
import { withRuleOf, withRulesOf } from '../../src/training/of-config/rule-of-config.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'wasm', threads: 1 });
});
afterAll(() => compute.dispose());

const alignment = ruleById('feedback-alignment');
const symmetry = ruleById('sign-symmetry');

describe('the rule that a config names', () => {
  test('is the rule that learns from examples', () => {
    const draws = new Sequence(stream(0, 'dataset'));
    const examples = new Examples(
      compute,
      generateDataset('rings', { trainCount: 40, testCount: 10 }, draws),
    );
    const config = parseConfig({ network: { hidden: [4] }, batch: 10, epochs: 1 });
    const training = new ExampleTraining({ compute, examples, config, rule: alignment });
    expect(config.rule).toBe('backprop');
    expect(training.config).toEqual({ ...config, rule: 'feedback-alignment' });
    training.dispose();
    examples.dispose();
  });

  test('is the rule that learns from an environment, of actor and critic', () => {
    const environment = environmentById('bandit');
    const config = parseConfig({ task: { environment: 'bandit' }, network: { hidden: [4] } });
    const rules = { actor: alignment, critic: symmetry };
    const training = new ControlTraining({ compute, environment, config, rules });
    expect(training.config.rule).toBe('feedback-alignment');
    expect(training.config.control?.critic.rule).toBe('sign-symmetry');
    training.dispose();
  });

  test('stays a path, which gives the origin of the rule', () => {
    const config = parseConfig({ rule: './rules/mine.ts' });
    expect(withRuleOf(config, alignment)).toBe(config);
  });

  test('is unchanged if it is correct', () => {
    const config = parseConfig({ rule: 'feedback-alignment' });
    expect(withRuleOf(config, alignment)).toBe(config);
  });
});

test('a critic keeps its options when its rule is named', () => {
  const config = parseConfig({
    rule: 'feedback-alignment',
    ruleOptions: { scale: 2 },
    task: { environment: 'bandit' },
    control: { critic: { ruleOptions: { feedback: 'normal' } } },
  });
  expect(withRulesOf(config, { actor: alignment, critic: alignment })).toBe(config);
  const named = withRulesOf(config, { actor: alignment, critic: symmetry });
  expect(named.control?.critic).toMatchObject({
    rule: 'sign-symmetry',
    ruleOptions: { scale: 2, feedback: 'normal' },
  });
});
