export { Area, Projection } from './area.ts';
export type { Axis, BackOptions, Delay, DelayGroup, ProjectionParts } from './area.ts';
export type { Constraint } from './constraints.ts';
export { convolutionalStack } from './convolutional-stack.ts';
export type { ConvolutionalLayer, ConvolutionalStackOptions } from './convolutional-stack.ts';
export { exportWeights, importWeights } from './exchange.ts';
export type { ImportOptions, WeightArray } from './exchange.ts';
export { defaultInitialisation } from './initialisation.ts';
export type { Initialisation } from './initialisation.ts';
export { LAYOUTS, outputArea, pytorchModule } from './layout.ts';
export type { WeightLayout } from './layout.ts';
export { Network } from './network.ts';
export { blackBox } from './objectives/black-box.ts';
export { hasDerivative } from './objectives/derivative.ts';
export { crossEntropy, squaredError, zeroOne } from './objectives/known-losses.ts';
export type { LossName } from './objectives/known-losses.ts';
export { defineLoss } from './objectives/loss.ts';
export type { BlackBox, Loss, LossArguments } from './objectives/loss.ts';
export { objectiveAt } from './objectives/objective.ts';
export type { Objective, Reach } from './objectives/objective.ts';
export { Optimiser, plainDescent } from './optimiser.ts';
export type { OptimiserOf, OptimiserSpecification } from './optimiser.ts';
export { Bias } from './parameter.ts';
export type { Parameter } from './parameter.ts';
export { connectionOf, fansOf } from './projections/connection.ts';
export type { Profile } from './projections/arbor.ts';
export { scaleSchedule, valueAt } from './schedule.ts';
export type { Schedule, Scheduled } from './schedule.ts';
export { Sheet } from './sheet.ts';
export type { SheetSpecification } from './sheet.ts';
export { SparseProjection } from './projections/sparse.ts';
export type { Events } from './projections/events.ts';
export { projectionId, stack } from './specification.ts';
export type {
  AreaSpecification,
  ConnectionSpecification,
  DistanceConnection,
  NetworkSpecification,
  ObjectiveSpecification,
  Part,
  ProjectionKind,
  ProjectionSpecification,
  StackOptions,
  Storage,
  Wiring,
} from './specification.ts';
export { materialise } from './terms.ts';
export type { EligibilityTerm, Term } from './terms.ts';
