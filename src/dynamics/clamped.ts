import type { Area } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dropoutGain } from './dropout.ts';
import type { PhaseOptions, Setting } from './phase.ts';

/** An area whose activity is given; tensors (batch, units). */
export interface Clamped {
  readonly activity: Tensor;
  readonly rate: Tensor;
  readonly gain: Tensor | undefined;
}

/** Returns the areas that a phase holds fixed: those it clamps, and the input unless that is free. */
export function clampedAreas(
  setting: Setting,
  { clamp, freeInput = false }: Pick<PhaseOptions, 'clamp'> & { readonly freeInput?: boolean | undefined },
): ReadonlyMap<Area, Clamped> {
  const { compute, network, inputs } = setting;
  const clamped = new Map<Area, Clamped>();
  for (const area of network.areas) {
    const rate = clamp?.(area) ?? (area === network.input && !freeInput ? inputs : undefined);
    if (!rate) continue;
    const gain = dropoutGain(setting, area);
    const activity = gain ? compute.temporary(rate.shape) : rate;
    if (gain) compute.multiply(activity, rate, gain);
    clamped.set(area, { activity, rate, gain });
  }
  return clamped;
}
