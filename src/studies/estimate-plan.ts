import { openBackend } from '../backends/open.ts';
import type { BackendName } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { Learner } from '../learning/index.ts';
import type { ActivationName } from '../tensor/index.ts';
import type { Config } from '../config/config.ts';
import { runEstimate } from './estimate.ts';
import type { EstimateDocument, EstimateRequest } from './estimate.ts';
import { dataSubject, parseLayers, randomSubject, SWEEP_SIZES, sweepOf } from './subject.ts';
import type { Sweep, Subject } from './subject.ts';
import { Examples } from '../training/examples.ts';
import { readTrainedRun, restoreLearner } from '../runs/folder/index.ts';
import type { TrainedRun } from '../runs/folder/index.ts';
import { loadActivations } from '../runs/files/activation-file.ts';
import { loadObjective } from '../runs/files/objective-file.ts';
import { assign, parseSeeds } from '../config/assignments.ts';
import { planRuns } from '../runs/plan.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { ruleFailure } from '../learning/rule-failure.ts';
import { openDataOf } from '../runs/open-task.ts';
import { checkOptions } from '../training/of-config/rule-options.ts';
import { startFromWeights } from '../runs/files/weights-file.ts';

/** Options of `apical estimate`, as they are typed. */
export interface EstimateOptions {
  /** A preset or a config file, whose data and network are used. */
  readonly base?: string | undefined;
  /** The folder of a run, whose data, network and latest weights are used. */
  readonly run?: string | undefined;
  readonly rule?: string | undefined;
  readonly network?: string | undefined;
  readonly activation?: ActivationName | undefined;
  readonly sweep?: Sweep | undefined;
  readonly sizes?: string | undefined;
  /** Settings of the form "path=value". */
  readonly set: readonly string[];
  readonly samples: string;
  readonly seeds?: string | undefined;
  readonly batch?: string | undefined;
  readonly angle: string;
  readonly backend?: BackendName | undefined;
}

const DEFAULT_LAYERS = '784-128-10';
const DEFAULT_BATCH = 10;
/** Keys of a config that an estimate uses. */
const KEYS: readonly string[] = ['task', 'network', 'graph', 'objective'];

/**
 * Opens the backend, the data and the weights, and runs an estimate on them. Without a preset, a config, a run or
 * `--set`, the data are random and the network is a plain stack. Throws `estimate.…`, `config.…`, `rule.…`,
 * `dataset.…`, `objective.…`, `folder.…` and `checkpoint.…` errors.
 */
export async function estimate(
  options: EstimateOptions,
  onProgress?: EstimateRequest['onProgress'],
): Promise<EstimateDocument> {
  const { ruleSet, configSet } = splitSettings(options.set);
  if (options.sizes !== undefined && options.sweep === undefined) {
    throw new ApicalError('estimate.sweep', '--sizes needs a sweep. Add --sweep width, depth or outputs.');
  }
  const trained = options.run === undefined ? undefined : openRun(options.run, options, configSet);
  const config = trained?.config ?? configOf(options, configSet);
  if (config?.pretraining && !trained) {
    throw new ApicalError(
      'estimate.pretraining',
      'The config has pretraining, but an estimate needs the weights after it. Run the config first and give its folder with --run, or leave pretraining out.',
    );
  }
  const reference = options.rule ?? config?.rule;
  if (reference === undefined) {
    throw new ApicalError(
      'estimate.rule',
      'No rule is named. Give one, such as --rule node-perturbation; `apical rules` lists them.',
    );
  }
  // The config's options belong to the rule that it names.
  const input = { ruleOptions: reference === config?.rule ? { ...config.ruleOptions } : {} };
  for (const assignment of ruleSet) assign(input, assignment);
  const seeds = options.seeds === undefined ? [config?.seed ?? 0] : parseSeeds(options.seeds);
  const randomLayers = config ? undefined : layersOf(options, parseLayers(options.network ?? DEFAULT_LAYERS));
  const rule = await loadRule(reference);
  checkOptions(rule, input.ruleOptions);
  if (config) await loadActivations(config);
  const loss = config && (await loadObjective(config));
  const dataset = config && (await openDataOf(config));
  const compute = await openBackend({
    backend: options.backend ?? config?.backend ?? 'auto',
    ...(config ? { threads: config.threads } : {}),
  });
  const examples = dataset && new Examples(compute, dataset, loss);
  try {
    const activation = options.activation ?? rule.dynamics.activations?.[0] ?? 'relu';
    const subjects =
      config && examples
        ? subjectsOfConfig(config, examples, options)
        : (randomLayers ?? []).map((layers) => randomSubject(layers, activation));
    return runEstimate(compute, {
      rule,
      options: input.ruleOptions,
      task: dataset?.id ?? null,
      run: trained ? { folder: trained.folder, step: trained.checkpoint.step } : null,
      subjects: subjects.map((subject) => ({
        ...subject,
        prepare(learner: Learner) {
          if (trained) restoreLearner(learner, trained.checkpoint, reference === config?.rule);
          else if (config) startFromWeights(learner.network, config);
        },
      })),
      samples: Number(options.samples),
      seeds,
      batch: options.batch === undefined ? (config?.batch ?? DEFAULT_BATCH) : Number(options.batch),
      degrees: Number(options.angle),
      ...(onProgress ? { onProgress } : {}),
    });
  } catch (error) {
    throw ruleFailure(rule, 'in an estimate', error);
  } finally {
    examples?.dispose();
    compute.dispose();
  }
}

