// Learning with the library alone: `npx jiti examples/library.ts` in a clone, after `npm run build`.
import { train } from 'apical';

const run = train({
  rule: 'feedback-alignment',
  dataset: 'rings',
  network: { hidden: [32] },
  optimiser: { kind: 'momentum', rate: 0.05 },
  batch: 50,
  epochs: 10,
});
for await (const record of run) {
  if (record.kind !== 'evaluation') continue;
  process.stdout.write(
    `epoch ${record.epoch}: ${((record.test?.error ?? 1) * 100).toFixed(1)} % test error\n`,
  );
}
