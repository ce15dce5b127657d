export { measureAlignment, pseudoInverseOf } from './alignment.ts';
export type { Alignment, AlignmentOptions } from './alignment.ts';
export { angleFrom, compareDirections } from './angle.ts';
export { audit } from './audit.ts';
export type { Audit, Cost, LocalityRow } from './audit.ts';
