import { teachingSignals } from '../analysis/index.ts';
import type { Signals } from '../analysis/index.ts';
import { openBackend } from '../backends/open.ts';
import type { BackendName } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/index.ts';
import type { Config } from '../config/config.ts';
import { dataSubject } from './subject.ts';
import type { Subject } from './subject.ts';
import { Examples } from '../training/examples.ts';
import { readTrainedRun, restoreLearner } from '../runs/folder/index.ts';
import { loadActivations } from '../runs/files/activation-file.ts';
import { loadObjective } from '../runs/files/objective-file.ts';
import { openDataOf } from '../runs/open-task.ts';
import { planRuns } from '../runs/plan.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { ruleFailure } from '../learning/rule-failure.ts';
import { wholeNumber } from './numbers.ts';
import { ExampleTraining } from '../training/example-training.ts';
import { startFromWeights } from '../runs/files/weights-file.ts';

/** Options of `apical signals`, as they are typed. */
export interface SignalsOptions {
  /** A preset or a config file. */
  readonly base?: string | undefined;
  /** The folder of a run, whose data, network and latest weights are used. */
  readonly run?: string | undefined;
  readonly rule?: string | undefined;
  /** Settings of the form "path=value". */
  readonly set: readonly string[];
  /** "path=a|b|c": repeats the study for each value. */
  readonly vary?: string | undefined;
  /** Numbers of updates after which to measure, such as "0,100,1000". */
  readonly updates?: string | undefined;
  readonly batch: string;
  readonly backend: BackendName;
}

/** The signals after a number of updates, for one value of the varied key. */
export interface SignalsLook extends Signals {
  readonly updates: number;
  /** As typed; null if nothing is varied. */
  readonly value: string | null;
}

/** The `--json` document of `apical signals`: the teaching signals of a rule compared with the gradient. */
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
 * Measures the teaching signal of every hidden unit on one batch of training examples: at the start, after some
 * updates of a temporary run, or with the weights of a saved run. It repeats this for each value of the varied key.
 * `progress` receives the fraction done. Throws `signals.…`, `config.…`, `rule.…`, `dataset.…` and `folder.…` errors.
 */
export async function studySignals(
  options: SignalsOptions,
  progress: (share: number) => void = () => undefined,
): Promise<SignalsDocument> {
  const batch = whole('--batch', options.batch, 1);
  const updates = (options.updates ?? '0')
    .split(',')
    .map((text) => whole('--updates', text.trim(), 0, 'must list whole numbers'));
  if (updates.some((count, index) => count <= (updates[index - 1] ?? -1))) {
    throw new ApicalError(
      'signals.number',
      `--updates must list rising numbers, such as 0,100,1000, but it is "${options.updates ?? ''}".`,
    );
  }
  const trained = options.run === undefined ? undefined : readTrainedRun(options.run);
  if (trained && (options.base !== undefined || options.updates !== undefined)) {
    throw new ApicalError(
      'signals.run',
      `--run ${options.run ?? ''} already sets the data, the network and the weights, so it cannot be combined with ${options.base === undefined ? '--updates' : `"${options.base}"`}. Leave one of them out.`,
    );
  }
  const varied = parseVaried(options.vary);
  const rules = options.rule === undefined ? undefined : [options.rule];
  const from = trained && { config: trained.config, name: `the config of ${trained.folder}` };
  const configs = (varied?.values ?? [null]).map((value) => {
    const set = [...options.set, ...(varied && value !== null ? [`${varied.path}=${value}`] : [])];
    const [config] = planRuns({ base: trained ? undefined : (options.base ?? 'digits'), from, set, rules });
    return { value, config: config as Config };
  });
  const first = configs[0]?.config as Config;
  const rule = await loadRule(first.rule);
  const dataset = await openDataOf(first);
  await loadActivations(first);
  const loss = await loadObjective(first);
  const compute = await openBackend({ backend: options.backend, threads: first.threads });
  const examples = new Examples(compute, dataset, loss);
  try {
    const looks: SignalsLook[] = [];
    for (const [index, { value, config }] of configs.entries()) {
      const report = (fraction: number) => {
        progress((index + fraction) / configs.length);
      };
      const subject = dataSubject(config, examples);
      const training = new ExampleTraining({ compute, examples, config, rule });
      try {
        if (trained)
          restoreLearner(training.learner, trained.checkpoint, config.rule === trained.config.rule);
        else startFromWeights(training.learner.network, config);
        for (const count of updates) {
          trainUntil(training, count, report);
          looks.push({ updates: count, value, ...measure(compute, training, subject, batch) });
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
    throw ruleFailure(rule, 'while its teaching signals were measured', error);
  } finally {
    examples.dispose();
    compute.dispose();
  }
}

function measure(compute: Compute, training: ExampleTraining, subject: Subject, size: number): Signals {
  const { config, learner, step } = training;
  return compute.scope(() =>
    teachingSignals(compute, learner, subject.batch(compute, size, config.seed, 0), step),
  );
}

function trainUntil(training: ExampleTraining, count: number, report: (fraction: number) => void): void {
  if (count > training.totalSteps) {
    throw new ApicalError(
      'signals.number',
      `--updates is ${count}, but the run has only ${training.totalSteps} updates. Give fewer, or more epochs with --set epochs=….`,
    );
  }
  while (training.step < count) {
    training.advance(Math.min(50, count - training.step), () => performance.now() / 1000);
    report(training.step / count);
  }
}

/** Parses "path=a|b|c". Throws `signals.vary`. */
function parseVaried(text: string | undefined): { path: string; values: readonly string[] } | undefined {
  if (text === undefined) return undefined;
  const split = text.indexOf('=');
  const values = text.slice(split + 1).split('|');
  if (split > 0 && values.length > 1 && values.every((value) => value.trim() !== '')) {
    return { path: text.slice(0, split), values };
  }
  throw new ApicalError(
    'signals.vary',
    `--vary must be path=value|value, such as ruleOptions.blend=0.01|0.1|1, but it is "${text}".`,
  );
}

const whole = (option: string, text: string, least: number, requirement = 'must be a whole number'): number =>
  wholeNumber(option, text, { code: 'signals.number', least, most: MOST_UPDATES, requirement });
