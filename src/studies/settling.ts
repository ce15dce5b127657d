import {
  costLine,
  earlyInference,
  energyTraces,
  settlingDynamicsOf,
  startDistances,
  updateCurves,
} from '../analysis/index.ts';
import type { CostLine, EarlyInference, StartDistance, Trace, UpdateCurve } from '../analysis/index.ts';
import { openBackend } from '../backends/open.ts';
import type { BackendName } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import { plainDescent } from '../network/index.ts';
import { Learner, parseOptions } from '../learning/index.ts';
import type { Rule } from '../learning/index.ts';
import type { Config } from '../config/config.ts';
import { dataSubject } from './subject.ts';
import { Examples } from '../training/examples.ts';
import { readTrainedRun, restoreLearner } from '../runs/folder/index.ts';
import { loadActivations } from '../runs/files/activation-file.ts';
import { loadObjective } from '../runs/files/objective-file.ts';
import { openDataOf } from '../runs/open-task.ts';
import { planRuns } from '../runs/plan.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { ruleFailure } from '../learning/rule-failure.ts';
import { wholeNumber } from './numbers.ts';
import { startFromWeights } from '../runs/files/weights-file.ts';

/** Options of `apical settle`, as they are typed. */
export interface SettlingOptions {
  /** A preset or a config file. */
  readonly base?: string | undefined;
  /** The folder of a run, whose data, network and latest weights are used. */
  readonly run?: string | undefined;
  readonly rule?: string | undefined;
  /** Settings of the form "path=value". */
  readonly set: readonly string[];
  readonly batch: string;
  readonly steps: string;
  readonly nudgedSteps: string;
  readonly stepSize: string;
  readonly nudge: string;
  readonly backend: BackendName;
}

/** The `--json` document of `apical settle`: how a network settles, and which updates follow from it. */
export interface SettlingDocument {
  readonly version: 1;
  readonly kind: 'settling';
  readonly rule: string;
  readonly options: unknown;
  readonly task: string;
  readonly seed: number;
  readonly run: { readonly folder: string; readonly step: number } | null;
  readonly backend: string;
  readonly batch: number;
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  readonly stepSize: number;
  readonly nudge: number;
  /** Energy after every step, free steps first, averaged over examples; empty if the dynamics have no energy. */
  readonly energy: readonly Trace[];
  /** Root mean square of ds/dt at every step but the first. */
  readonly speed: Trace;
  readonly updates: readonly UpdateCurve[];
  readonly earlyInference: readonly EarlyInference[];
  readonly costLine: CostLine | null;
  readonly starts: readonly StartDistance[];
}

const MOST_STEPS = 100_000;

/**
 * Examines how the network of a config or a run settles on one batch. No weight changes.
 * Throws `settle.…`, `analysis.not-settling`, `config.…`, `rule.…`, `dataset.…` and `folder.…` errors.
 */
export async function studySettling(options: SettlingOptions): Promise<SettlingDocument> {
  const numbers = {
    batch: whole('--batch', options.batch),
    freeSteps: whole('--steps', options.steps),
    nudgedSteps: whole('--nudged-steps', options.nudgedSteps),
    stepSize: positive('--step-size', options.stepSize, 1),
    nudge: positive('--nudge', options.nudge, 1000),
  };
  const trained = options.run === undefined ? undefined : readTrainedRun(options.run);
  const [other] = [
    ...(options.base === undefined ? [] : [`"${options.base}"`]),
    ...options.set.map((assignment) => `--set ${assignment}`),
  ];
  if (trained && other !== undefined) {
    throw new ApicalError(
      'settle.run',
      `--run ${options.run ?? ''} already sets the data, the network and the weights, so it cannot be combined with ${other}. Leave one of them out.`,
    );
  }
  const config: Config | undefined = trained
    ? trained.config
    : planRuns({ base: options.base ?? 'equilibrium', set: options.set })[0];
  if (!config)
    throw new ApicalError(
      'settle.config',
      'There is no network to examine. Give a preset, a config file or --run.',
    );
  const reference = options.rule ?? config.rule;
  const rule = await loadRule(reference);
  const own = reference === config.rule ? config.ruleOptions : {};
  const ruleOptions = parseOptions(rule, { ...own, ...phasesFor(rule, own, numbers) });
  await loadActivations(config);
  const loss = await loadObjective(config);
  const dataset = await openDataOf(config);
  const compute = await openBackend({ backend: options.backend, threads: config.threads });
  const examples = new Examples(compute, dataset, loss);
  try {
    const subject = dataSubject(config, examples);
    const learner = new Learner(compute, {
      specification: subject.specification,
      rule,
      options: ruleOptions,
      optimiserOf: () => plainDescent(0),
      seed: config.seed,
      epochs: 1,
    });
    settlingDynamicsOf(learner);
    if (trained) restoreLearner(learner, trained.checkpoint, reference === config.rule);
    else startFromWeights(learner.network, config);
    return compute.scope(() => {
      const batch = subject.batch(compute, numbers.batch, config.seed, 0);
      const { freeSteps, nudgedSteps, stepSize, nudge } = numbers;
      const settling = { compute, learner, batch, freeSteps, nudgedSteps, stepSize, nudge };
      return {
        version: 1,
        kind: 'settling',
        rule: rule.id,
        options: ruleOptions,
        task: dataset.id,
        seed: config.seed,
        run: trained ? { folder: trained.folder, step: trained.checkpoint.step } : null,
        backend: compute.backend.name,
        ...numbers,
        ...energyTraces(settling),
        updates: updateCurves(settling),
        earlyInference: earlyInference(settling),
        costLine: costLine(compute, learner, batch, { reach: 0.05, points: 5 }) ?? null,
        starts: startDistances(settling),
      };
    });
  } catch (error) {
    throw ruleFailure(rule, 'while its network settled', error);
  } finally {
    examples.dispose();
    compute.dispose();
  }
}

/**
 * Returns the steps of the study as options of the rule, if it has such options, so that its terms use the same
 * phases.
 */
function phasesFor(
  rule: Rule,
  own: object,
  {
    freeSteps,
    nudgedSteps,
    stepSize,
    nudge,
  }: Pick<SettlingDocument, 'freeSteps' | 'nudgedSteps' | 'stepSize' | 'nudge'>,
): Record<string, unknown> {
  const defaults = parseOptions(rule, own) as Record<string, unknown>;
  const phases = { freeSteps, nudgedSteps, clampedSteps: nudgedSteps, stepSize, nudge, persistent: false };
  return Object.fromEntries(Object.entries(phases).filter(([name]) => name in defaults));
}

const whole = (option: string, text: string): number =>
  wholeNumber(option, text, { code: 'settle.number', least: 1, most: MOST_STEPS });

function positive(option: string, text: string, most: number): number {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  throw new ApicalError(
    'settle.number',
    `${option} must be above 0 and at most ${most}, but it is "${text}".`,
  );
}
