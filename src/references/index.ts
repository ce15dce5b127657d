export { boltzmannReference, ensembleOf, isEnumerable, logLikelihoods } from './boltzmann.ts';
export type { Ensemble, Modelled } from './boltzmann.ts';
export { isSmallEnough, logWeightsOf, machinesReference, modelOf } from './restricted-boltzmann.ts';
export type { MachineDistribution, TwoLayers } from './restricted-boltzmann.ts';
