export { clampedAreas } from './clamped.ts';
export type { Clamped } from './clamped.ts';
export { dropoutGain, withDropout } from './dropout.ts';
export { descend, emitIncoming, emitReadouts } from './passes.ts';
export type { SendDown } from './passes.ts';
export { startOf } from './phase.ts';
export type {
  BatchTime,
  CompartmentPhase,
  Each,
  Moment,
  Phase,
  PhaseOptions,
  Setting,
  SlopeOptions,
  Start,
  StepPhase,
  TimePhase,
} from './phase.ts';
export { receivedPotential, receivedRate } from './received.ts';
export { compartmentPhaseOf, momentOf, phaseOf } from './record.ts';
export type { Compartments, PassRecord } from './record.ts';
export type { Accepts, Dynamics, LearningStep, OptionsOf, PhaseOf, Reference, Sample } from './step.ts';

export { backpropagateBasal } from './dendrites/basal-backpropagation.ts';
export { answeredBy, CONDUCTANCES, interneuronsOf, sharesOf } from './dendrites/cells.ts';
export type {
  Conductances,
  DendriticCompartment,
  DendriticOptions,
  DendriticPhase,
  Teaching,
} from './dendrites/cells.ts';
export { dendrites } from './dendrites/dendrites.ts';
export type { DendritesOptions } from './dendrites/dendrites.ts';
export { dendritesInTime } from './dendrites/dendrites-in-time.ts';
export type { DendritesInTimeOptions } from './dendrites/dendrites-in-time.ts';
export { spikingDendrites } from './dendrites/spiking-dendrites.ts';
export type { Spiking, SpikingDendritesOptions } from './dendrites/spiking-dendrites.ts';

export { backpropagateBy } from './feedforward/backpropagation.ts';
export { backpropagate, feedforward } from './feedforward/feedforward.ts';
export type { FeedforwardOptions } from './feedforward/feedforward.ts';

export { predictiveInference } from './predictive-coding/predictive-coding.ts';
export type {
  PredictiveCompartment,
  PredictiveOptions,
  PredictivePhase,
} from './predictive-coding/predictive-coding.ts';

export { gibbs } from './sampling/gibbs.ts';
export type { GibbsOptions } from './sampling/gibbs.ts';
export { langevin } from './sampling/langevin.ts';
export type { LangevinOptions } from './sampling/langevin.ts';
export { temperaturesOf } from './sampling/temperature.ts';
export type { Annealing } from './sampling/temperature.ts';
export { biasOf, isChoice, makesChoice } from './sampling/units.ts';

export { backpropagateThroughTime } from './settling/backpropagation-through-time.ts';
export type { Unrolled } from './settling/backpropagation-through-time.ts';
export {
  answeredCouplings,
  directedCouplings,
  isFeedback,
  refuseAsymmetry,
  symmetricCouplings,
} from './settling/couplings.ts';
export type { Coupling, Couplings } from './settling/couplings.ts';
export { isSettling, settlingDynamics } from './settling/dynamics.ts';
export type { SettlingDynamics } from './settling/relaxation.ts';
export { energyOf, energyTerms } from './settling/energy.ts';
export { hopfield } from './settling/hopfield.ts';
export { Linearisation } from './settling/linearisation.ts';
export type { FeedbackGainOptions, RelaxationOptions, SettledPhase, Settling } from './settling/options.ts';
export { RELAXATION_OPTIONS } from './settling/options.ts';
export { recurrentBackpropagateBy } from './settling/recurrent-backpropagation.ts';
export { mustSettle } from './settling/relaxation.ts';
export type { Relaxation, SettlingArea } from './settling/relaxation.ts';
export { settlingRates } from './settling/settling-rates.ts';
export { vectorField } from './settling/vector-field.ts';

export { drawsIn } from './stochastic/draws.ts';
export type { Sampling } from './stochastic/draws.ts';
export { configurationsOf, enumerateBy, MOST_CONFIGURATIONS } from './stochastic/enumeration.ts';
export { generatingProjections, generative } from './stochastic/generative.ts';
export type { GenerativeOptions } from './stochastic/generative.ts';
export { gaussianNoise, randomCrop, randomFlip, randomMask, randomShift } from './views/views.ts';
export type { View, ViewArguments } from './views/view.ts';

export { stochastic } from './stochastic/stochastic.ts';
export type { StochasticOptions } from './stochastic/stochastic.ts';
export { isStochastic } from './stochastic/units.ts';

export { backpropagateInTimeBy } from './time/backpropagation-in-time.ts';
export { backpropagateInTime, recurrent } from './time/recurrent.ts';
export type { RecurrentOptions, RecurrentPhase, RecurrentStep } from './time/recurrent.ts';
