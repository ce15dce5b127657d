import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { openBackend } from '../backends/open.ts';
import type { BackendName } from '../backends/open.ts';
import { describeData } from '../datasets/index.ts';
import type { DataDescription } from '../datasets/index.ts';
import { ApicalError } from '../errors.ts';
import { exportWeights, importWeights, pytorchModule } from '../network/index.ts';
import type { WeightLayout } from '../network/index.ts';
import { parseConfig } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { openDataset } from './files/datasets.ts';
import { describeEnvironment, readTrainedRun, restoreLearner, RunFolder } from './folder/index.ts';
import { loadRule } from './files/rule-file.ts';
import { requestFor } from './open-task.ts';
import { TrainedNetwork } from '../training/trained-network.ts';
import { readWeights } from './files/weights-file.ts';
import type { WeightsFile } from './files/weights-file.ts';

export interface LoadOptions {
  /** By default that of the run's config; "auto" if the config says "blas". */
  readonly backend?: BackendName | undefined;
  readonly threads?: number | undefined;
}

/**
 * Loads a trained network onto a backend of its own: from the folder of a run (its latest good checkpoint, even while
 * the run continues), or from a file that `apical export` wrote. Neither needs the data set. Call `dispose` when done.
 *
 * Throws `folder.…`, `checkpoint.…`, `weights.…`, `config.…` and `rule.…` errors; the file of a user's rule must still
 * exist.
 */
export async function loadNetwork(from: string, options: LoadOptions = {}): Promise<TrainedNetwork> {
  const isFile = existsSync(from) && statSync(from).isFile();
  const source = isFile ? fromFile(from) : await fromFolder(from);
  const { config, data, identity, step } = source;
  const rule = await loadRule(config.rule);
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

/** Returns the tensors and metadata of a network, from which `loadNetwork` and PyTorch can rebuild it. */
export function exportNetwork(trained: TrainedNetwork, layout: WeightLayout): WeightsFile {
  const { network, config, data, identity, step, rule } = trained;
  const module = layout === 'pytorch' ? pytorchModule(network) : undefined;
  return {
    tensors: exportWeights(network, layout),
    metadata: {
      ...(layout === 'pytorch' ? { format: 'pt' } : {}),
      ...(module ? { module } : {}),
      apical: describeEnvironment().apical,
      layout,
      rule: rule.id,
      identity,
      step: String(step),
      config: JSON.stringify(config),
      data: JSON.stringify(data),
    },
  };
}

interface Source {
  readonly config: Config;
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
    // Folders of earlier versions lack this description and need their data set.
    data: run.data ?? describeData(await openDataset(requestFor(config))),
    identity: run.identity,
    step: checkpoint.step,
    fill: ({ learner }) => restoreLearner(learner, checkpoint, true),
  };
}

const dataSchema = z.object({
  id: z.string(),
  title: z.string(),
  task: z.enum(['classification', 'regression']),
  inputShape: z.array(z.int().min(1)).min(1),
  inputScale: z.number(),
  targetSize: z.int().min(1),
  classNames: z.array(z.string()).optional(),
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
  const { classNames, ...others } = parsed.data;
  return {
    config: parseConfig(JSON.parse(config), file),
    data: { ...others, ...(classNames ? { classNames } : {}) },
    identity,
    step: Number(step),
    fill: ({ network }) => importWeights(network, tensors, { name: `The weights in ${file}` }),
  };
}

/** Throws `folder.comparison`, which lists the runs, if the folder is that of a comparison. */
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
