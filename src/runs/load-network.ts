import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { openBackend } from '../backends/open.ts';
import type { BackendName } from '../backends/open.ts';
import { describeData } from '../datasets/index.ts';
import type { DataDescription } from '../datasets/index.ts';
import { ApicalError } from '../errors.ts';
import { importWeights } from '../network/index.ts';
import type { WeightLayout } from '../network/index.ts';
import { parseConfig } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { loadActivations } from './files/activation-file.ts';
import { describeEnvironment, readTrainedRun, restoreLearner, RunFolder } from './folder/index.ts';
import type { Rule } from '../learning/index.ts';
import { loadRule } from './files/rule-file.ts';
import { requireSameRule, ruleNeeded } from './rule-of-run.ts';
import { checkOwnRule } from '../training/own/own-rule.ts';
import { openDataOf } from './open-task.ts';
import { TrainedNetwork } from '../training/trained-network.ts';
import { readWeights } from './files/weights-file.ts';
import { exportedNetwork } from './exported-network.ts';
import type { WeightsFile } from './exported-network.ts';

export interface LoadOptions {
  /** By default that of the run's config; "auto" if the config says "blas". */
  readonly backend?: BackendName | undefined;
  readonly threads?: number | undefined;
  /** The rule by which the network learned: a rule object, an id or a file. Default: the rule in the run's config. */
  readonly rule?: string | Rule | undefined;
}

/**
 * Loads a trained network onto a backend of its own: from the folder of a run (its latest good checkpoint, even while
 * the run continues), or from a file that `apical export` wrote. Neither needs the data set. Call `dispose` when done.
 *
 * Throws `folder.…`, `checkpoint.…`, `weights.…`, `config.…` and `rule.…` errors. A rule or activation file must still exist; a rule object
 * must be given as `rule` (`rule.needed`, `rule.mismatch`).
 *
 * @example
 * import { loadNetwork, train } from 'apical';
 *
 * const result = await train({ dataset: 'rings', network: { hidden: [16] }, epochs: 1 });
 * const folder = await result.save('learned');
 * result.dispose();
 *
 * const network = await loadNetwork(folder);
 * console.log(network.predict([[0.2, 0.7], [0.9, 0.1]]).classes);
 * network.dispose();
 */
export async function loadNetwork(from: string, options: LoadOptions = {}): Promise<TrainedNetwork> {
  const isFile = existsSync(from) && statSync(from).isFile();
  const source = isFile ? fromFile(from) : await fromFolder(from);
  const { config, data, identity, step } = source;
  const rule = await ruleOf(source, from, options.rule);
  await loadActivations(config);
  const compute = await openBackend({
    backend: options.backend ?? (config.backend === 'blas' ? 'auto' : config.backend),
    threads: options.threads ?? config.threads,
  });
  try {
    const trained = new TrainedNetwork(
      compute,
      { config, rule, data, identity, step },
      { ownsCompute: true },
    );
    source.fill(trained);
    return trained;
  } catch (error) {
    compute.dispose();
    throw error;
  }
}

/**
 * Returns the tensors and texts of a network for export, sufficient for `loadNetwork` and for PyTorch.
 *
 * @example
 * import { writeFileSync } from 'node:fs';
 * import { exportNetwork, serializeWeights, train } from 'apical';
 *
 * const result = await train({ dataset: 'rings', network: { hidden: [16] }, epochs: 1 });
 * writeFileSync('rings.safetensors', serializeWeights(exportNetwork(result, 'pytorch'), 'safetensors'));
 * result.dispose();
 */
export function exportNetwork(trained: TrainedNetwork, layout: WeightLayout): WeightsFile {
  return exportedNetwork(trained, layout, describeEnvironment().apical);
}

interface Source {
  readonly config: Config;
  /** Id of the rule; undefined if only the config names it. */
  readonly rule: string | undefined;
  readonly data: DataDescription;
  readonly identity: string;
  readonly step: number;
  fill(trained: TrainedNetwork): void;
}

async function fromFolder(folder: string): Promise<Source> {
  refuseComparison(folder);
  const { run, config, checkpoint } = readTrainedRun(folder);
  if (config.task.environment !== undefined) {
    throw new ApicalError(
      'predict.environment',
      `The run in ${folder} was trained in the environment "${config.task.environment}", so it cannot predict examples. Give a run that was trained on a data set.`,
      { folder },
    );
  }
  return {
    config,
    rule: run.document?.rule,
    // Folders of before this was kept need their data set.
    data: run.data ?? describeData(await openDataOf(config)),
    identity: run.identity,
    step: checkpoint.step,
    fill: ({ learner }) => restoreLearner(learner, checkpoint, true),
  };
}

const dataSchema = z.object({
  id: z.string(),
  title: z.string(),
  task: z.enum(['classification', 'regression', 'none']),
  inputShape: z.array(z.int().min(1)).min(1),
  inputScale: z.number(),
  targetSize: z.int().min(0),
  classNames: z.array(z.string()).optional(),
  time: z
    .object({
      kind: z.enum(['sequences', 'stream']),
      steps: z.int().min(1),
      targets: z.enum(['all', 'last', 'masked']),
    })
    .optional(),
  named: z
    .record(z.string(), z.object({ task: z.enum(['classification', 'regression']), size: z.int().min(1) }))
    .optional(),
});

function fromFile(file: string): Source {
  const { tensors, metadata } = readWeights(file);
  const { config, data, identity = '', step } = metadata;
  const parsed = dataSchema.safeParse(data === undefined ? undefined : JSON.parse(data));
  if (config === undefined || !parsed.success) {
    throw new ApicalError(
      'weights.no-network',
      `${file} holds weights but no network, because \`apical export\` did not write it. ` +
        `Give the folder of a run, or train from these weights with \`apical run --weights ${file}\`.`,
      { file },
    );
  }
  const { classNames, time, named, ...others } = parsed.data;
  return {
    config: parseConfig(JSON.parse(config), file),
    rule: metadata['rule'],
    data: {
      ...others,
      ...(classNames ? { classNames } : {}),
      ...(time ? { time } : {}),
      ...(named ? { named } : {}),
    },
    identity,
    step: Number(step),
    fill: ({ network }) => importWeights(network, tensors, { name: `The weights in ${file}` }),
  };
}

/** Returns the rule by which a network learned. Throws `rule.needed`, `rule.mismatch` and the errors of `loadRule`. */
async function ruleOf(
  { config, rule: id }: Source,
  from: string,
  given: string | Rule | undefined,
): Promise<Rule> {
  if (given === undefined) {
    return loadRule(config.rule).catch((error: unknown) => {
      throw error instanceof ApicalError && error.code === 'rule.unknown'
        ? ruleNeeded(config.rule, from)
        : error;
    });
  }
  const rule = typeof given === 'string' ? await loadRule(given) : checkOwnRule(given, 'The option rule');
  requireSameRule(rule, id ?? config.rule, from);
  return rule;
}

/** Throws `folder.comparison`, with the runs that are in it. */
function refuseComparison(folder: string): void {
  if (!existsSync(folder) || RunFolder.exists(folder)) return;
  const runs = readdirSync(folder)
    .map((name) => path.join(folder, name))
    .filter((inside) => RunFolder.exists(inside));
  if (runs.length === 0) return;
  throw new ApicalError(
    'folder.comparison',
    `${folder} holds ${runs.length} runs. Give one of them: ${runs.join(', ')}.`,
    { folder, runs },
  );
}
