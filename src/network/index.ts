export { Area, Projection } from './area.ts';
export type { Axis, BackOptions, ProjectionParts } from './area.ts';
export { convolutionalStack } from './convolutional-stack.ts';
export type { ConvolutionalLayer, ConvolutionalStackOptions } from './convolutional-stack.ts';
export { exportWeights, importWeights } from './exchange.ts';
export type { ImportOptions, WeightArray } from './exchange.ts';
export { defaultInitialisation } from './initialisation.ts';
export type { Initialisation } from './initialisation.ts';
export { LAYOUTS, outputArea, pytorchModule } from './layout.ts';
export type { WeightLayout } from './layout.ts';
export { Network } from './network.ts';
export { hasDerivative } from './derivative.ts';
export type { Objective } from './objective.ts';
export { Optimiser, plainDescent } from './optimiser.ts';
export type { OptimiserOf, OptimiserSpecification } from './optimiser.ts';
export { Bias } from './parameter.ts';
export type { Parameter } from './parameter.ts';
export { connectionOf, fansOf } from './projections/connection.ts';
export { scaleSchedule, valueAt } from './schedule.ts';
export type { Schedule, Scheduled } from './schedule.ts';
export { SparseProjection } from './projections/sparse.ts';
export type { Events } from './projections/sparse.ts';
export { projectionId, stack } from './specification.ts';
export type {
  AreaSpecification,
  BlackBox,
  ConnectionSpecification,
  NetworkSpecification,
  ObjectiveKind,
  ObjectiveSpecification,
  ProjectionKind,
  ProjectionSpecification,
  StackOptions,
  Storage,
  Wiring,
} from './specification.ts';
export { materialise } from './terms.ts';
export type { EligibilityTerm, Term } from './terms.ts';
