import type { Delay } from '../../network/area.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * Returns what a projection receives, (batch, presynaptic), with its delay. `past` returns the activity of so many steps
 * ago.
 */
export function delayed(compute: Compute, { groups }: Delay, past: (steps: number) => Tensor): Tensor {
  const [first] = groups;
  if (first && groups.length === 1) return past(first.steps);
  const received = compute.temporary(past(0).shape);
  for (const [index, { steps, units }] of groups.entries()) {
    compute.scaleColumns(received, past(steps), units as Tensor, 1, index === 0 ? 0 : 1);
  }
  return received;
}

/**
 * Returns what a projection received at all steps, (steps · batch, presynaptic), from the history of the presynaptic
 * activity; `before` returns the activity of a step before the batch.
 */
export function delayedHistory(
  compute: Compute,
  delay: Delay,
  history: Tensor,
  batch: number,
  before: (step: number) => Tensor,
): Tensor {
  if (delay.longest === 0) return history;
  const steps = history.rows / batch;
  const received = compute.temporary(history.shape);
  for (let step = 0; step < steps; step++) {
    const now = received.rowRange(step * batch, batch);
    const past = (back: number) =>
      step >= back ? history.rowRange((step - back) * batch, batch) : before(step - back);
    compute.scope(() => compute.copy(now, delayed(compute, delay, past)));
  }
  return received;
}
