import { openBackend } from '../backends/open.ts';
import type { BackendName } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { Learner } from '../learning/index.ts';
import type { Activation } from '../tensor/index.ts';
import type { Config } from '../config/config.ts';
import { openDataset } from '../runs/files/datasets.ts';
import { runEstimate } from './estimate.ts';
import type { EstimateDocument, EstimateRequest } from './estimate.ts';
import { dataSubject, parseLayers, randomSubject, SWEEP_SIZES, sweepOf } from './subject.ts';
import type { Sweep, Subject } from './subject.ts';
import { Examples } from '../training/examples.ts';
import { readTrainedRun, restoreLearner } from '../runs/folder/index.ts';
import type { TrainedRun } from '../runs/folder/index.ts';
import { loadObjective } from '../runs/files/objective-file.ts';
import { assign, parseSeeds } from '../config/assignments.ts';
import { planRuns } from '../runs/plan.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { ruleFailure } from '../learning/rule-failure.ts';
import { requestFor } from '../runs/open-task.ts';
import { checkOptions } from '../training/rule-options.ts';
import { startFromWeights } from '../runs/files/weights-file.ts';

/** What a command line says of an estimate; what it leaves out has a default. */
export interface EstimateWords {
  /** A preset or a config file: its data and its network. */
  readonly base?: string | undefined;
  /** A run's folder: its data, its network and its newest weights. */
  readonly run?: string | undefined;
  readonly rule?: string | undefined;
  readonly network?: string | undefined;
  readonly activation?: Activation | undefined;
  readonly sweep?: Sweep | undefined;
  readonly sizes?: string | undefined;
  /** "path=value" each. */
  readonly set: readonly string[];
  readonly samples: string;
  readonly seeds?: string | undefined;
  readonly batch?: string | undefined;
  readonly angle: string;
  readonly backend?: BackendName | undefined;
}

const DEFAULT_LAYERS = '784-128-10';
const DEFAULT_BATCH = 10;
/** Keys of a config that an estimate heeds. */
const KEYS: readonly string[] = ['task', 'network', 'graph', 'objective'];

/**
 * Opens what an estimate asks for (backend, data, a run's weights), makes it and closes all again. Random numbers
 * and a plain stack are taken unless a preset, a config, a run or `--set` says another task or network. Throws
 * `estimate.…`, `config.…`, `rule.…`, `dataset.…`, `objective.…`, `folder.…` and `checkpoint.…` errors.
 */
export async function estimate(
  words: EstimateWords,
  onProgress?: EstimateRequest['onProgress'],
): Promise<EstimateDocument> {
  const { ruleSet, configSet } = sorted(words.set);
  if (words.sizes !== undefined && words.sweep === undefined) {
    throw new ApicalError(
      'estimate.sweep',
      '--sizes says the sizes of a sweep: give --sweep width, depth or outputs too.',
    );
  }
  const trained = words.run === undefined ? undefined : openRun(words.run, words, configSet);
  const config = trained?.config ?? configOf(words, configSet);
  if (config?.pretraining && !trained) {
    throw new ApicalError(
      'estimate.pretraining',
      'An estimate of a config takes the weights that its run begins with, and here pretraining has to find them first: do the run, then give its folder by --run, or leave pretraining out.',
    );
  }
  const reference = words.rule ?? config?.rule;
  if (reference === undefined) {
    throw new ApicalError(
      'estimate.rule',
      'Which rule? Give --rule, such as --rule node-perturbation; `apical rules` lists them.',
    );
  }
  // Options belong to the rule that the config names.
  const input = { ruleOptions: reference === config?.rule ? { ...config.ruleOptions } : {} };
  for (const assignment of ruleSet) assign(input, assignment);
  const seeds = words.seeds === undefined ? [config?.seed ?? 0] : parseSeeds(words.seeds);
  const plain = config ? undefined : layersOf(words, parseLayers(words.network ?? DEFAULT_LAYERS));
  const rule = await loadRule(reference);
  checkOptions(rule, input.ruleOptions);
  const loss = config && (await loadObjective(config));
  const dataset = config && (await openDataset(requestFor(config)));
  const compute = await openBackend({
    backend: words.backend ?? config?.backend ?? 'auto',
    ...(config ? { threads: config.threads } : {}),
  });
  const examples = dataset && new Examples(compute, dataset, loss);
  try {
    const activation = words.activation ?? rule.dynamics.activations?.[0] ?? 'relu';
    const subjects =
      config && examples
        ? subjectsOfConfig(config, examples, words)
        : (plain ?? []).map((layers) => randomSubject(layers, activation));
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
      samples: Number(words.samples),
      seeds,
      batch: words.batch === undefined ? (config?.batch ?? DEFAULT_BATCH) : Number(words.batch),
      degrees: Number(words.angle),
      ...(onProgress ? { onProgress } : {}),
    });
  } catch (error) {
    throw ruleFailure(rule, 'in an estimate', error);
  } finally {
    examples?.dispose();
    compute.dispose();
  }
}

