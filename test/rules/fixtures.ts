import { expect } from 'vitest';
import type { Batch, Learner } from '../../src/learning/index.ts';
import { gradientsOf } from '../../src/studies/conformance/subject.ts';
import type { Compute } from '../../src/tensor/index.ts';

export {
  CLASSES,
  clouds,
  gradientsOf,
  learnerOf,
  optimiser,
  poison,
  release,
  smallStack,
  snapshot,
  train,
  UNITS,
} from '../../src/studies/conformance/subject.ts';
export type { LearnerSetting as Setting } from '../../src/studies/conformance/subject.ts';

/** Expects the rule's estimate for a batch to equal the exact gradient of its own loss to within `most` per synapse. */
export function expectOwnGradient(compute: Compute, learner: Learner, batch: Batch, most: number): void {
  const estimate = gradientsOf(compute, learner, batch);
  const exact = gradientsOf(compute, learner, batch, learner.reference);
  for (const [id, gradient] of estimate) {
    for (const [index, value] of gradient.entries()) {
      expect(Math.abs(value - (exact.get(id)?.[index] ?? NaN)), `${id}[${index}]`).toBeLessThan(most);
    }
  }
}
