import type { WeightLayout } from '../../network/index.ts';
import { exportedNetwork } from '../../runs/exported-network.ts';
import type { WeightsFile } from '../../runs/exported-network.ts';
import { VERSION } from '../version.ts';
import type { TrainedNetwork } from '../../training/trained-network.ts';
import type { Evaluation } from '../../training/evaluation.ts';
import type { MetricsRecord } from '../../training/records.ts';
import type { LoadOptions, TrainResult } from './browser-engine.ts';
import type { ComparedRecord, CompareResult } from './compare.ts';
import { begin } from './handle.ts';
import type { Handle } from './handle.ts';
import type { CompareOptions, Data, TrainOptions } from './options.ts';

/** The code that trains is fetched when it is first needed, so that a page shows before. */
const engine = () => import('./browser-engine.ts');

/**
 * Trains a network by a learning rule, as `train` of the Node entry does. Data are your own arrays or the id of a generated
 * data set; the rule is the id of a built-in rule or a rule object.
 *
 * @example
 * import { train } from 'apical/browser';
 *
 * const inputs = [[0, 0], [0, 1], [1, 0], [1, 1]];
 * const result = await train({ dataset: { inputs, labels: [0, 1, 1, 0] }, network: { hidden: [8] }, batch: 4, epochs: 50 });
 * console.log(result.predict(inputs).classes);
 * const archive = await result.save();
 * result.dispose();
 */
export function train(options: TrainOptions): Handle<MetricsRecord, TrainResult> {
  return begin(options, async (going) => (await engine()).trainHere(options, going));
}

/** Compares rules on the same data, networks and seeds, as `compare` of the Node entry does. */
export function compare(options: CompareOptions): Handle<ComparedRecord, CompareResult> {
  return begin(options, async (going) => (await import('./browser-compare.ts')).compareHere(options, going));
}

/** Evaluates a network on data, as `evaluate` of the Node entry does. */
export async function evaluate(network: TrainedNetwork, data: Data): Promise<Evaluation> {
  return (await engine()).evaluateHere(network, data);
}

/**
 * Returns the network of a run from the ZIP archive that `save` returned. Call `dispose` when you are done.
 *
 * Throws `folder.…`, `checkpoint.…`, `config.…` and `rule.…` errors: a rule object must be given again.
 */
export async function loadNetwork(archive: Uint8Array, options: LoadOptions = {}): Promise<TrainedNetwork> {
  return (await engine()).loadHere(archive, options);
}

/** Returns the tensors and texts of a network for export, as `exportNetwork` of the Node entry does. */
export function exportNetwork(trained: TrainedNetwork, layout: WeightLayout): WeightsFile {
  return exportedNetwork(trained, layout, VERSION);
}
