import type { Config } from '../../config/config.ts';
import { ruleFailure } from '../../learning/rule-failure.ts';
import { describeRun } from '../../runs/run-document.ts';
import type { Compute } from '../../tensor/compute.ts';
import { drive } from '../../training/drive.ts';
import { networkFor } from '../../training/of-config/network-of-config.ts';
import { pretrainingConfig, takeOver } from '../../training/pretraining.ts';
import type { MetricsRecord, RunDocument } from '../../training/records.ts';
import { checkOptions } from '../../training/of-config/rule-options.ts';
import type { RunRules, Task } from '../../training/task.ts';
import type { Training } from '../../training/training.ts';
import type { Host, Team } from './host.ts';

/** A run to do, and where it is done. */
export interface ConductOptions {
  readonly host: Host;
  readonly compute: Compute;
  readonly task: Task;
  readonly config: Config;
  readonly rules: RunRules;
  /** Name of the run, if its rule alone does not tell it apart from others. */
  readonly variant?: string | undefined;
  readonly signal: AbortSignal;
  readonly emit: (record: MetricsRecord) => void;
  readonly warn: (message: string) => void;
}

/** A run that has ended or failed. The caller disposes of its training. */
export interface ConductedRun {
  readonly training: Training;
  readonly records: readonly MetricsRecord[];
  readonly document: RunDocument;
  /** The error of a failed run. */
  readonly error?: unknown;
}

/**
 * Does one run in memory, from the first step to the last. An error while learning is returned. Throws configuration
 * errors and the reason of an aborted signal, after freeing the memory of the run.
 */
export async function conduct(options: ConductOptions): Promise<ConductedRun> {
  const { host, compute, task, config, rules, variant, signal, emit, warn } = options;
  const records: MetricsRecord[] = [];
  const record = (made: MetricsRecord) => {
    records.push(made);
    emit(made);
  };
  const team = teamFor(options);
  let training: Training;
  try {
    training = task.begin(config, rules, record, team);
  } catch (error) {
    throw ruleFailure(rules.rule, 'before its first step', error);
  }
  try {
    const { network } = training.learner;
    for (const warning of network.warnings()) warn(warning);
    host.startFromWeights(network, config);
    await pretrain(options, training);
    const start = host.now();
    let failure: { readonly error: unknown } | undefined;
    try {
      await team?.start(training, signal);
      await drive(training, { now: host.now, signal, pause: host.pause });
    } catch (error) {
      failure = { error: ruleFailure(rules.rule, `at step ${training.step}`, error) };
    }
    // After the last step there is nothing to stop.
    if (!training.done) signal.throwIfAborted();
    if (!failure) {
      const measured = records.findLast(({ kind }) => kind === 'evaluation');
      const metrics = measured && 'metrics' in measured ? measured.metrics : undefined;
      for (const hint of training.learner.hints({ kind: 'finished', measured: metrics ?? {} })) warn(hint);
    }
    const document = describeRun({
      ...{ training, workers: team?.size ?? 1, variant, metrics: records, compute, task },
      status: failure ? 'failed' : 'done',
      wallSeconds: host.now() - start,
      folder: undefined,
      peakMemoryBytes: compute.heap.memory.buffer.byteLength,
      error: failure?.error,
    });
    return { training, records, document, ...failure };
  } catch (error) {
    training.dispose();
    throw error;
  } finally {
    await team?.close();
  }
}

function teamFor({ host, compute, task, config, warn }: ConductOptions): Team | undefined {
  const { examples } = task;
  return config.workers > 1 && examples ? host.openTeam({ config, examples, compute, warn }) : undefined;
}

/** Does the pretraining of a config, if it has any, and copies the weights into the network. */
async function pretrain(options: ConductOptions, training: Training): Promise<void> {
  const { host, compute, task, config } = options;
  const { pretraining } = config;
  if (!pretraining || !task.examples) return;
  const before = pretrainingConfig({ ...config, pretraining }, networkFor(config, task.examples));
  const rule = await host.loadRule(before.rule);
  checkOptions(rule, before.ruleOptions);
  const run = await conduct({ ...options, config: before, rules: { rule }, emit: () => undefined });
  try {
    if (run.error !== undefined) throw run.error as Error;
    takeOver(compute, run.training.learner.network, training.learner.network);
  } finally {
    run.training.dispose();
  }
}