/** Splits `--set` into settings of the rule and of the config. Throws `config.set`. */
function splitSettings(set: readonly string[]): { ruleSet: string[]; configSet: string[] } {
  const ruleSet: string[] = [];
  const configSet: string[] = [];
  for (const assignment of set) {
    const input: Record<string, unknown> = {};
    assign(input, assignment);
    const [key = ''] = Object.keys(input);
    if (key === 'ruleOptions') ruleSet.push(assignment);
    else if (KEYS.includes(key)) configSet.push(assignment);
    else {
      const option = { batch: '--batch', seed: '--seeds', rule: '--rule', backend: '--backend' }[key];
      throw new ApicalError(
        'config.set',
        `\`apical estimate\` cannot set "${key}"${option ? `; use ${option} instead` : ''}. With --set it takes keys of ${['ruleOptions', ...KEYS].join(', ')}.`,
      );
    }
  }
  return { ruleSet, configSet };
}

/** Returns the config of a preset, a file or `--set`; undefined if the data are random. */
function configOf({ base }: EstimateOptions, set: readonly string[]): Config | undefined {
  if (base === undefined && set.length === 0) return undefined;
  return planRuns({ base, set })[0];
}

function openRun(folder: string, options: EstimateOptions, set: readonly string[]): TrainedRun {
  const { base, network, activation, sweep } = options;
  const others = { [`"${base}"`]: base, '--network': network, '--activation': activation, '--sweep': sweep };
  const [other] = [
    ...Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name])),
    ...set.map((assignment) => `--set ${assignment}`),
  ];
  if (other !== undefined) {
    throw new ApicalError(
      'estimate.run',
      `--run ${folder} already sets the data, the network and the weights, so it cannot be combined with ${other}. Leave one of them out.`,
    );
  }
  return readTrainedRun(folder);
}

/** Returns the layers of one network, or of each network of a sweep. */
function layersOf({ sweep, sizes }: EstimateOptions, layers: readonly number[]): (readonly number[])[] {
  return sweep
    ? sweepOf(layers, sweep, sizes === undefined ? SWEEP_SIZES[sweep] : parseSizes(sizes))
    : [layers];
}

function subjectsOfConfig(config: Config, examples: Examples, options: EstimateOptions): Subject[] {
  const { network, activation, sweep } = options;
  if (network === undefined && activation === undefined && sweep === undefined) {
    return [dataSubject(config, examples)];
  }
  if (config.graph) {
    const option = network ? '--network' : activation ? '--activation' : '--sweep';
    throw new ApicalError(
      'estimate.network',
      `The config has a graph, which already defines the network, so it cannot be combined with ${option}. Leave one of them out.`,
    );
  }
  const { dataset, inputUnits } = examples;
  if (sweep === 'outputs') {
    throw new ApicalError(
      'estimate.sweep',
      `--sweep outputs varies the number of outputs, but ${dataset.title} fixes it. Leave the data set out to use random data.`,
    );
  }
  const layers =
    network === undefined ? [inputUnits, ...config.network.hidden, dataset.targetSize] : parseLayers(network);
  if (layers[0] !== inputUnits || layers.at(-1) !== dataset.targetSize) {
    throw new ApicalError(
      'estimate.network',
      `--network is ${layers.join('-')}, but ${dataset.title} has ${inputUnits} inputs and ${dataset.targetSize} ${dataset.task === 'classification' ? 'classes' : 'target values'}. Begin it with ${inputUnits} and end it with ${dataset.targetSize}.`,
    );
  }
  return layersOf(options, layers).map((each) => {
    const hidden = each.slice(1, -1);
    const changed = { ...config.network, hidden, activation: activation ?? config.network.activation };
    return dataSubject({ ...config, network: changed }, examples);
  });
}

function parseSizes(text: string): number[] {
  const sizes = text.split(',').map((part) => (/^[1-9]\d{0,6}$/.test(part.trim()) ? Number(part) : NaN));
  if (sizes.some(Number.isNaN) || new Set(sizes).size < Math.max(2, sizes.length)) {
    throw new ApicalError(
      'estimate.sweep',
      `--sizes must list at least two different whole numbers, such as 8,32,128, but it is "${text}".`,
    );
  }
  return sizes;
}
