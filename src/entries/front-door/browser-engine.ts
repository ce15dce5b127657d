import { openBackend } from '../../backends/open.ts';
import type { BackendName } from '../../backends/open.ts';
import { ApicalError } from '../../errors.ts';
import type { Rule } from '../../learning/rule.ts';
import { requireSameRule, ruleNeeded } from '../../runs/rule-of-run.ts';
import type { Environment } from '../../runs/folder/contents.ts';
import { originalOf, checkOwnRule } from '../../training/own-rule.ts';
import type { MetricsRecord } from '../../training/records.ts';
import { TrainedNetwork } from '../../training/trained-network.ts';
import { VERSION } from '../version.ts';
import { host } from './browser-host.ts';
import type { Going } from './handle.ts';
import type { TrainOptions } from './options.ts';
import { Result } from './result.ts';
import { evaluateOn, trainOn } from './train.ts';

/** What `train` has made: the network that has learned, with what it came to. Call `dispose` in the end. */
export class TrainResult extends Result {
  /**
   * Returns the run as a ZIP archive of the folder that `apical run --out` would write: `loadNetwork` reads it, and, once
   * unpacked, `apical predict`, `apical export` and `apical run --resume` do.
   *
   * Throws `rule.id` where the rule has the id of a built-in rule, and `run.diverged` where a number is not finite.
   */
  async save(): Promise<Uint8Array> {
    const { config, compute, data, training, records, document, startedAt } = this;
    const rule = originalOf(this.rule);
    const { RULES } = await import('../../rules/index.ts');
    if (RULES.some((builtIn) => builtIn !== rule && builtIn.id === rule.id)) {
      throw new ApicalError(
        'rule.id',
        `"${rule.id}" is the id of a built-in rule, so the run could not be read: give your rule another id.`,
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
        'The network holds numbers that are not finite, so it cannot be saved: lower optimiser.rate and train again.',
      );
    }
    return zipRun(`${rule.id}-seed${config.seed}`, files);
  }
}

export const trainHere = (options: TrainOptions, going: Going<MetricsRecord>): Promise<TrainResult> =>
  trainOn(host, options, going, (parts) => new TrainResult(parts));

export const evaluateHere = evaluateOn.bind(undefined, host);

export interface LoadOptions {
  /** The rule that the network learned by. Default: the built-in rule that the run names. */
  readonly rule?: string | Rule | undefined;
  /** Default: that of the run's config; where that is blas, wasm. */
  readonly backend?: BackendName | undefined;
}

/** Reads the network in an archive. */
export async function loadHere(archive: Uint8Array, options: LoadOptions): Promise<TrainedNetwork> {
  const { unzipRun } = await import('../../runs/folder/archive.ts');
  const { restoreLearner } = await import('../../runs/folder/restore.ts');
  const { run, config, checkpoint } = unzipRun(archive, VERSION);
  if (!run.data) {
    throw new ApicalError(
      'predict.environment',
      'The run in the archive learned to act in an environment, so there is no data to answer: give a run that learned from examples.',
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
  const from = 'The archive';
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

/** Where this page computes, as far as a browser says. */
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
