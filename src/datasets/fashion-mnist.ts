import type { IdxDescription } from './idx-dataset.ts';

/** 70 000 images of clothes, 28 × 28. Source: Xiao, Rasul, Vollgraf (2017), arXiv:1708.07747. */
export const fashionMnist: IdxDescription = {
  id: 'fashion-mnist',
  title: 'Fashion-MNIST',
  classNames: [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ],
  md5: {
    trainInputs: 'f4a8712d7a061bf5bd6d2ca38dc4d50a',
    trainLabels: '9018921c3c673c538a1fc5bad174d6f9',
    testInputs: '8181f5470baa50b63fa0f6fddb340f0a',
    testLabels: '15d484375f8d13e6eb1aabb0c3f46965',
  },
  how:
    'On Debian or Ubuntu run "apt install dataset-fashion-mnist"; elsewhere put its four IDX files, plain or .gz, ' +
    'into $APICAL_DATA/fashion-mnist.',
};
