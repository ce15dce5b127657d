export { philox4x32 } from './philox.ts';
export { normalFromBits } from './normal.ts';
export { bitsAt, Sequence, stream, thresholdOf, uniformFromBits } from './stream.ts';
export type { Stream } from './stream.ts';
