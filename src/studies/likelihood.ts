import { logNormaliserOf, meanLogLikelihood } from '../analysis/index.ts';
import type { LogNormaliser } from '../analysis/index.ts';
import { openBackend } from '../backends/open.ts';
import type { BackendName } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { Learner } from '../learning/index.ts';
import { machinesOf } from '../rules/generative/restricted-boltzmann.ts';
import type { Machine } from '../rules/generative/restricted-boltzmann.ts';
import type { Compute } from '../tensor/index.ts';
import { Examples } from '../training/examples.ts';
import type { ExampleSet } from '../training/examples.ts';
import { readTrainedRun, restoreLearner } from '../runs/folder/index.ts';
import { loadActivations } from '../runs/files/activation-file.ts';
import { loadObjective } from '../runs/files/objective-file.ts';
import { openDataOf } from '../runs/open-task.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { wholeNumber } from './numbers.ts';
import { ExampleTraining } from '../training/example-training.ts';

/** Options of `apical likelihood`, as they are typed. */
export interface LikelihoodOptions {
  /** The folder of a run. */
  readonly run: string;
  readonly examples: string;
  readonly chains: string;
  readonly steps: string;
  readonly backend: BackendName;
}

/** One restricted Boltzmann machine of a run's network. Log-likelihoods are in nats per example. */
export interface MachineLikelihood {
  readonly upper: string;
  readonly lowers: readonly string[];
  readonly units: readonly [below: number, above: number];
  readonly logNormaliser: LogNormaliser;
  readonly train: number;
  /** Null if the data set has no test examples. */
  readonly test: number | null;
}

/** The `--json` document of `apical likelihood`: mean log-likelihoods of examples. */
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

/** Rules whose networks are stacks of restricted Boltzmann machines. */
const SUPPORTED = ['contrastive-divergence', 'deep-belief-net'];

/**
 * Computes the mean log-likelihood of examples under every restricted Boltzmann machine of a run. ln Z comes from an
 * enumeration of all states or, if there are too many, from annealed importance sampling. A machine above the first is
 * evaluated on the output of the areas below it, taken as probabilities. Throws `likelihood.…`, `rule.…`, `dataset.…`
 * and `folder.…` errors.
 */
export async function studyLikelihood(options: LikelihoodOptions): Promise<LikelihoodDocument> {
  const [examples, chains, steps] = [
    whole('--examples', options.examples),
    whole('--chains', options.chains),
    whole('--steps', options.steps),
  ] as const;
  const trained = readTrainedRun(options.run);
  const { config } = trained;
  if (!SUPPORTED.includes(config.rule)) {
    throw new ApicalError(
      'likelihood.rule',
      `The run in ${options.run} learned by "${config.rule}", whose network is not a stack of restricted Boltzmann machines. Give a run of ${SUPPORTED.join(' or ')}.`,
      { rule: config.rule },
    );
  }
  const rule = await loadRule(config.rule);
  const dataset = await openDataOf(config);
  await loadActivations(config);
  const loss = await loadObjective(config);
  const compute = await openBackend({ backend: options.backend, threads: config.threads });
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

/** Computes the mean log-likelihood of the first `most` examples of a set. */
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
