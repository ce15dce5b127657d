/** The gain of workers that share the samples of a rule: the same training with one worker and with one per processor. */
import { availableParallelism } from 'node:os';
import type { Dataset } from '../datasets/index.ts';
import { ruleById } from '../rules/index.ts';
import type { Compute } from '../tensor/compute.ts';
import { parseConfig } from '../config/config.ts';
import { Examples } from '../training/examples.ts';
import { ExampleTraining } from '../training/example-training.ts';
import { WorkerPool } from '../runs/workers/pool.ts';
import { fraction } from './own.ts';
import { sample } from './rounds.ts';
import type { Subject } from './rounds.ts';

const RULE = 'weight-perturbation';
const SAMPLES = 32;
const HIDDEN = 128;
/** Every worker draws all samples, and the share of that time falls with the size of a batch. */
const BATCHES = [100, 1000] as const;
/** Number of steps that workers may be ahead at the start of a turn; these are not timed. */
const STEPS_AHEAD = 4;

/** Returns the subjects of the group `workers`. */
export async function workerSubjects(compute: Compute): Promise<Subject[]> {
  const counts = [...new Set([1, availableParallelism()])];
  const subjects = BATCHES.flatMap((batch) => counts.map((workers) => subjectOf(compute, batch, workers)));
  return Promise.all(subjects);
}

async function subjectOf(compute: Compute, batch: number, workers: number): Promise<Subject> {
  const dataset = randomImages(4 * batch);
  const examples = new Examples(compute, dataset);
  const config = parseConfig({
    rule: RULE,
    ruleOptions: { samples: SAMPLES },
    network: { hidden: [HIDDEN] },
    batch,
    epochs: 1e6,
    probe: { every: 0 },
    workers,
  });
  let lost = '';
  const pool = new WorkerPool({
    config,
    examples,
    backend: compute.backend.name,
    ahead: STEPS_AHEAD * SAMPLES,
    onWarning: (message) => (lost = message),
  });
  const training = new ExampleTraining({ compute, examples, config, rule: ruleById(RULE), together: pool });
  await pool.start(training);
  const advance = (steps: number) => training.advance(steps, () => 0);
  const catchUp = () => {
    for (let step = 0; step < STEPS_AHEAD && workers > 1; step++) advance(1);
  };
  return {
    id: `workers/batch-${batch}/${workers}`,
    work: `${SAMPLES} perturbations, batch ${batch}`,
    subject: workers === 1 ? 'one worker' : `${workers} workers`,
    threads: workers,
    examples: batch,
    measure(seconds) {
      if (lost) throw new Error(lost);
      return sample({ step: () => advance(1), reset: catchUp }, seconds);
    },
  };
}

/** Returns pseudo-random bytes in the shape of MNIST. */
function randomImages(count: number): Dataset {
  const train = {
    count,
    inputs: Uint8Array.from({ length: 784 * count }, (_, i) => 256 * fraction(i)),
    targets: Uint8Array.from({ length: count }, (_, i) => i % 10),
  };
  const test = { count: 0, inputs: new Uint8Array(0), targets: new Uint8Array(0) };
  return {
    ...{ id: 'bench', title: 'Bench', source: 'generated', verified: true, task: 'classification' },
    ...{ inputShape: [28, 28], inputScale: 1 / 255, targetSize: 10, train, test },
  };
}
