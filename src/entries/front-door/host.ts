import type { Compute } from '../../tensor/compute.ts';
import type { Config } from '../../config/config.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import type { Environment } from '../../environments/index.ts';
import type { Rule } from '../../learning/rule.ts';
import type { Loss, Network } from '../../network/index.ts';
import type { Examples } from '../../training/examples.ts';
import type { Together, Training } from '../../training/training.ts';

/** Worker threads that take the steps of one run together. */
export interface Team extends Together {
  /** Number of workers, including the main thread. */
  readonly size: number;
  start(training: Training, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Services that differ between Node and a browser: sources of data, rules and weights, and yielding to other work. */
export interface Host {
  /** A clock in seconds. */
  now(): number;
  /** Gives events and other runs their turn. */
  pause(): Promise<void>;
  /** Loads the rule with that id or in that file. Throws `rule.…`. */
  loadRule(reference: string): Promise<Rule>;
  /** Throws `rule.id` if a built-in rule has the same id. */
  checkOwnRule(rule: Rule): void;
  /** Opens the data set that a config names. Throws `dataset.…`. */
  openDataset(config: Pick<Config, 'task'>): Promise<Dataset>;
  openEnvironment(id: string, options: Readonly<Record<string, number>>): Promise<Environment>;
  /** Loads the loss in the file that `objective` of a config names; undefined if it names none. */
  loadObjective(config: Config): Promise<Loss | undefined>;
  /** Loads the activation functions that configs name as files, as far as this host reads files. */
  loadActivations(...configs: readonly Config[]): Promise<void>;
  /** Checks whether this host can do runs, and returns their configs, with the hash of a weights file if they name one. */
  prepare(
    configs: readonly Config[],
    ruleOf: (config: Config) => Rule,
    warn: (message: string) => void,
  ): readonly Config[];
  /** Loads the initial weights that a config names into a network, if it names any. */
  startFromWeights(network: Network, config: Config): void;
  /** Creates the workers of a run with more than one. */
  openTeam(options: {
    readonly config: Config;
    readonly examples: Examples;
    readonly compute: Compute;
    readonly warn: (message: string) => void;
  }): Team | undefined;
}
