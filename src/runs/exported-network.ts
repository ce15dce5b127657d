import type { ShapedArray } from '../datasets/formats/array.ts';
import { serializeNpz } from '../datasets/formats/npz.ts';
import { serializeSafetensors } from '../datasets/formats/safetensors.ts';
import { exportWeights, pytorchModule } from '../network/index.ts';
import type { WeightLayout } from '../network/index.ts';
import type { TrainedNetwork } from '../training/trained-network.ts';

export const WEIGHT_FORMATS = ['safetensors', 'npz'] as const;

/** A file format of weights. */
export type WeightFormat = (typeof WEIGHT_FORMATS)[number];

/**
 * The contents of a weights file: tensors and texts by name. In NPZ, the texts are JSON in the comment of the
 * archive.
 */
export interface WeightsFile {
  readonly tensors: ReadonlyMap<string, ShapedArray>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Returns the contents of a weights file for a network; `apical` is the version that writes it. */
export function exportedNetwork(trained: TrainedNetwork, layout: WeightLayout, apical: string): WeightsFile {
  const { network, config, data, identity, step, rule } = trained;
  const module = layout === 'pytorch' ? pytorchModule(network) : undefined;
  return {
    tensors: exportWeights(network, layout),
    metadata: {
      ...(layout === 'pytorch' ? { format: 'pt' } : {}),
      ...(module ? { module } : {}),
      apical,
      layout,
      rule: rule.id,
      identity,
      step: String(step),
      config: JSON.stringify(config),
      data: JSON.stringify(data),
    },
  };
}

/**
 * Returns the bytes of a weights file; equal tensors and texts give equal bytes.
 *
 * @example
 * import { exportNetwork, serializeWeights, train } from 'apical';
 *
 * const result = await train({ dataset: 'rings', network: { hidden: [16] }, epochs: 1 });
 * const bytes = serializeWeights(exportNetwork(result, 'apical'), 'npz');
 * console.log(bytes.length);
 * result.dispose();
 */
export function serializeWeights({ tensors, metadata }: WeightsFile, format: WeightFormat): Uint8Array {
  if (format === 'safetensors') return serializeSafetensors(tensors, metadata);
  return serializeNpz(tensors, JSON.stringify(metadata));
}
