export { Heap } from './heap.ts';
export type { HeapOptions } from './heap.ts';
export { sizeOf, Tensor } from './tensor.ts';
export type { ElementType, Shape } from './tensor.ts';
export {
  ACTIVATION_NAMES,
  activationOf,
  ACTIVATIONS,
  checkActivation,
  defineActivation,
  hardSigmoid,
  hasActivation,
  linear,
  logistic,
  nameOfActivation,
  relu,
  softplus,
  SURROGATES,
  tanh,
  threshold,
} from './activation.ts';
export type {
  Activation,
  ActivationName,
  ActivationReference,
  Slope,
  ThresholdOptions,
} from './activation.ts';
export type { Kernels } from './kernels.ts';
export { OPERATIONS } from './operations.ts';
export type { Operations } from './operations.ts';
export type { MatmulForm } from './products.ts';
export type { SparseForm } from './sparse/sparse.ts';
export type { Synapses } from './sparse/synapses.ts';
export type { SpatialOperations } from './spatial/spatial.ts';
export { placesOf, sizesOf } from './spatial/window.ts';
export type { Window } from './spatial/window.ts';
export { Compute } from './compute.ts';
export type { BackendDescription } from './compute.ts';
