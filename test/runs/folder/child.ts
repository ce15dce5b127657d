import process from 'node:process';
import { openBackend } from '../../../src/backends/open.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { RunFolder } from '../../../src/runs/folder/index.ts';
import type { Position } from '../../../src/training/example-training.ts';

/**
 * A process for the tests of run folders: `write` saves checkpoints until it is killed, `hold` holds the lock until it
 * is killed, `overflow` writes more than the file size limit allows. It prints its messages to stdout, one per line.
 */
const [, , task, folder = '', when] = process.argv;

export const config = parseConfig({ task: { dataset: 'two-spirals' } });
export const position = (step: number): Position => ({
  step,
  window: { loss: step / 3, wrong: 1, examples: step, power: 0, measures: {} },
  trainedSeconds: step * 0.1,
  passes: 0,
  examplesSeen: step * 10,
});
export const progress = (step: number) =>
  ({ kind: 'progress', step, epoch: step / 7, train: { loss: 1 / step, error: 0 }, rate: 0.1 }) as const;

const say = (text: string) => process.stdout.write(`${text}\n`);
const codeOf = (thrown: unknown) => String((thrown as { code?: unknown }).code);

if (task === 'write') {
  const compute = await openBackend({ backend: 'reference' });
  const weights = compute.allocate([1000, 300]);
  say('opening');
  const run = RunFolder.exists(folder)
    ? RunFolder.open(folder)
    : RunFolder.create(folder, { config, command: 'test', backend: compute.backend });
  let step = run.latest()?.step ?? 0;
  let saved = 0;
  for (;;) {
    step += 1;
    run.record(progress(step));
    if (step % 2 === 0) continue;
    weights.data.forEach((_, index, data) => (data[index] = step + index));
    run.checkpoint(new Map([['weights', weights]]), position(step));
    saved += 1;
    if (saved === 3) say('saving');
    if (step % 5 === 0) run.status({ status: 'running' });
  }
}

if (task === 'hold') {
  while (Date.now() < Number(when ?? 0));
  try {
    RunFolder.open(folder);
    say('holding');
  } catch (thrown) {
    say(codeOf(thrown));
  }
  setInterval(() => undefined, 1000);
}

if (task === 'overflow') {
  // Without a handler, the system ends a process that exceeds the limit.
  process.on('SIGXFSZ', () => undefined);
  const compute = await openBackend({ backend: 'reference' });
  const run = RunFolder.create(folder, { config, command: 'test', backend: compute.backend });
  run.record(progress(1));
  run.checkpoint(new Map([['weights', compute.allocate([10])]]), position(1));
  const attempt = (body: () => unknown) => {
    try {
      body();
      say('went well');
    } catch (thrown) {
      say(`${codeOf(thrown)} ${thrown instanceof Error ? thrown.message : ''}`);
    }
  };
  attempt(() => run.checkpoint(new Map([['weights', compute.allocate([100_000])]]), position(2)));
  attempt(() => {
    for (let step = 2; step < 100_000; step++) run.record(progress(step));
  });
  attempt(() => run.status({ status: 'failed', failure: { code: 'folder.full', message: 'full' } }));
  attempt(() => run.close());
}
