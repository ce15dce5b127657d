// Learning with the library alone: `npx jiti examples/library.ts` in a clone, after `npm run build`.
import { Examples, openBackend, openDataset, parseConfig, ruleById, ExampleTraining } from 'apical';

const compute = await openBackend();
const examples = new Examples(compute, await openDataset('rings'));
const config = parseConfig({
  task: { dataset: 'rings' },
  network: { hidden: [32] },
  optimiser: { kind: 'momentum', rate: 0.05 },
  batch: 50,
  epochs: 10,
});
const training = new ExampleTraining({
  compute,
  examples,
  config,
  rule: ruleById('feedback-alignment'),
  record(record) {
    if (record.kind !== 'evaluation') return;
    process.stdout.write(
      `epoch ${record.epoch}: ${((record.test?.error ?? 1) * 100).toFixed(1)} % test error\n`,
    );
  },
});
while (!training.done) training.advance(1000, () => performance.now() / 1000);
