import type { ConfigInput } from '../../config/config.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import type { Rule } from '../../learning/rule.ts';
import type { OwnData } from '../../training/own-data.ts';

/** Data to learn from: the id or path of a data set, one that is open, or arrays of your own. */
export type Data = string | Dataset | OwnData;

/** What to train: the keys of a config, and data, rule and signal as objects where wanted. */
export interface TrainOptions extends Omit<ConfigInput, 'rule' | 'version'> {
  /** The id of a rule, the path of a file that exports one (in Node), or a rule. Default: "backprop". */
  readonly rule?: string | Rule | undefined;
  /** Default: "mnist" in Node. */
  readonly dataset?: Data | undefined;
  /** Stops the run between two steps. */
  readonly signal?: AbortSignal | undefined;
}

/** A rule in a comparison, with options of its own. */
export interface ComparedRule {
  readonly rule: string | Rule;
  readonly ruleOptions?: Readonly<Record<string, unknown>>;
  /** What it is called in results, where the rule takes part more than once. Default: the id of the rule. */
  readonly name?: string;
}

/** What to compare: rules and seeds, on what is otherwise one config. */
export interface CompareOptions extends Omit<TrainOptions, 'rule' | 'ruleOptions' | 'seed'> {
  readonly rules: readonly (string | Rule | ComparedRule)[];
  /** Each rule runs once for every seed. Default: [0]. */
  readonly seeds?: readonly number[] | undefined;
}
