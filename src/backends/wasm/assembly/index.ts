// Kernels of the wasm backend. src/tensor/kernels.ts says what each computes; scripts/build.mjs compiles them.
export { matmul, matmulPart, matmulWorkspaceBytes } from './matmul';
export { momentumOuterStep, adamStep, rmspropStep } from './optimisers';
export {
  activate,
  below,
  combine,
  fill,
  multiply,
  multiplyBySign,
  multiplyBySlope,
  transpose,
} from './elementwise';
export { abs, clip, divide, exp, log, sqrt } from './elementary';
export { addColumn, addRow, scaleColumns, scaleRows } from './broadcasts';
export { relax } from './relaxation';
export { fire, sweep } from './units';
export {
  dot,
  dotRows,
  limitColumnNorms,
  limitRowNorms,
  maxColumns,
  maxRows,
  sumColumns,
  sumRows,
} from './reductions';
export { gatherBytes, gatherColumns, gatherFloats, gatherLabels, oneHot, scatterRows } from './rows';
export { choose, crossEntropyRows, softmax, softmaxCrossEntropy, squaredError, wrongRows } from './objectives';
export { drawBernoulli, drawNormal, drawUniform } from './random';
export {
  activateChannels,
  matmulChannels,
  matmulPlaces,
  outerChannels,
  outerPlaces,
  sumChannels,
} from './channels';
export { maxPool, maxPoolBack } from './pooling';
export { fold, unfold } from './unfold';
export {
  eventRows,
  limitSparseNorms,
  listEvents,
  sparseBlocks,
  sparseOuterBlocks,
  sparseOuterShared,
  sparseOuterVector,
  sparseScale,
  sparseVector,
  sparseVectorBack,
} from './sparse';
export { sharedTraces, sparseTraces, traces } from './eligibility';
