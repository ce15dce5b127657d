import type { ConfigInput } from '../../config/config.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import type { Rule } from '../../learning/rule.ts';
import type { OwnData } from '../../training/own/own-data.ts';

/** Data to learn from: the id or path of a data set, a data set that is open, or your own arrays. */
export type Data = string | Dataset | OwnData;

/** The options of `train`: the keys of a config, with data and rule as objects if you like. */
export interface TrainOptions extends Omit<ConfigInput, 'rule' | 'version'> {
  /** Id of a rule, path of a file that exports one (in Node), or a rule object. Default: "backprop". */
  readonly rule?: string | Rule | undefined;
  /** The data to learn from. Default: "mnist". */
  readonly dataset?: Data | undefined;
  /** Stops the run between two steps when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A rule of a comparison with its options. */
export interface ComparedRule {
  readonly rule: string | Rule;
  readonly ruleOptions?: Readonly<Record<string, unknown>>;
  /** Name in the results, needed if a rule takes part more than once. Default: the id of the rule. */
  readonly name?: string;
}

/** The options of `compare`: rules and seeds, and the keys of a config that all runs share. */
export interface CompareOptions extends Omit<TrainOptions, 'rule' | 'ruleOptions' | 'seed'> {
  readonly rules: readonly (string | Rule | ComparedRule)[];
  /** Each rule runs once per seed. Default: [0]. */
  readonly seeds?: readonly number[] | undefined;
}
