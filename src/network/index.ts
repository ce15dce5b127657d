export { Area, Thresholds } from './area.ts';
export { DenseProjection, Projection } from './projection.ts';
export { ConvolutionFeedback, ConvolutionProjection } from './convolution.ts';
export { PoolingProjection } from './pooling.ts';
export { connectionOf, fansOf, pictureAfter, windowOf } from './connection.ts';
export type { ConnectionSpecification } from './connection.ts';
export type { Axis, Parameter } from './projection.ts';
export { Network } from './network.ts';
export { exportWeights, importWeights } from './exchange.ts';
export type { ImportOptions, WeightArray } from './exchange.ts';
export { answeringArea, LAYOUTS, layoutOf, pytorchModule } from './layout.ts';
export type { LayoutEntry, WeightLayout } from './layout.ts';
export { errorOf, hasDerivative, lossesOf, tallyObjective } from './objective.ts';
export type { BlackBox, Objective, ObjectiveKind } from './objective.ts';
export type { Wiring } from './connectivity.ts';
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
