import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { isUserFile } from '../../config/user-file.ts';
import { ApicalError } from '../../errors.ts';
import { RULES } from '../../rules/index.ts';
import { openDataset } from '../../runs/files/datasets.ts';
import { loadActivations } from '../../runs/files/activation-file.ts';
import { loadObjective } from '../../runs/files/objective-file.ts';
import { loadRule } from '../../runs/files/rule-file.ts';
import { sealWeights, startFromWeights } from '../../runs/files/weights-file.ts';
import { RunFolder } from '../../runs/folder/index.ts';
import { openEnvironment, requestFor } from '../../runs/open-task.ts';
import { withWorkers } from '../../runs/workers/check.ts';
import { WorkerPool } from '../../runs/workers/pool.ts';
import type { Evaluation } from '../../training/evaluation.ts';
import type { MetricsRecord } from '../../training/records.ts';
import type { TrainedNetwork } from '../../training/trained-network.ts';
import { compareOn } from './compare.ts';
import type { ComparedRecord, CompareResult } from './compare.ts';
import { begin } from './handle.ts';
import type { Handle } from './handle.ts';
import type { Host } from './host.ts';
import type { CompareOptions, Data, TrainOptions } from './options.ts';
import { Result } from './result.ts';
import { evaluateOn, trainOn } from './train.ts';

/** Node: files, worker threads, and all built-in rules. */
const host: Host = {
  now: () => performance.now() / 1000,
  pause: () => setImmediate(),
  loadRule,
  checkOwnRule(rule) {
    if (RULES.every((builtIn) => builtIn === rule || builtIn.id !== rule.id)) return;
    throw new ApicalError(
      'rule.id',
      `"${rule.id}" is the id of a built-in rule, so results could not be told apart. Give your rule another id.`,
      { rule: rule.id },
    );
  },
  openDataset: (config) => openDataset(requestFor(config)),
  openEnvironment,
  loadObjective,
  loadActivations,
  prepare(configs, ruleOf, warn) {
    const foreign = configs.find(
      ({ rule, workers }) => workers > 1 && !isUserFile(rule) && RULES.every(({ id }) => id !== rule),
    );
    if (foreign) {
      throw new ApicalError(
        'config.workers',
        `workers is ${foreign.workers}, but worker threads cannot load the rule object "${foreign.rule}". Give the path of a file that exports it, or leave workers out.`,
      );
    }
    const rules = new Map(configs.map((config) => [config.rule, ruleOf(config)]));
    return withWorkers(configs.map(sealWeights), rules, warn);
  },
  startFromWeights,
  openTeam: ({ config, examples, compute, warn }) => {
    const pool = new WorkerPool({ config, examples, backend: compute.backend.name, onWarning: warn });
    return {
      exchange: pool.exchange,
      get size() {
        return pool.size;
      },
      start: (training, signal) => pool.start(training, signal),
      close: () => pool.close(),
    };
  },
};

/**
 * The result of `train`: the trained network with its metrics and records. Call `dispose` when you are done.
 *
 * @example
 * import { train } from 'apical';
 *
 * const result = await train({ dataset: 'rings', network: { hidden: [16] }, epochs: 1 });
 * const { probabilities, classes } = result.predict([[0.2, 0.7], [0.9, 0.1]]);
 * console.log(result.metrics.test?.error, probabilities, classes);
 * await result.save('runs/rings');
 * result.dispose();
 */