/** What `--set` says of the rule, and what of the config. Throws `config.set`. */
function sorted(set: readonly string[]): { ruleSet: string[]; configSet: string[] } {
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
        `--set of \`apical estimate\` takes ${['ruleOptions', ...KEYS].join(', ')}, such as ruleOptions.samples=10 or task.dataset=mnist, but it is given "${key}"` +
          (option ? `: use ${option}.` : ', which has no part in an estimate.'),
      );
    }
  }
  return { ruleSet, configSet };
}

/** The config of a preset, a file or `--set`; undefined when random numbers will do. */
function configOf({ base }: EstimateWords, set: readonly string[]): Config | undefined {
  if (base === undefined && set.length === 0) return undefined;
  return planRuns({ base, set })[0];
}

function openRun(folder: string, words: EstimateWords, set: readonly string[]): TrainedRun {
  const { base, network, activation, sweep } = words;
  const others = { [`"${base}"`]: base, '--network': network, '--activation': activation, '--sweep': sweep };
  const [other] = [
    ...Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name])),
    ...set.map((assignment) => `--set ${assignment}`),
  ];
  if (other !== undefined) {
    throw new ApicalError(
      'estimate.run',
      `--run ${folder} says data, network and weights, so ${other} has no place: leave one of them out.`,
    );
  }
  return readTrainedRun(folder);
}

/** The networks that are looked at when only their layers are said: one, or those of a sweep. */
function layersOf({ sweep, sizes }: EstimateWords, layers: readonly number[]): (readonly number[])[] {
  return sweep
    ? sweepOf(layers, sweep, sizes === undefined ? SWEEP_SIZES[sweep] : parseSizes(sizes))
    : [layers];
}

function subjectsOfConfig(config: Config, examples: Examples, words: EstimateWords): Subject[] {
  const { network, activation, sweep } = words;
  if (network === undefined && activation === undefined && sweep === undefined) {
    return [dataSubject(config, examples)];
  }
  if (config.graph) {
    const option = network ? '--network' : activation ? '--activation' : '--sweep';
    throw new ApicalError(
      'estimate.network',
      `The config has a graph, which says the network, so ${option} has no place: leave one of them out.`,
    );
  }
  const { dataset, inputUnits } = examples;
  if (sweep === 'outputs') {
    throw new ApicalError(
      'estimate.sweep',
      `--sweep outputs varies the output layer, but ${dataset.title} says how many outputs there are: leave the preset out, so that the numbers are random.`,
    );
  }
  const layers =
    network === undefined ? [inputUnits, ...config.network.hidden, dataset.targetSize] : parseLayers(network);
  if (layers[0] !== inputUnits || layers.at(-1) !== dataset.targetSize) {
    throw new ApicalError(
      'estimate.network',
      `--network is ${layers.join('-')}, but ${dataset.title} has ${inputUnits} inputs and ${dataset.targetSize} ${dataset.task === 'classification' ? 'classes' : 'target values'}: begin it with ${inputUnits} and end it with ${dataset.targetSize}.`,
    );
  }
  return layersOf(words, layers).map((each) => {
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
      `--sizes takes at least two different whole numbers such as 8,32,128, but it is "${text}".`,
    );
  }
  return sizes;
}
