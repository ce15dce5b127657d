import { thresholdOf } from '../random/stream.ts';
import type { Stream } from '../random/stream.ts';
import type { Kernels } from './kernels.ts';
import type { Specifications } from './specification.ts';
import type { Tensor } from './tensor.ts';

/**
 * Random numbers. Element (row, column) is a function of (stream, step, firstRow + row, column) alone, with the same
 * bits on every backend. `step` is an integer from 0 to 2⁵³ − 1; `firstRow`, by default 0, continues a draw in parts.
 */
export interface DrawOperations {
  /** Draws uniform numbers from low to high in float32. Rounding may reach high. */
  drawUniform(out: Tensor, low: number, high: number, stream: Stream, step: number, firstRow?: number): void;
  /** Draws normal deviates of this mean and standard deviation in float32. */
  drawNormal(
    out: Tensor,
    mean: number,
    deviation: number,
    stream: Stream,
    step: number,
    firstRow?: number,
  ): void;
  /** Draws `value` with this probability (from 0 to 1), else 0. */
  drawBernoulli(
    out: Tensor,
    probability: number,
    value: number,
    stream: Stream,
    step: number,
    firstRow?: number,
  ): void;
}

export const DRAW_OPERATIONS: Specifications<DrawOperations> = {
  drawUniform: { roles: ['out', 'value', 'value', 'stream', 'value', 'value'] },
  drawNormal: { roles: ['out', 'value', 'value', 'stream', 'value', 'value'] },
  drawBernoulli: { roles: ['out', 'value', 'value', 'stream', 'value', 'value'] },
};

/** The same operations on a backend's kernels. */
export class KeyedDraws implements DrawOperations {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  drawUniform(out: Tensor, low: number, high: number, stream: Stream, step: number, firstRow = 0): void {
    const { offset, rows, columns } = out;
    this.#kernels.drawUniform(offset, rows, columns, low, high - low, ...counterOf(stream, step), firstRow);
  }

  drawNormal(out: Tensor, mean: number, deviation: number, stream: Stream, step: number, firstRow = 0): void {
    const { offset, rows, columns } = out;
    this.#kernels.drawNormal(offset, rows, columns, mean, deviation, ...counterOf(stream, step), firstRow);
  }

  drawBernoulli(
    out: Tensor,
    probability: number,
    value: number,
    stream: Stream,
    step: number,
    firstRow = 0,
  ): void {
    const { offset, rows, columns } = out;
    const threshold = thresholdOf(probability);
    this.#kernels.drawBernoulli(
      ...([offset, rows, columns, threshold, value] as const),
      ...counterOf(stream, step),
      firstRow,
    );
  }
}

/** Returns the key of a stream, and a step as two 32-bit words. */
export const counterOf = ({ key0, key1 }: Stream, step: number) =>
  [key0, key1, step >>> 0, Math.floor(step / 0x1_0000_0000)] as const;
