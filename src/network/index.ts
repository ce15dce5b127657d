export { Area } from './area.ts';
export { Bias } from './parameter.ts';
export { DenseProjection } from './projections/dense.ts';
export { Projection } from './area.ts';
export { ConvolutionFeedback, ConvolutionProjection } from './projections/convolution.ts';
export { PoolingProjection } from './projections/pooling.ts';
export { connectionOf, fansOf, pictureAfter, windowOf } from './projections/connection.ts';
export type { ConnectionSpecification } from './specification.ts';
export type { Axis } from './area.ts';
export type { Parameter } from './parameter.ts';
export { Network } from './network.ts';
export { exportWeights, importWeights } from './exchange.ts';
export type { ImportOptions, WeightArray } from './exchange.ts';
export { answeringArea, LAYOUTS, layoutOf, pytorchModule } from './layout.ts';
export type { LayoutEntry, WeightLayout } from './layout.ts';
export { errorOf, hasDerivative, lossesOf, tallyObjective } from './objective.ts';
export type { BlackBox, ObjectiveKind } from './specification.ts';
export type { Objective } from './objective.ts';
export type { Wiring } from './specification.ts';
export { convolutionalStack } from './convolutional-stack.ts';
export type { ConvolutionalLayer, ConvolutionalStackOptions } from './convolutional-stack.ts';
export { projectionId, stack } from './specification.ts';
export type {
  AreaSpecification,
  NetworkSpecification,
  ObjectiveSpecification,
  ProjectionKind,
  ProjectionSpecification,
  StackOptions,
} from './specification.ts';
export { defaultInitialisation, initialise } from './initialisation.ts';
export type { Initialisation } from './initialisation.ts';
export { scaleSchedule, valueAt } from './schedule.ts';
export type { Schedule, Scheduled } from './schedule.ts';
export { Optimiser, plainDescent } from './optimiser.ts';
export type { OptimiserOf, OptimiserSpecification } from './optimiser.ts';
export { accumulate, materialise } from './terms.ts';
export type { Term } from './terms.ts';
