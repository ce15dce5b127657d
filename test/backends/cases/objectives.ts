import type { ObjectiveOperations } from '../../../src/tensor/objectives.ts';
import type { Cases } from './operands.ts';

export const objectiveCases: Cases<ObjectiveOperations> = {
  softmax: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.softmax(out, make.float([m, n], -30, 30));
      return [out];
    },
  ],
  softmaxCrossEntropy: [
    (compute, make, m, n) => {
      const logits = make.float([m, n], -5, 5);
      const tally = make.zeros([4], 'f64');
      const labels = make.integers([m], n, 'i32');
      compute.softmaxCrossEntropy(logits, tally, logits, labels);
      return [logits, tally];
    },
  ],
  squaredError: [
    (compute, make, m, n) => {
      const error = make.zeros([m, n]);
      const tally = make.zeros([4], 'f64');
      compute.squaredError(error, tally, make.float([m, n]), make.float([m, n]));
      return [error, tally];
    },
  ],
  crossEntropyRows: [
    (compute, make, m, n) => {
      const out = make.zeros([m]);
      compute.crossEntropyRows(out, make.float([m, n], -5, 5), make.integers([m], n, 'i32'));
      return [out];
    },
  ],
  wrongRows: [
    (compute, make, m, n) => {
      const out = make.zeros([m]);
      compute.wrongRows(out, make.float([m, n]), make.integers([m], n, 'i32'));
      return [out];
    },
  ],
  choose: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      const probabilities = make.float([m, n], -2, 2);
      compute.softmax(probabilities, probabilities);
      compute.choose(out, probabilities, make.float([m], 0, 1));
      return [out];
    },
  ],
};
