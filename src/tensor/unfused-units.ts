import type { Activation } from './activation.ts';
import type { Tensor } from './tensor.ts';

/*
 * The operations of units whose activation function has no fused kernel: one pass each, in f64 arithmetic, stored in the
 * float of the backend. Shapes have been checked. Views of the heap are taken anew in each pass, because memory may grow.
 */

/** out ← f(potential + bias), where each bias serves `places` neighbouring columns. */
export function activateBy(
  { value }: Activation,
  out: Tensor,
  potential: Tensor,
  bias: Tensor | undefined,
  places: number,
): void {
  const [to, x, b] = [out.data, potential.data, bias?.data];
  const { size, columns } = out;
  if (!b) {
    for (let i = 0; i < size; i++) to[i] = value(x[i] as number);
    return;
  }
  for (let first = 0; first < size; first += columns) {
    for (let column = 0; column < columns; column++) {
      const offset = b[places === 1 ? column : Math.floor(column / places)] as number;
      to[first + column] = value((x[first + column] as number) + offset);
    }
  }
}

/** out ← a ⊙ f′ ⊙ gain. */
export function multiplyBySlopeOf(
  { slope }: Activation,
  out: Tensor,
  a: Tensor,
  from: Tensor,
  gain: Tensor | undefined,
): void {
  const { at } = slope;
  const [to, signal, x, factor] = [out.data, a.data, from.data, gain?.data];
  for (let i = 0; i < out.size; i++) {
    const sloped = (signal[i] as number) * at(x[i] as number);
    to[i] = factor ? sloped * (factor[i] as number) : sloped;
  }
}

/** state ← state + size · (f′ ⊙ (received + drive) − state), rate ← f(state). */
export function relaxBy(
  { value, slope }: Activation,
  state: Tensor,
  rate: Tensor,
  received: Tensor,
  drive: Tensor,
  size: number,
): void {
  const { at, from } = slope;
  const [s, r, input, fixed] = [state.data, rate.data, received.data, drive.data];
  for (let i = 0; i < state.size; i++) {
    const before = s[i] as number;
    const sloped = at(from === 'rate' ? value(before) : before);
    s[i] = before + size * (sloped * ((input[i] as number) + (fixed[i] as number)) - before);
    r[i] = value(s[i] as number);
  }
}
