import process from 'node:process';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { blasBackend } from '../../backends/blas/index.ts';
import { openBackend, provideBlas } from '../../backends/open.ts';
import { Examples } from '../../training/examples.ts';
import { loadActivations } from '../files/activation-file.ts';
import { loadObjective } from '../files/objective-file.ts';
import { loadRule } from '../files/rule-file.ts';
import { beginOnData } from '../../training/task.ts';
import { SharedExchange } from './exchange.ts';
import { fingerprintOf } from './replica.ts';
import type { ReplicaMessage, ReplicaStart } from './replica.ts';

/*
 * The program of a worker thread: a complete replica of a training. It takes every step, measures the samples that it
 * claims, and writes no files.
 */

const send = (message: ReplicaMessage) => parentPort?.postMessage(message);

async function train({
  participant,
  config,
  dataset,
  backend,
  blasPath,
  state,
}: ReplicaStart): Promise<void> {
  provideBlas(blasBackend);
  const rule = await loadRule(config.rule);
  const compute = await openBackend({ backend, threads: 1, ...(blasPath === undefined ? {} : { blasPath }) });
  await loadActivations(config);
  const exchange = new SharedExchange(participant);
  const examples = new Examples(compute, dataset, await loadObjective(config));
  const together = { exchange, isReplica: true };
  const training = beginOnData({ compute, examples, config, rule, together });
  if (state) {
    const tensors = training.snapshot().tensors;
    for (const [name, values] of state.tensors) tensors.get(name)?.set(values);
    training.restore(state.position);
  }
  exchange.guard(() => fingerprintOf(training.learner));
  send({ kind: 'ready' });
  while (!training.done) training.advance(1000, () => 0);
  send({ kind: 'done' });
}

if (!isMainThread) {
  // A rule prints in the main thread only. Streams that are read would keep the process alive.
  process.stdout.write = () => true;
  process.stderr.write = () => true;
  try {
    await train((workerData as { start: ReplicaStart }).start);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    send({ kind: 'failed', reason });
    // Timers of a rule would keep the thread alive.
    process.exit();
  }
}
