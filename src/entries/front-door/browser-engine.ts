import { openBackend } from '../../backends/open.ts';
import type { BackendName } from '../../backends/open.ts';
import { ApicalError } from '../../errors.ts';
import type { Rule } from '../../learning/rule.ts';
import { requireSameRule, ruleNeeded } from '../../runs/rule-of-run.ts';
import type { Environment } from '../../runs/folder/contents.ts';
import { originalOf, checkOwnRule } from '../../training/own/own-rule.ts';
import type { MetricsRecord } from '../../training/records.ts';
import { TrainedNetwork } from '../../training/trained-network.ts';
import { VERSION } from '../version.ts';
import { host } from './browser-host.ts';
import type { Going } from './handle.ts';
import type { TrainOptions } from './options.ts';
import { Result } from './result.ts';
import { evaluateOn, trainOn } from './train.ts';

/** The result of `train`: the trained network with its metrics and records. Call `dispose` when you are done. */
export class TrainResult extends Result {
  /**
   * Returns the run as a ZIP archive of the folder that `apical run --out` writes. `loadNetwork` reads the archive;
   * `apical predict`, `apical export` and `apical run --resume` read the unpacked folder.
   *
   * Throws `rule.id` if the rule has the id of a built-in rule, and `run.diverged` if a number is not finite.
   */
  async save(): Promise<Uint8Array> {
    const { config, compute, data, training, records, document, startedAt } = this;
    const rule = originalOf(this.rule);
    const { RULES } = await import('../../rules/index.ts');
    if (RULES.some((builtIn) => builtIn !== rule && builtIn.id === rule.id)) {
      throw new ApicalError(
        'rule.id',
        `"${rule.id}" is the id of a built-in rule, so the run could not be read. Give your rule another id.`,
        { rule: rule.id },
      );
    }
    const { runFiles, zipRun } = await import('../../runs/folder/archive.ts');
    const isOfExamples = config.task.environment === undefined;
    const files = runFiles({
      ...{ training, records, document, startedAt, status: 'done', command: 'train() in a page' },
      ...{ environment: environmentHere(), backend: compute.backend, data: isOfExamples ? data : undefined },
    });
    if (Object.keys(files).every((name) => !name.endsWith('.safetensors'))) {
      throw new ApicalError(
        'run.diverged',
        'The network contains numbers that are not finite, so it cannot be saved. Lower optimiser.rate and train again.',
      );
    }
    return zipRun(`${rule.id}-seed${config.seed}`, files);
  }
}

export const trainHere = (options: TrainOptions, going: Going<MetricsRecord>): Promise<TrainResult> =>
  trainOn(host, options, going, (parts) => new TrainResult(parts));

export const evaluateHere = evaluateOn.bind(undefined, host);

/** Options for loading a network. */
export interface LoadOptions {
  /** The rule by which the network learned. Default: the built-in rule that the run names. */
  readonly rule?: string | Rule | undefined;
  /** Default: the backend of the run's config, or wasm if that is blas. */
  readonly backend?: BackendName | undefined;
}

/** Loads the network in an archive. */
export async function loadHere(archive: Uint8Array, options: LoadOptions): Promise<TrainedNetwork> {
  const { unzipRun } = await import('../../runs/folder/archive.ts');
  const { restoreLearner } = await import('../../runs/folder/restore.ts');
  const { run, config, checkpoint } = unzipRun(archive, VERSION);
  if (!run.data) {
    throw new ApicalError(
      'predict.environment',
      'The run in the archive learned in an environment, so its inputs are not described. Give a run that learned from examples.',
    );
  }
  const rule = await ruleOf(config.rule, run.document?.rule ?? config.rule, options.rule);
  const compute = await openBackend({
    backend: options.backend ?? (config.backend === 'blas' ? 'auto' : config.backend),
    threads: config.threads,
  });
  try {
    const { data, identity } = run;
    const parts = { config, rule, data, identity, step: checkpoint.step };
    const network = new TrainedNetwork(compute, parts, { ownsCompute: true });
    restoreLearner(network.learner, checkpoint, true);
    return network;
  } catch (error) {
    compute.dispose();
    throw error;
  }
}

async function ruleOf(reference: string, learned: string, given: string | Rule | undefined): Promise<Rule> {
  const from = 'the archive';
  if (given !== undefined) {
    const rule =
      typeof given === 'string' ? await host.loadRule(given) : checkOwnRule(given, 'The option rule');
    requireSameRule(rule, learned, from);
    return rule;
  }
  return host.loadRule(reference).catch((error: unknown) => {
    const isForeign = error instanceof ApicalError && ['rule.unknown', 'rule.file'].includes(error.code);
    throw isForeign ? ruleNeeded(learned, from) : error;
  });
}

/** Describes where this page computes, as far as a browser tells. */
function environmentHere(): Environment {
  const { userAgent = '', hardwareConcurrency = 1 } =
    (globalThis as { navigator?: Partial<Navigator> }).navigator ?? {};
  const browser =
    /(Firefox|Edg|Chrome|Version)\/[\d.]+/.exec(userAgent)?.[0].replace('/', ' ') ?? 'a browser';
  return {
    apical: VERSION,
    node: `none: ${browser}`,
    commit: null,
    dirty: false,
    hardware: `${hardwareConcurrency} cores, as a browser tells`,
    platform: browser,
    processor: 'unknown, in a browser',
    date: new Date().toISOString(),
  };
}
