import type { Area } from '../../network/area.ts';

/** The phase option of dynamics whose units may draw. */
export interface Sampling {
  /** Whether stochastic units draw, all or those of an area; otherwise they pass on their probabilities. */
  readonly sample?: boolean | ((area: Area) => boolean) | undefined;
}

/** Returns whether the units of an area draw in a phase. */
export const drawsIn = ({ sample = false }: Sampling, area: Area): boolean =>
  typeof sample === 'function' ? sample(area) : sample;
