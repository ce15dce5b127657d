// Elementary functions on four f32 lanes, made of +, −, ×, ÷ and bit operations alone, so that every engine gives the
// same bits. Polynomials: Cephes (Moshier), single precision. Largest errors in units in the last place: 0.992 for exp4
// and 0.830 for logAny4, over all float32; about 2 for the other functions, up to 4 for tanh4.

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

// 1.5·2²³. A small number plus this constant has the nearest integer in its last bits; minus the constant, it is a float.
const ROUNDING: f32 = 12582912.0;

/** e^(x − n·ln 2), where n = rounded − ROUNDING. */
// @ts-ignore: decorator
@inline
function expOfRest4(x: v128, rounded: v128): v128 {
  const n = f32x4.sub(rounded, splat(ROUNDING));
  let r = f32x4.sub(x, f32x4.mul(n, splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, splat(-2.12194440e-4)));
  let p = splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), splat(5.0000001201e-1));
  return f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), splat(1.0));
}

// @ts-ignore: decorator
@inline
function rounded4(x: v128): v128 {
  return f32x4.add(f32x4.mul(x, splat(1.44269504088896341)), splat(ROUNDING));
}

/** eˣ: subnormal below −87.34, 0 below −103.98, +∞ above 88.72. NaN stays NaN: pmin and pmax then return the first operand. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const clamped = f32x4.pmin(f32x4.pmax(x, splat(-104.0)), splat(89.0));
  const rounded = rounded4(clamped);
  // Times 2ⁿ in two factors, so that neither exponent field overflows.
  const power = i32x4.sub(rounded, splat(ROUNDING));
  const half = i32x4.shr_s(power, 1);
  const rest = i32x4.sub(power, half);
  const scale1 = i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23);
  const scale2 = i32x4.shl(i32x4.add(rest, i32x4.splat(127)), 23);
  return f32x4.mul(f32x4.mul(expOfRest4(clamped, rounded), scale1), scale2);
}

/** The same bits for x from −80 to 89, in fewer instructions. */
// @ts-ignore: decorator
@inline
function expWithin4(x: v128): v128 {
  const rounded = rounded4(x);
  // 2ⁿ⁻¹. The shift moves the exponent of the rounding constant out of the word.
  const scale = i32x4.shl(i32x4.add(rounded, i32x4.splat(126)), 23);
  const half = f32x4.mul(expOfRest4(x, rounded), scale);
  return f32x4.add(half, half);
}

/** ln x for normal x > 0. */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  return logFromExponent4(x, i32x4.splat(126));
}

/** ln of x·2^(126 − bias) for normal x > 0: `bias` is subtracted from the exponent field of x. */
// @ts-ignore: decorator
@inline
function logFromExponent4(x: v128, bias: v128): v128 {
  let exponent = i32x4.sub(i32x4.shr_u(x, 23), bias);
  let m = v128.or(v128.and(x, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000)); // in [½, 1)
  const small = f32x4.lt(m, splat(0.707106781186547524));
  exponent = i32x4.add(exponent, small); // small lanes are −1
  m = f32x4.sub(f32x4.add(m, v128.and(m, small)), splat(1.0));
  const e = f32x4.convert_i32x4_s(exponent);
  const z = f32x4.mul(m, m);
  let p = splat(7.0376836292e-2);
  p = f32x4.add(f32x4.mul(p, m), splat(-1.1514610310e-1));
  p = f32x4.add(f32x4.mul(p, m), splat(1.1676998740e-1));
  p = f32x4.add(f32x4.mul(p, m), splat(-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, m), splat(1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, m), splat(-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, m), splat(2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, m), splat(-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, m), splat(3.3333331174e-1));
  p = f32x4.mul(f32x4.mul(p, m), z);
  p = f32x4.add(p, f32x4.mul(e, splat(-2.12194440e-4)));
  p = f32x4.sub(p, f32x4.mul(z, splat(0.5)));
  return f32x4.add(f32x4.add(m, p), f32x4.mul(e, splat(0.693359375)));
}

/** ln x for every x: −∞ at ±0, NaN below 0, and x itself at +∞ and NaN. */
// @ts-ignore: decorator
@inline
export function logAny4(x: v128): v128 {
  // A subnormal number has no leading 1. A factor 2²³ makes it normal, and the bias of the exponent takes the factor back.
  const isTiny = f32x4.lt(x, splat(1.17549435e-38));
  const normal = v128.bitselect(f32x4.mul(x, splat(8388608.0)), x, isTiny);
  const bias = i32x4.add(i32x4.splat(126), v128.and(isTiny, i32x4.splat(23)));
  const zero = splat(0.0);
  // A negative number becomes NaN by or-ing a mask of ones.
  const special = v128.bitselect(splat(-Infinity), v128.or(x, f32x4.lt(x, zero)), f32x4.eq(x, zero));
  const isOrdinary = v128.and(f32x4.gt(x, zero), f32x4.lt(x, splat(Infinity)));
  return v128.bitselect(logFromExponent4(normal, bias), special, isOrdinary);
}

