export { answeredBy, interneuronsOf, sharesOf } from './dendrites/cells.ts';
export { CONDUCTANCES, dendrites } from './dendrites/dendrites.ts';
export { dendritesInTime } from './dendrites/dendrites-in-time.ts';
export { dropoutGain } from './dropout.ts';
export { feedforward } from './feedforward/feedforward.ts';
export { generatingProjections, generative } from './stochastic/generative.ts';
export { energyOf, energyTerms } from './settling/energy.ts';
export { predictiveCoding } from './predictive-coding/predictive-coding.ts';
export type {
  Compartment,
  Conductances,
  Dynamics,
  Moment,
  Phase,
  PhaseOptions,
  Setting,
  Settling,
} from './phase.ts';
export { refuseAsymmetry } from './settling/couplings.ts';
export { hopfield, hopfieldRelaxation } from './settling/hopfield.ts';
export type { Coupling, Relaxation } from './settling/relaxation.ts';
export { ratesRelaxation, settlingRates } from './settling/settling-rates.ts';
export { gibbs, isChoice, makesChoice, temperaturesOf, thresholdsOf } from './sampling/gibbs.ts';
export { langevin } from './sampling/langevin.ts';
export { comesBack, mustSettle } from './settling/relaxation.ts';
export { descend, emitIncoming, emitReadouts } from './step.ts';
export type { LearningStep, Sample, SendDown } from './step.ts';
export { spikingDendrites } from './dendrites/spiking-dendrites.ts';
export { isStochastic, stochastic } from './stochastic/stochastic.ts';
export { vectorField, vectorFieldRelaxation } from './settling/vector-field.ts';
