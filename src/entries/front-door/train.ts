import { openBackend } from '../../backends/open.ts';
import type { Config } from '../../config/config.ts';
import type { Compute } from '../../tensor/compute.ts';
import { evaluateNetwork } from '../../training/evaluation.ts';
import type { Evaluation } from '../../training/evaluation.ts';
import type { MetricsRecord } from '../../training/records.ts';
import type { Task } from '../../training/task.ts';
import type { TrainedNetwork } from '../../training/trained-network.ts';
import { conduct } from './conduct.ts';
import type { Going } from './handle.ts';
import type { Host } from './host.ts';
import { findTask } from './open-task.ts';
import type { Data, TrainOptions } from './options.ts';
import { openData, readTrainOptions } from './read-options.ts';
import type { Asked, AskedRun } from './read-options.ts';
import type { Result, ResultParts } from './result.ts';

/** Does the run of some options and returns its result. If it fails or is stopped, its memory is freed. */
export async function trainOn<Made extends Result>(
  host: Host,
  options: TrainOptions,
  { emit, signal }: Going<MetricsRecord>,
  make: (parts: ResultParts) => Made,
): Promise<Made> {
  const startedAt = new Date().toISOString();
  const asked = await readTrainOptions(host, options);
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const { compute, task, configs } = await openFor(host, asked, signal, warn);
  try {
    const [{ rules }] = asked.runs as [AskedRun];
    const run = await conduct({
      ...{ host, compute, task, rules, signal, emit, warn },
      config: configs[0] as Config,
    });
    if (run.error !== undefined) throw run.error as Error;
    const evaluate = (network: TrainedNetwork, data: Data) => evaluateOn(host, network, data);
    return make({ compute, task, run, warnings, startedAt, evaluate });
  } catch (error) {
    compute.dispose();
    throw error;
  } finally {
    // The result keeps the network, not the examples.
    task.dispose();
  }
}

/** Evaluates a network on data of any kind. */
export async function evaluateOn(host: Host, network: TrainedNetwork, data: Data): Promise<Evaluation> {
  return evaluateNetwork(network, await openData(host, data, network.data));
}

/** Opens the backend and the task that runs share, and completes their configs. Throws the reason of an aborted signal. */
export async function openFor(
  host: Host,
  { runs, dataset }: Asked,
  signal: AbortSignal,
  warn: (message: string) => void,
): Promise<{ compute: Compute; task: Task; configs: readonly Config[] }> {
  const rules = new Map(runs.map(({ config, rules }) => [config, rules.rule]));
  const configs = host.prepare(
    runs.map(({ config }) => config),
    (config) => rules.get(config) as NonNullable<ReturnType<typeof rules.get>>,
    warn,
  );
  const [first] = configs as [Config];
  await host.loadActivations(...configs);
  const putOn = await findTask(host, first, dataset);
  signal.throwIfAborted();
  const compute = await openBackend({
    backend: first.backend,
    // Each worker uses one thread, so that the bits do not depend on their number.
    threads: configs.some(({ workers }) => workers > 1) ? 1 : first.threads,
  });
  try {
    signal.throwIfAborted();
    return { compute, task: putOn(compute), configs };
  } catch (error) {
    compute.dispose();
    throw error;
  }
}
