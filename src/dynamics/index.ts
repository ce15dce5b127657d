export { answeredBy, interneuronsOf, sharesOf } from './cells.ts';
export { CONDUCTANCES, dendrites } from './dendrites.ts';
export { dendritesInTime } from './dendrites-in-time.ts';
export { dropoutGain } from './dropout.ts';
export { feedforward } from './feedforward.ts';
export { generatingProjections, generative } from './generative.ts';
export { energyOf, energyTerms } from './energy.ts';
export { predictiveCoding } from './predictive-coding.ts';
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
export { refuseAsymmetry } from './couplings.ts';
export { hopfield, hopfieldRelaxation } from './hopfield.ts';
export type { Coupling, Relaxation } from './relaxation.ts';
export { ratesRelaxation, settlingRates } from './settling-rates.ts';
export { gibbs, isChoice, makesChoice, temperaturesOf, thresholdsOf } from './gibbs.ts';
export { langevin } from './langevin.ts';
export { comesBack, mustSettle } from './relaxation.ts';
export { descend, emitIncoming, emitReadouts } from './step.ts';
export type { LearningStep, Sample, SendDown } from './step.ts';
export { spikingDendrites } from './spiking-dendrites.ts';
export { isStochastic, stochastic } from './stochastic.ts';
export { vectorField, vectorFieldRelaxation } from './vector-field.ts';
