// The wasm backend's kernels. Contracts: src/tensor/kernels.ts. Compiled by scripts/build.mjs.
export { matmul, matmulWorkspaceBytes } from './matmul';
export { momentumOuterStep, adamStep, rmspropStep } from './optimisers';
export {
  activate,
  combine,
  fill,
  multiply,
  multiplyBySlope,
  scaleColumns,
  scaleRows,
  transpose,
} from './elementwise';
export { dot, limitColumnNorms, sumRows } from './reductions';
export { gatherBytes, gatherFloats, gatherLabels, oneHot, scatterRows } from './rows';
export { softmax, softmaxCrossEntropy, squaredError } from './objectives';
export { drawBernoulli, drawNormal, drawUniform } from './random';
