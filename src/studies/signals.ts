import { teachingSignals } from '../analysis/index.ts';
import type { Signals } from '../analysis/index.ts';
import { openBackend } from '../backends/open.ts';
import type { BackendName } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/index.ts';
import type { Config } from '../config/config.ts';
import { openDataset } from '../runs/files/datasets.ts';
import { dataSubject } from './subject.ts';
import type { Subject } from './subject.ts';
import { Examples } from '../training/examples.ts';
import { readTrainedRun, restoreLearner } from '../runs/folder/index.ts';
import { loadObjective } from '../runs/files/objective-file.ts';
import { requestFor } from '../runs/open-task.ts';
import { planRuns } from '../runs/plan.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { ruleFailure } from '../learning/rule-failure.ts';
import { wholeNumber } from './numbers.ts';
import { ExampleTraining } from '../training/example-training.ts';
import { startFromWeights } from '../runs/files/weights-file.ts';

/** What a command line says of a study. */
export interface SignalsWords {
  /** A preset or a config file. */
  readonly base?: string | undefined;
  /** A run's folder: its data, its network and its newest weights. */
  readonly run?: string | undefined;
  readonly rule?: string | undefined;
  /** "path=value" each. */
  readonly set: readonly string[];
  /** "path=a|b|c": one study for each value. */
  readonly vary?: string | undefined;
  /** After how many updates to look, "0,100,1000". */
  readonly updates?: string | undefined;
  readonly batch: string;
  readonly backend: BackendName;
}

/** One look: after some updates, with some value of what is varied. */
export interface SignalsLook extends Signals {
  readonly updates: number;
  /** As it was typed; null where nothing is varied. */
  readonly value: string | null;
}

/** What a rule teaches the units of a network, beside the gradient. */
export interface SignalsDocument {
  readonly version: 1;
  readonly kind: 'signals';
  readonly rule: string;
  readonly task: string;
  readonly seed: number;
  readonly run: { readonly folder: string; readonly step: number } | null;
  readonly backend: string;
  readonly batch: number;
  /** The key of the config that is varied. */
  readonly varied: string | null;
  readonly looks: readonly SignalsLook[];
}

const MOST_UPDATES = 1e7;

/**
 * Looks at what every hidden unit is taught on one batch of training examples: at the start, after some updates of a
 * run that is taken for this alone and left nowhere, or with the weights of a run's folder; once for each value of what
 * is varied. `progress` hears of the share that is done. Throws `signals.…`, `config.…`, `rule.…`, `dataset.…` and
 * `folder.…` errors.
 */
export async function studySignals(
  words: SignalsWords,
  progress: (share: number) => void = () => undefined,
): Promise<SignalsDocument> {
  const batch = whole('--batch', words.batch, 1);
  const updates = (words.updates ?? '0').split(',').map((text) => whole('--updates', text.trim(), 0));
  if (updates.some((count, index) => count <= (updates[index - 1] ?? -1))) {
    throw new ApicalError('signals.number', `--updates must rise, but it is "${words.updates ?? ''}".`);
  }
  const trained = words.run === undefined ? undefined : readTrainedRun(words.run);
  if (trained && (words.base !== undefined || words.updates !== undefined)) {
    throw new ApicalError(
      'signals.run',
      `--run ${words.run ?? ''} says data, network and weights, so ${words.base === undefined ? '--updates' : `"${words.base}"`} has no place: leave one of them out.`,
    );
  }
  const varied = variedBy(words.vary);
  const rules = words.rule === undefined ? undefined : [words.rule];
  const from = trained && { config: trained.config, name: 'the run’s config' };
  const configs = (varied?.values ?? [null]).map((value) => {
    const set = [...words.set, ...(varied && value !== null ? [`${varied.path}=${value}`] : [])];
    const [config] = planRuns({ base: trained ? undefined : (words.base ?? 'digits'), from, set, rules });
    return { value, config: config as Config };
  });
  const first = configs[0]?.config as Config;
  const rule = await loadRule(first.rule);
  const dataset = await openDataset(requestFor(first));
  const loss = await loadObjective(first);
  const compute = await openBackend({ backend: words.backend, threads: first.threads });
  const examples = new Examples(compute, dataset, loss);
  try {
    const looks: SignalsLook[] = [];
    for (const [index, { value, config }] of configs.entries()) {
      const share = (its: number) => {
        progress((index + its) / configs.length);
      };
      const subject = dataSubject(config, examples);
      const training = new ExampleTraining({ compute, examples, config, rule });
      try {
        if (trained)
          restoreLearner(training.learner, trained.checkpoint, config.rule === trained.config.rule);
        else startFromWeights(training.learner.network, config);
        for (const count of updates) {
          learnUntil(training, count, share);
          looks.push({ updates: count, value, ...look(compute, training, subject, batch) });
        }
      } finally {
        training.dispose();
      }
    }
    return {
      version: 1,
      kind: 'signals',
      rule: rule.id,
      task: dataset.id,
      seed: first.seed,
      run: trained ? { folder: trained.folder, step: trained.checkpoint.step } : null,
      backend: compute.backend.name,
      batch,
      varied: varied?.path ?? null,
      looks,
    };
  } catch (error) {
    throw ruleFailure(rule, 'while its signals were read', error);
  } finally {
    examples.dispose();
    compute.dispose();
  }
}

function look(compute: Compute, training: ExampleTraining, subject: Subject, size: number): Signals {
  const { config, learner, step } = training;
  return compute.scope(() =>
    teachingSignals(compute, learner, subject.batch(compute, size, config.seed, 0), step),
  );
}

function learnUntil(training: ExampleTraining, count: number, share: (done: number) => void): void {
  if (count > training.totalSteps) {
    throw new ApicalError(
      'signals.number',
      `--updates asks for ${count}, but the run has ${training.totalSteps}: give fewer, or more epochs by --set epochs=….`,
    );
  }
  while (training.step < count) {
    training.advance(Math.min(50, count - training.step), () => performance.now() / 1000);
    share(training.step / count);
  }
}

/** "path=a|b|c". Throws `signals.vary`. */
function variedBy(text: string | undefined): { path: string; values: readonly string[] } | undefined {
  if (text === undefined) return undefined;
  const split = text.indexOf('=');
  const values = text.slice(split + 1).split('|');
  if (split > 0 && values.length > 1 && values.every((value) => value.trim() !== '')) {
    return { path: text.slice(0, split), values };
  }
  throw new ApicalError(
    'signals.vary',
    `--vary takes path=value|value, such as ruleOptions.blend=0.01|0.1|1, but it is "${text}".`,
  );
}

const whole = (option: string, text: string, least: number): number =>
  wholeNumber(option, text, {
    code: 'signals.number',
    least,
    most: MOST_UPDATES,
    says: 'takes whole numbers',
  });
