/**
 * Returns a standard normal deviate, in float32, for 32 random bits (an integer from 0 to 2³² − 1): the quantile at the
 * centre of one of 2³² equal cells of (0, 1). The relative accuracy is 1e-7.
 *
 * The code uses +, −, ×, ÷ and √ alone, which are correctly rounded everywhere; `Math.log` and `Math.cos` may differ
 * between engines in the last bit. The wasm kernel repeats these lines (`backends/wasm/assembly/random.ts`), and a
 * test checks that both give the same bits.
 *
 * Source: Wichura (1988), Algorithm AS 241 (PPND7), Applied Statistics 37(3).
 *
 * @example
 * ```ts
 * console.log(normalFromBits(2 ** 31)); // about 0: the median of the distribution
 * console.log(normalFromBits(Math.floor(0.975 * 2 ** 32))); // about 1.96
 * ```
 */
export function normalFromBits(bits: number): number {
  // The centre of one of 2³² equal cells of (0, 1): never 0, never 1, symmetric about ½.
  const q = (bits + 0.5) * 2.3283064365386963e-10 - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q;
    return Math.fround(
      (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
        (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1),
    );
  }
  const tail = q < 0 ? 0.5 + q : 0.5 - q;
  let r = Math.sqrt(-naturalLogarithm(tail));
  let magnitude: number;
  if (r <= 5) {
    r -= 1.6;
    magnitude =
      (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
      ((0.12021132975 * r + 0.7370016425) * r + 1);
  } else {
    r -= 5;
    magnitude =
      (((0.017337203997 * r + 0.42868294337) * r + 3.081226386) * r + 6.657905115) /
      ((0.012258202635 * r + 0.24197894225) * r + 1);
  }
  return Math.fround(q < 0 ? -magnitude : magnitude);
}

/** Returns an exponential deviate of mean 1 for 32 random bits: −ln of the centre of one of 2³² equal cells of (0, 1). */
export const exponentialFromBits = (bits: number): number =>
  -naturalLogarithm((bits + 0.5) * 2.3283064365386963e-10);

const LN2 = 0.6931471805599453;

/** Returns ln x for x in (0, 1), by exact range reduction and the series of 2·artanh((m−1)/(m+1)). */
function naturalLogarithm(x: number): number {
  let mantissa = x;
  let exponent = 0;
  while (mantissa < 0.7071067811865476) {
    mantissa *= 2; // exact
    exponent -= 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  const series =
    1 +
    z *
      (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z * (1 / 13 + z * (1 / 15 + z / 17)))))));
  return exponent * LN2 + 2 * s * series;
}
