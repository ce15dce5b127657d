import type { Compute } from '../../tensor/compute.ts';
import type { Config } from '../../config/config.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import type { Environment } from '../../environments/index.ts';
import type { Rule } from '../../learning/rule.ts';
import type { BlackBox, Network } from '../../network/index.ts';
import type { Examples } from '../../training/examples.ts';
import type { Together, Training } from '../../training/training.ts';

/** Workers that take the steps of one run together. */
export interface Team extends Together {
  /** How many take part, the main thread among them. */
  readonly size: number;
  start(training: Training, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What differs between Node and a browser: where data, rules and weights come from, and how others get their turn. */
export interface Host {
  /** A clock in seconds. */
  now(): number;
  /** Lets events and other runs have their turn. */
  pause(): Promise<void>;
  /** The rule of that id or file. Throws `rule.…`. */
  loadRule(reference: string): Promise<Rule>;
  /** Throws `rule.id` where a built-in rule has the id of this one. */
  checkOwnRule(rule: Rule): void;
  /** The data set that a config names. Throws `dataset.…`. */
  openDataset(config: Pick<Config, 'task'>): Promise<Dataset>;
  openEnvironment(id: string, options: Readonly<Record<string, number>>): Promise<Environment>;
  /** The function that a config's `objective` names by its file. */
  loadObjective(config: Config): Promise<BlackBox | undefined>;
  /**
   * The configs of runs side by side as this host can do them, such as with the content of their weights' file as part of
   * it. `ruleOf` is the rule of a config.
   */
  prepare(
    configs: readonly Config[],
    ruleOf: (config: Config) => Rule,
    warn: (message: string) => void,
  ): readonly Config[];
  /** Gives a network the weights that its config names, where it names any. */
  startFromWeights(network: Network, config: Config): void;
  /** Workers for a run that asks for more than one. */
  openTeam(options: {
    readonly config: Config;
    readonly examples: Examples;
    readonly compute: Compute;
    readonly warn: (message: string) => void;
  }): Team | undefined;
}
