import { describe, expect, test } from 'vitest';
import { train } from '../../src/entries/index.ts';
import type { TrainOptions } from '../../src/entries/index.ts';
import { closedBackends, configKeys, expectRefusal, mine, small } from './fixture.ts';

describe('an error in the options of train is one sentence', () => {
  test.each([
    ['nothing', undefined, 'train.options', 'train takes an object such as'],
    ['a text', 'rings', 'train.options', 'train takes an object such as'],
    ['an unknown key', { ...small, epoch: 3 }, 'train.options', 'no option "epoch". Did you mean "epochs"?'],
    ['another unknown key', { ...small, datset: 'rings' }, 'train.options', 'Did you mean "dataset"?'],
    [
      'an unknown key inside',
      { ...small, network: { hiden: [3] } },
      'config.invalid',
      'Did you mean "network.hidden"?',
    ],
    ['a wrong value', { ...small, batch: 0 }, 'config.invalid', 'batch: must be at least 1, but it is 0'],
    ['an unknown rule', { ...small, rule: 'feedback-aligment' }, 'rule.unknown', '"feedback-alignment"'],
    ['a rule file that is not there', { ...small, rule: './none.ts' }, 'rule.file', './none.ts'],
    ['a number in place of a rule', { ...small, rule: 5 }, 'train.options', 'rule is 5'],
    ['null in place of a rule', { ...small, rule: null }, 'train.options', 'rule is null'],
    ['an object that is no rule', { ...small, rule: { id: 'mine' } }, 'rule.contract', '"family"'],
    ['a rule without learn', { ...small, rule: { ...mine, learn: 3 } }, 'rule.contract', '"learn"'],
    [
      'wrong options of a rule',
      { ...small, rule: 'feedback-alignment', ruleOptions: { scale: -1 } },
      'rule.options',
      'scale',
    ],
    ['a wrong signal', { ...small, signal: 5 }, 'train.options', 'signal is not an AbortSignal'],
    [
      'two names of the data',
      { ...small, task: { dataset: 'bars' } },
      'train.options',
      'dataset and task.dataset both name the data',
    ],
    [
      'data beside an environment',
      { ...small, task: { environment: 'bandit' } },
      'config.invalid',
      'task.dataset: has no place beside task.environment',
    ],
    [
      'options of a data set beside arrays',
      { ...small, dataset: { inputs: [0], labels: [0] }, task: { options: { rings: 2 } } },
      'train.options',
      'task.options applies to a data set that is opened by its id or path',
    ],
    ['data of no kind', { ...small, dataset: 5 }, 'dataset.option', 'dataset is 5'],
  ])('%s', async (_, options, code, words) => {
    const closed = await closedBackends(() =>
      expectRefusal(train(options as unknown as TrainOptions), code, words),
    );
    expect(closed).toBe(0);
  });

  test('every key of a config is an option', async () => {
    const all = Object.fromEntries(configKeys.map((key) => [key, undefined]));
    const result = await train({ ...all, ...small, version: undefined } as TrainOptions);
    result.dispose();
  });
});
