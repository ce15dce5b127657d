import type { Learner } from '../../learning/index.ts';
import { restoreTensors } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';

/**
 * Loads the weights of a checkpoint into a learner and, with `isSameRule`, the state of its rule. Feedback weights that
 * the checkpoint lacks stay as the seed drew them. Throws `checkpoint.mismatch`.
 */
export function restoreLearner(learner: Learner, { tensors }: Checkpoint, isSameRule: boolean): void {
  const feedback = new Set(
    learner.network.projections.filter(({ kind }) => kind === 'feedback').map(({ id }) => `network/${id}`),
  );
  const wanted = new Map(
    [...learner.tensors()].filter(
      ([name]) =>
        (name.startsWith('network/') && (tensors.has(name) || !feedback.has(name))) ||
        (isSameRule && name.startsWith('rule/')),
    ),
  );
  const saved = new Map([...tensors].filter(([name]) => wanted.has(name)));
  restoreTensors(wanted, { tensors: saved });
}
