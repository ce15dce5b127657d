import { logNormaliserOf, meanLogLikelihood } from '../analysis/index.ts';
import type { LogNormaliser } from '../analysis/index.ts';
import { openBackend } from '../backends/open.ts';
import type { BackendName } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { Learner } from '../learning/index.ts';
import { machinesOf } from '../rules/generative/restricted-boltzmann.ts';
import type { Machine } from '../rules/generative/restricted-boltzmann.ts';
import type { Compute } from '../tensor/index.ts';
import { openDataset } from '../runs/files/datasets.ts';
import { Examples } from '../training/examples.ts';
import type { ExampleSet } from '../training/examples.ts';
import { readTrainedRun, restoreLearner } from '../runs/folder/index.ts';
import { loadObjective } from '../runs/files/objective-file.ts';
import { requestFor } from '../runs/open-task.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { wholeNumber } from './numbers.ts';
import { ExampleTraining } from '../training/example-training.ts';

/** What a command line says of a study. */
export interface LikelihoodWords {
  /** A run's folder. */
  readonly run: string;
  readonly examples: string;
  readonly chains: string;
  readonly steps: string;
  readonly backend: BackendName;
}

/** One restricted machine of a run's network. Likelihoods are in nats an example. */
export interface MachineLikelihood {
  readonly upper: string;
  readonly lowers: readonly string[];
  readonly units: readonly [below: number, above: number];
  readonly logNormaliser: LogNormaliser;
  readonly train: number;
  /** Null where the data set has no test examples. */
  readonly test: number | null;
}

/** How likely the examples are to the machines that a run learned. */
export interface LikelihoodDocument {
  readonly version: 1;
  readonly kind: 'likelihood';
  readonly rule: string;
  readonly task: string;
  readonly run: { readonly folder: string; readonly step: number };
  readonly backend: string;
  readonly examples: number;
  readonly chains: number;
  readonly steps: number;
  readonly machines: readonly MachineLikelihood[];
}

/** Rules whose networks are stacks of restricted machines. */
const SERVED = ['contrastive-divergence', 'deep-belief-net'];

/**
 * Mean log-likelihood of examples under every restricted machine of a run: ln Z by going through all states, or by annealed
 * importance sampling where there are too many. A machine above the first is judged by what the areas below it send,
 * probabilities as they are. Throws `likelihood.…`, `rule.…`, `dataset.…` and `folder.…` errors.
 */
export async function studyLikelihood(words: LikelihoodWords): Promise<LikelihoodDocument> {
  const [examples, chains, steps] = [
    whole('--examples', words.examples),
    whole('--chains', words.chains),
    whole('--steps', words.steps),
  ] as const;
  const trained = readTrainedRun(words.run);
  const { config } = trained;
  if (!SERVED.includes(config.rule)) {
    throw new ApicalError(
      'likelihood.rule',
      `The run in ${words.run} learned by "${config.rule}", whose network is no stack of restricted Boltzmann machines: give a run of ${SERVED.join(' or ')}.`,
      { rule: config.rule },
    );
  }
  const rule = await loadRule(config.rule);
  const dataset = await openDataset(requestFor(config));
  const loss = await loadObjective(config);
  const compute = await openBackend({ backend: words.backend, threads: config.threads });
  const all = new Examples(compute, dataset, loss);
  const training = new ExampleTraining({ compute, examples: all, config, rule });
  try {
    restoreLearner(training.learner, trained.checkpoint, true);
    const machines = machinesOf(training.learner.network).map((machine): MachineLikelihood => {
      const logNormaliser = logNormaliserOf(compute, machine, {
        particles: chains,
        steps,
        seed: config.seed,
      });
      const meanOf = (set: ExampleSet) =>
        likelihoodOf(compute, training.learner, machine, set, examples, logNormaliser);
      return {
        upper: machine.upper.id,
        lowers: machine.lowers.map(({ id }) => id),
        units: [machine.lowers.reduce((sum, { units }) => sum + units, 0), machine.upper.units],
        logNormaliser,
        train: meanOf(all.train),
        test: all.test.count > 0 ? meanOf(all.test) : null,
      };
    });
    return {
      version: 1,
      kind: 'likelihood',
      rule: rule.id,
      task: dataset.id,
      run: { folder: trained.folder, step: trained.checkpoint.step },
      backend: compute.backend.name,
      ...{ examples, chains, steps, machines },
    };
  } finally {
    training.dispose();
    all.dispose();
    compute.dispose();
  }
}

/** Of the first examples of a set. */
function likelihoodOf(
  compute: Compute,
  learner: Learner,
  machine: Machine,
  set: ExampleSet,
  most: number,
  normaliser: LogNormaliser,
): number {
  return compute.scope(() => {
    const count = Math.min(most, set.count);
    const indices = compute.temporary([count], 'i32').set(Int32Array.from({ length: count }, (_, i) => i));
    let mean = NaN;
    learner.respond(set.gather(indices).inputs, (phase) => {
      const below = new Map(machine.lowers.map((area) => [area, phase.rate(area)]));
      mean = meanLogLikelihood(compute, machine, below, normaliser);
    });
    return mean;
  });
}

const whole = (option: string, text: string): number =>
  wholeNumber(option, text, { code: 'likelihood.number', least: 1, most: 1e6 });
