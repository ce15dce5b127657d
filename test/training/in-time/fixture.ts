import { openBackend } from '../../../src/backends/open.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { ConfigInput } from '../../../src/config/config.ts';
import { generateDataset } from '../../../src/datasets/index.ts';
import type { Dataset } from '../../../src/datasets/index.ts';
import { backpropagateInTime, recurrent } from '../../../src/dynamics/index.ts';
import { defineRule, noOptions } from '../../../src/learning/index.ts';
import type { Rule } from '../../../src/learning/index.ts';
import { Sequence, stream } from '../../../src/random/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { inTimeOf } from '../../../src/training/time/data-in-time.ts';
import { Examples } from '../../../src/training/examples.ts';
import type { MetricsRecord } from '../../../src/training/records.ts';
import { beginOnData } from '../../../src/training/task.ts';
import type { Training } from '../../../src/training/training.ts';

/** Backpropagation through time: the exact rule of recurrent dynamics. */
export const throughTime = defineRule({
  ...{
    id: 'through-time',
    family: 'Test',
    title: 'Through time',
    summary: 'Unrolls the network.',
    equation: '',
  },
  ...{ cites: [], options: noOptions, dynamics: recurrent },
  learn: backpropagateInTime,
});

export const generate = (id: string, options: Readonly<Record<string, number>> = {}): Dataset =>
  generateDataset(id, options, new Sequence(stream(0, 'dataset')));

export interface Begun {
  readonly training: Training;
  readonly records: readonly MetricsRecord[];
  readonly compute: Compute;
}

/** Begins a training by `throughTime`, with a small tanh network and Adam unless the config says otherwise. */
export async function begin(dataset: Dataset, input: ConfigInput, rule: Rule = throughTime): Promise<Begun> {
  const config = parseConfig({
    ...input,
    network: { hidden: [16], activation: 'tanh', ...input.network },
    optimiser: { kind: 'adam', rate: 0.01, ...input.optimiser },
  });
  const compute = await openBackend({ backend: 'wasm' });
  const examples = new Examples(compute, inTimeOf(dataset, config.task.time));
  const records: MetricsRecord[] = [];
  const record = (made: MetricsRecord) => records.push(made);
  return { training: beginOnData({ compute, examples, config, rule, record }), records, compute };
}

export function finish(training: Training): void {
  while (!training.done) training.advance(1000, () => 0);
}

/** Returns the values of all tensors of a snapshot, and its position. */
export function snapshotOf(training: Training) {
  const { tensors, position } = training.snapshot();
  return { position, tensors: new Map([...tensors].map(([name, tensor]) => [name, tensor.toArray()])) };
}

/** Continues a training from a snapshot. */
export function resume(training: Training, { position, tensors }: ReturnType<typeof snapshotOf>): void {
  const own = training.snapshot().tensors;
  for (const [name, values] of tensors) own.get(name)?.set(values);
  training.restore(position);
}