// @ts-ignore: decorator
@inline
export function logistic4(x: v128): v128 {
  // A term e⁻ˣ below 2⁻²⁵ adds nothing to 1, so the lower bound −80 changes no bit.
  const clamped = f32x4.pmin(f32x4.pmax(f32x4.neg(x), splat(-80.0)), splat(89.0));
  return f32x4.div(splat(1.0), f32x4.add(splat(1.0), expWithin4(clamped)));
}

/**
 * tanh x = 2t/(1 + t²) = 2uv/(u² + v²) with t = tanh h = u/v, h = x/2, u = h·P(h²) and v = Q(h²) of degree 3. Errors of u
 * and v matter less, the nearer t is to 1. P and Q minimise the largest relative error, which is 2.3e-8; their
 * coefficients are positive, so that nothing cancels. Beyond |x| = 9.02, tanh x rounds to ±1.
 */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const h = f32x4.pmin(f32x4.pmax(f32x4.mul(x, splat(0.5)), splat(-4.51)), splat(4.51));
  const z = f32x4.mul(h, h);
  let u = splat(5.4913453900e-6);
  u = f32x4.add(f32x4.mul(u, z), splat(2.5568410250e-3));
  u = f32x4.add(f32x4.mul(u, z), splat(1.2595477103e-1));
  u = f32x4.mul(f32x4.add(f32x4.mul(u, z), splat(1.0)), h);
  let v = splat(1.7497281352e-4);
  v = f32x4.add(f32x4.mul(v, z), splat(2.2319916618e-2));
  v = f32x4.add(f32x4.mul(v, z), splat(4.5928785138e-1));
  v = f32x4.add(f32x4.mul(v, z), splat(1.0));
  const uv = f32x4.mul(u, v);
  const quotient = f32x4.div(f32x4.add(uv, uv), f32x4.add(f32x4.mul(u, u), f32x4.mul(v, v)));
  // Rounding may exceed 1, where the slope 1 − y² would change its sign.
  return f32x4.pmin(f32x4.pmax(quotient, splat(-1.0)), splat(1.0));
}

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^{−|x|}). */
// @ts-ignore: decorator
@inline
export function softplus4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  // ln(1+e) = 2·artanh(e/(2+e)): no cancellation for small e. s ≤ ⅓.
  const s = f32x4.div(e, f32x4.add(e, splat(2.0)));
  const z = f32x4.mul(s, s);
  let p = splat(0.15384615384);
  p = f32x4.add(f32x4.mul(p, z), splat(0.18181818182));
  p = f32x4.add(f32x4.mul(p, z), splat(0.22222222222));
  p = f32x4.add(f32x4.mul(p, z), splat(0.28571428571));
  p = f32x4.add(f32x4.mul(p, z), splat(0.4));
  p = f32x4.add(f32x4.mul(p, z), splat(0.66666666667));
  p = f32x4.add(f32x4.mul(f32x4.mul(p, z), s), f32x4.add(s, s));
  return f32x4.add(f32x4.pmax(x, splat(0.0)), p);
}

// Activation functions by their index in ACTIVATIONS (src/tensor/activation.ts). With a constant `kind` the compiler keeps
// one branch.

// @ts-ignore: decorator
@inline
export function activation4(kind: i32, x: v128): v128 {
  // pmax and pmin are one instruction each, max and min are many. They return NaN if it is the first operand.
  if (kind == 1) return f32x4.pmax(x, splat(0.0));
  if (kind == 2) return logistic4(x);
  if (kind == 3) return tanh4(x);
  if (kind == 4) return f32x4.pmin(f32x4.pmax(x, splat(0.0)), splat(1.0));
  if (kind == 5) return softplus4(x);
  return x;
}

/** f′(x) as a function of y = f(x). */
// @ts-ignore: decorator
@inline
export function slope4(kind: i32, y: v128): v128 {
  const one = splat(1.0);
  if (kind == 1) return v128.and(f32x4.gt(y, splat(0.0)), one);
  if (kind == 2) return f32x4.mul(y, f32x4.sub(one, y));
  if (kind == 3) return f32x4.sub(one, f32x4.mul(y, y));
  if (kind == 4) return v128.and(v128.and(f32x4.gt(y, splat(0.0)), f32x4.lt(y, one)), one);
  if (kind == 5) return f32x4.sub(one, exp4(f32x4.neg(y)));
  return one;
}
