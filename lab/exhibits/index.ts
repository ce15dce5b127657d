import { bottleneck } from './bottleneck.ts';
import { changeInTime } from './change-in-time.ts';
import { disjointWiring } from './disjoint-wiring.ts';
import { equilibrium } from './equilibrium.ts';
import { exactGradient } from './exact-gradient.ts';
import type { Exhibit } from './exhibit.ts';
import { feedbackAlignment } from './feedback-alignment.ts';
import { oneScalar } from './one-scalar.ts';
import { predictionErrors } from './prediction-errors.ts';
import { selfPrediction } from './self-prediction.ts';
import { targets } from './targets.ts';
import { whyItWorks } from './why-it-works.ts';

export type { Exhibit, Part } from './exhibit.ts';

/** All exhibits, in the recommended order. A new exhibit is a file, a line here and its texts in lab/text. */
export const EXHIBITS: readonly Exhibit[] = [
  exactGradient,
  feedbackAlignment,
  whyItWorks,
  bottleneck,
  disjointWiring,
  oneScalar,
  equilibrium,
  changeInTime,
  targets,
  predictionErrors,
  selfPrediction,
];

export const exhibitById = (id: string): Exhibit | undefined => EXHIBITS.find((exhibit) => exhibit.id === id);
