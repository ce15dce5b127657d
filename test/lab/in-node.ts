import {
  Examples,
  ExampleTraining,
  fingerprintOf,
  openBackend,
  openDataset,
  parseConfig,
  PRESETS,
} from '../../src/entries/internals.ts';
import type { ConfigInput, MetricsRecord, Rule } from '../../src/entries/internals.ts';

/** Trains a preset with these changes in Node, as the page does, and returns its weights and records. */
export async function inNode(
  preset: string,
  { rule, input, steps }: { readonly rule: Rule; readonly input: ConfigInput; readonly steps: number },
): Promise<{ readonly fingerprint: string; readonly records: readonly MetricsRecord[] }> {
  const base = PRESETS.find(({ id }) => id === preset)?.config ?? {};
  const config = parseConfig({ ...base, rule: rule.id, ruleOptions: {}, ...input, backend: 'wasm' });
  const compute = await openBackend({ backend: 'wasm', threads: 1 });
  const dataset = await openDataset({ id: config.task.dataset ?? '', options: config.task.options });
  const records: MetricsRecord[] = [];
  const training = new ExampleTraining({
    ...{ compute, examples: new Examples(compute, dataset), config, rule },
    record: (record) => records.push(record),
  });
  while (training.step < steps) training.advance(1, () => 0);
  const fingerprint = fingerprintOf(training.snapshot().tensors);
  compute.dispose();
  return { fingerprint, records };
}