export class TrainResult extends Result {
  /**
   * Writes the run to a folder, as `apical run --out` does, and returns the folder. `loadNetwork`, `apical predict`,
   * `apical export` and `apical run --resume` read it.
   *
   * Throws `folder.exists` if the folder already holds a run, `folder.full` and `folder.unwritable`.
   */
  save(folder: string): Promise<string> {
    return new Promise((resolve) => resolve(this.#write(folder)));
  }

  #write(folder: string): string {
    const { config, compute, data, training, records, document, startedAt } = this;
    const isOfExamples = config.task.environment === undefined;
    const kept = RunFolder.create(folder, {
      ...{ config, startedAt, command: 'train() in a program', backend: compute.backend },
      ...(isOfExamples ? { data } : {}),
    });
    try {
      for (const record of records) kept.record(record);
      const { tensors, position } = training.snapshot();
      if (!kept.checkpoint(tensors, position)) {
        throw new ApicalError(
          'run.diverged',
          'The network contains numbers that are not finite, so it cannot be saved. Lower optimiser.rate and train again.',
        );
      }
      kept.status({ status: 'done', document: { ...document, folder: kept.path } });
    } finally {
      kept.close();
    }
    return kept.path;
  }
}

/**
 * Trains a network by a learning rule. The call returns at once: `await` gives the result, `for await` gives the records as
 * they arise, and you can do both. Several calls take turns, and each gives the same bits as alone. Nothing is written to
 * disk.
 *
 * Leaving a loop before the end stops the run and frees its memory, as an aborted `signal` does.
 *
 * Rejects with configuration errors (`train.options`, `config.…`, `rule.…`, `dataset.…`), with `run.diverged` and
 * `run.rule-failed`, and with the reason of an aborted signal.
 *
 * @example
 * import { train } from 'apical';
 *
 * const options = { rule: 'feedback-alignment', dataset: 'rings', network: { hidden: [32] }, epochs: 2 };
 * const run = train(options);
 * for await (const record of run) {
 *   if (record.kind === 'evaluation') console.log(record.epoch, record.test?.error);
 * }
 * const result = await run;
 * console.log(result.metrics.test?.error, result.predict([0.2, 0.7]).classes);
 * result.dispose();
 *
 * @example
 * import { train } from 'apical';
 *
 * const inputs = [[0, 0], [0, 1], [1, 0], [1, 1]];
 * const result = await train({ dataset: { inputs, labels: [0, 1, 1, 0] }, network: { hidden: [8] }, batch: 4, epochs: 50 });
 * console.log(result.predict(inputs).classes);
 * result.dispose();
 */
export function train(options: TrainOptions): Handle<MetricsRecord, TrainResult> {
  return begin(options, (going) => trainOn(host, options, going, (parts) => new TrainResult(parts)));
}

/**
 * Compares rules on the same data, networks and seeds. The call returns at once: `await` gives the result, `for await` gives
 * the records with their rule and seed. The rules of one seed take turns, and each run gives the same bits as alone.
 *
 * Rejects as `train` does, except that a run that fails while learning has its error in the result, and the others go on.
 *
 * @example
 * import { compare } from 'apical';
 *
 * const { summary, paired } = await compare({
 *   rules: ['backprop', 'feedback-alignment'],
 *   seeds: [0, 1],
 *   dataset: 'rings',
 *   network: { hidden: [16] },
 *   epochs: 2,
 * });
 * for (const { rule, metric, mean, interval } of summary) console.log(rule, metric, mean, interval);
 * console.log(paired.find(({ metric }) => metric === 'test error'));
 */
export function compare(options: CompareOptions): Handle<ComparedRecord, CompareResult> {
  return begin(options, (going) => compareOn(host, options, going));
}

/**
 * Evaluates a network on data and returns its loss, error and number of examples. Data are your own arrays, or a data set,
 * of which the test examples are used (the training examples if it has no others).
 *
 * Throws `dataset.…` if the data cannot be read, and `evaluate.data` if they do not fit the network.
 *
 * @example
 * import { evaluate, train } from 'apical';
 *
 * const result = await train({ dataset: 'rings', network: { hidden: [16] }, epochs: 1 });
 * const { loss, error, count } = await evaluate(result, { inputs: [[0.1, 0.2], [0.9, 0.1]], labels: [0, 1] });
 * console.log(loss, error, count);
 * result.dispose();
 */
export function evaluate(network: TrainedNetwork, data: Data): Promise<Evaluation> {
  return evaluateOn(host, network, data);
}
