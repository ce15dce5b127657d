import { ApicalError } from '../errors.ts';

/**
 * Names of the activation functions with fused kernels, in the order of their kernels. Each is the name of an exported
 * object (`hardSigmoid` for "hard-sigmoid").
 */
export const ACTIVATIONS = ['linear', 'relu', 'logistic', 'tanh', 'hard-sigmoid', 'softplus'] as const;

/** Names of the built-in activation functions: those of `ACTIVATIONS`, and `threshold()` with its defaults. */
export const ACTIVATION_NAMES = [...ACTIVATIONS, 'threshold'] as const;
/** Name of a built-in activation function. */
export type ActivationName = (typeof ACTIVATION_NAMES)[number];

/** The derivative of an activation function, or what a surrogate gradient puts in its place. */
export interface Slope {
  /** What the derivative is a function of: the rate f(x), which needs less memory, or the potential x. */
  readonly from: 'rate' | 'potential';
  /** Returns f′ at that rate or potential. */
  readonly at: (x: number) => number;
}

/**
 * An activation function: how the rate of a unit follows from its potential. Make one of your own by
 * `defineActivation`.
 */
export interface Activation {
  /** Lower case with hyphens. */
  readonly name: string;
  /** Returns the rate f(x) at a potential. */
  readonly value: (potential: number) => number;
  readonly slope: Slope;
  /** The lowest and the highest rate; ±Infinity where there is none. */
  readonly bounds: readonly [low: number, high: number];
  /** Whether the slope is not the derivative of `value`, but stands in for it. Default false. */
  readonly surrogate?: boolean | undefined;
  /** Default initialisation of the weights that end in such units. Default Glorot. */
  readonly initialisation?: { readonly kind: 'glorot' | 'he'; readonly scale?: number } | undefined;
  /** Index of the fused kernels; only built-in functions have one. */
  readonly kernel?: number | undefined;
}

/** An activation function, or the name of a built-in one. */
export type ActivationReference = Activation | ActivationName;

const fused = (
  name: (typeof ACTIVATIONS)[number],
  value: Activation['value'],
  slope: Slope['at'],
  bounds: Activation['bounds'],
  kind: 'glorot' | 'he' = 'glorot',
): Activation =>
  Object.freeze({
    ...{ name, value, slope: { from: 'rate' as const, at: slope }, bounds, surrogate: false },
    ...{ initialisation: { kind }, kernel: ACTIVATIONS.indexOf(name) },
  });

/**
 * f(x) = x.
 *
 * @example
 * ```ts
 * import { linear } from 'apical/rules';
 *
 * console.log(linear.value(-2), linear.slope.at(-2)); // -2 1
 * ```
 */
export const linear: Activation = fused(
  'linear',
  (x) => x,
  () => 1,
  [-Infinity, Infinity],
);

/**
 * The rectified linear function f(x) = max(x, 0); its slope at 0 is 0.
 *
 * @example
 * ```ts
 * import { relu } from 'apical/rules';
 *
 * console.log(relu.value(-2), relu.slope.at(0)); // 0 0
 * ```
 */
export const relu: Activation = fused(
  'relu',
  (x) => Math.max(x, 0),
  (y) => (y > 0 ? 1 : 0),
  [0, Infinity],
  'he',
);

/**
 * The logistic function f(x) = 1 / (1 + e⁻ˣ), with f′ = f (1 − f).
 *
 * @example
 * ```ts
 * import { logistic } from 'apical/rules';
 *
 * console.log(logistic.value(0), logistic.slope.at(0.5)); // 0.5 0.25
 * ```
 */
export const logistic: Activation = fused(
  'logistic',
  (x) => 1 / (1 + Math.exp(-x)),
  (y) => y * (1 - y),
  [0, 1],
);

/**
 * The hyperbolic tangent, with f′ = 1 − f².
 *
 * @example
 * ```ts
 * import { tanh } from 'apical/rules';
 *
 * console.log(tanh.value(0), tanh.slope.at(0.5)); // 0 0.75
 * ```
 */
export const tanh: Activation = fused('tanh', Math.tanh, (y) => 1 - y * y, [-1, 1]);

/**
 * The hard sigmoid f(x) = min(max(x, 0), 1); its slope at both corners is 0.
 *
 * @example
 * ```ts
 * import { hardSigmoid } from 'apical/rules';
 *
 * console.log(hardSigmoid.value(3), hardSigmoid.slope.at(0.5)); // 1 1
 * ```
 */
export const hardSigmoid: Activation = fused(
  'hard-sigmoid',
  (x) => Math.min(Math.max(x, 0), 1),
  (y) => (y > 0 && y < 1 ? 1 : 0),
  [0, 1],
);

/**
 * f(x) = ln(1 + eˣ), with f′ = 1 − e⁻ᶠ.
 *
 * @example
 * ```ts
 * import { softplus } from 'apical/rules';
 *
 * console.log(softplus.value(0), softplus.slope.at(Math.log(2))); // 0.693… 0.5
 * ```
 */
export const softplus: Activation = fused(
  'softplus',
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (y) => 1 - Math.exp(-y),
  [0, Infinity],
  'he',
);

/** Names of the surrogate slopes of `threshold`. */
export const SURROGATES = ['fast-sigmoid', 'arctan', 'piecewise-linear', 'logistic'] as const;

/** Options of `threshold`. */
export interface ThresholdOptions {
  /** The potential from which on a unit fires. Default 0. */
  readonly at?: number | undefined;
  /** Default fast-sigmoid. */
  readonly surrogate?: (typeof SURROGATES)[number] | undefined;
  /** β: how quickly the surrogate slope falls off around the threshold. Its default depends on the surrogate. */
  readonly sharpness?: number | undefined;
}

/**
 * Returns the activation function of units that fire: the rate is 1 where the potential u is at least θ, else 0. Its
 * derivative is 0 almost everywhere, so a surrogate takes its place, with x = u − θ:
 *
 * - `fast-sigmoid`: 1 / (1 + β|x|)², β = 25: the derivative of x / (1 + β|x|), as in SuperSpike
 *   (Zenke & Ganguli 2018);
 * - `arctan`: (β/2) / (1 + (πβx/2)²), β = 2: the derivative of arctan(πβx/2) / π + ½ (Fang et al. 2021);
 * - `piecewise-linear`: max(0, 1 − β|x|), β = 1 (Neftci, Mostafa & Zenke 2019, figure 3);
 * - `logistic`: β σ(βx) (1 − σ(βx)), β = 25, σ the logistic function.
 *
 * The defaults of β are those of snnTorch. Weights that end in such units start as those of linear units (Glorot).
 * Throws `activation.invalid` for options out of range.
 *
 * Source: Zenke & Ganguli (2018), Neural Computation 30; Neftci, Mostafa & Zenke (2019), IEEE Signal Processing Magazine
 * 36; Fang, Yu, Chen, Masquelier, Huang & Tian (2021), ICCV.
 *
 * @example
 * ```ts
 * import { stack, threshold } from 'apical/rules';
 *
 * const spiking = threshold({ at: 1, surrogate: 'arctan' });
 * console.log(spiking.value(0.9), spiking.value(1), spiking.slope.at(1)); // 0 1 1
 * const specification = stack({ layers: [2, 64, 2], activation: spiking, objective: 'cross-entropy' });
 * ```
 */
export function threshold(options: ThresholdOptions = {}): Activation {
  const { at = 0, surrogate = 'fast-sigmoid' } = options;
  if (!Object.hasOwn(SURROGATE_SLOPES, surrogate)) {
    throw invalid(
      'threshold',
      `the surrogate is ${JSON.stringify(surrogate)}. Use ${SURROGATES.map((name) => `"${name}"`).join(', ')}.`,
    );
  }
  const { slope, sharpness: usual } = SURROGATE_SLOPES[surrogate];
  const sharpness = options.sharpness ?? usual;
  if (!Number.isFinite(at)) throw invalid('threshold', `at is ${at}. Give a finite potential.`);
  if (!(sharpness > 0 && sharpness < Infinity)) {
    throw invalid('threshold', `the sharpness is ${sharpness}. Give a number above 0.`);
  }
  return Object.freeze<Activation>({
    name: 'threshold',
    value: (potential) => (potential >= at ? 1 : 0),
    slope: { from: 'potential', at: (potential) => slope(potential - at, sharpness) },
    bounds: [0, 1],
    surrogate: true,
    initialisation: { kind: 'glorot' },
    kernel: undefined,
  });
}

const SURROGATE_SLOPES: Readonly<
  Record<(typeof SURROGATES)[number], { slope: (x: number, sharpness: number) => number; sharpness: number }>
> = {
  'fast-sigmoid': { slope: (x, b) => 1 / (1 + b * Math.abs(x)) ** 2, sharpness: 25 },
  arctan: { slope: (x, b) => b / 2 / (1 + ((Math.PI / 2) * b * x) ** 2), sharpness: 2 },
  'piecewise-linear': { slope: (x, b) => Math.max(0, 1 - b * Math.abs(x)), sharpness: 1 },
  logistic: {
    slope(x, b) {
      const y = logistic.value(b * x);
      return b * y * (1 - y);
    },
    sharpness: 25,
  },
};

/** The activation functions with fused kernels, by the index of their kernels. */
export const FUSED: readonly Activation[] = [linear, relu, logistic, tanh, hardSigmoid, softplus];

const BY_NAME: Readonly<Record<ActivationName, Activation>> = {
  ...{ linear, relu, logistic, tanh, softplus },
  'hard-sigmoid': hardSigmoid,
  threshold: threshold(),
};

/**
 * Returns the activation function that a reference names, or that it is. Throws `activation.unknown` for another name,
 * and `activation.invalid` for an object that is none.
 *
 * @example
 * ```ts
 * import { activationOf, relu } from 'apical/rules';
 *
 * console.log(activationOf('relu') === relu); // true
 * ```
 */
export function activationOf(reference: ActivationReference): Activation {
  if (typeof reference !== 'string') {
    checkShape(reference);
    return reference;
  }
  if (Object.hasOwn(BY_NAME, reference)) return BY_NAME[reference];
  throw new ApicalError(
    'activation.unknown',
    `There is no activation function "${reference as string}". Use ${ACTIVATION_NAMES.join(', ')}, or an object made by defineActivation.`,
    { activation: reference },
  );
}

/**
 * Returns whether an area, or the specification of one, has one of these built-in activation functions. Without any, it
 * is linear.
 *
 * @example
 * ```ts
 * import { hasActivation, stack } from 'apical/rules';
 *
 * const { areas } = stack({ layers: [4, 3, 2], activation: 'tanh', objective: 'cross-entropy' });
 * console.log(areas.map((area) => hasActivation(area, 'linear'))); // [true, false, true]
 * ```
 */
export const hasActivation = (
  { activation = 'linear' }: { readonly activation?: ActivationReference | undefined },
  ...names: readonly ActivationName[]
): boolean => (names as readonly string[]).includes(nameOfActivation(activation));

/**
 * Returns the name of an activation function.
 *
 * @example
 * ```ts
 * import { nameOfActivation, relu } from 'apical/rules';
 *
 * console.log(nameOfActivation(relu), nameOfActivation('tanh')); // relu tanh
 * ```
 */
export const nameOfActivation = (activation: ActivationReference): string =>
  typeof activation === 'string' ? activation : activation.name;

/**
 * Returns whether the rate of units that settle is their state, as long as the state is kept within their bounds:
 * linear, rectified and hard-sigmoid units.
 */
export const isOwnRate = ({ kernel }: Activation): boolean =>
  kernel === linear.kernel || kernel === relu.kernel || kernel === hardSigmoid.kernel;

/** Points at which `defineActivation` checks a function. */
const SAMPLES = [-20, -5.03, -2.1, -1.37, -0.71, -0.29, -0.05, 0.05, 0.29, 0.71, 1.37, 2.1, 5.03, 20];
/** Half the width of the finite difference, and the error that its slope may have. */
const [WIDTH, TOLERANCE] = [1e-4, 1e-5];

/**
 * Returns an activation function of your own, after checking it: values are finite, rates lie within the bounds, and the
 * slope is the derivative of `value` (central differences at sample points), unless it is declared a `surrogate`.
 * `bounds` are unlimited by default. Throws `activation.invalid`.
 *
 * Networks take it as the activation of an area; commands take the path of a file whose default export it is. Its
 * operations run as one loop in JavaScript instead of a fused kernel, in f64 arithmetic whatever the backend stores.
 *
 * @example
 * ```ts
 * import { defineActivation, stack } from 'apical/rules';
 *
 * const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
 * const swish = defineActivation({
 *   name: 'swish',
 *   value: (x) => x * sigmoid(x),
 *   slope: { from: 'potential', at: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))) },
 *   bounds: [-0.2785, Infinity],
 *   initialisation: { kind: 'he' },
 * });
 * const specification = stack({ layers: [784, 100, 10], activation: swish, objective: 'cross-entropy' });
 * ```
 */
export function defineActivation(
  definition: Omit<Activation, 'kernel' | 'bounds'> & { readonly bounds?: Activation['bounds'] | undefined },
): Activation {
  const {
    name,
    value,
    slope,
    bounds = [-Infinity, Infinity],
    surrogate = false,
    initialisation,
  } = definition;
  const activation: Activation = {
    ...{ name, value, slope, bounds, surrogate },
    ...{ initialisation, kernel: undefined },
  };
  checkActivation(activation);
  if ((ACTIVATION_NAMES as readonly string[]).includes(name)) {
    throw invalid(name, 'this is the name of a built-in one. Give it another name.');
  }
  return Object.freeze(activation);
}

/**
 * Returns the export of a user's file as an activation function, after the checks of `defineActivation`. Throws
 * `activation.invalid`.
 *
 * @example
 * ```ts
 * import { checkActivation, threshold } from 'apical/rules';
 *
 * console.log(checkActivation(threshold({ at: 1 })).name); // threshold
 * ```
 */
export function checkActivation(exported: object): Activation {
  checkShape(exported);
  const activation = exported as Activation;
  if (activation.kernel !== undefined) return FUSED[activation.kernel] as Activation;
  for (const x of SAMPLES) checkAt(activation, x);
  return activation;
}

function checkShape(activation: unknown): void {
  const { name, value, slope, bounds, kernel } = (activation ?? {}) as Partial<Activation>;
  const [low, high] = (Array.isArray(bounds) ? bounds : []) as Partial<Activation['bounds']>;
  const isComplete =
    typeof name === 'string' &&
    name !== '' &&
    typeof value === 'function' &&
    typeof slope?.at === 'function' &&
    ['rate', 'potential'].includes(slope.from) &&
    low !== undefined &&
    high !== undefined &&
    low < high;
  if (isComplete && kernel !== undefined && FUSED[kernel]?.name !== name) {
    throw invalid(
      name,
      `it has the kernel of ${FUSED[kernel]?.name ?? 'none'}. Make it by defineActivation.`,
    );
  }
  if (isComplete) return;
  throw invalid(
    typeof name === 'string' ? name : '',
    'it is not { name, value(potential), slope: { from: "rate" or "potential", at(x) }, bounds: [low, high] } with low < high. Make it by defineActivation.',
  );
}

function checkAt(activation: Activation, x: number): void {
  const { name, value, slope, bounds, surrogate } = activation;
  const y = value(x);
  if (!Number.isFinite(y)) {
    throw invalid(name, `value(${x}) is ${String(y)}. Return a finite number at every potential.`);
  }
  const [low, high] = bounds;
  if (y < low || y > high) {
    throw invalid(name, `value(${x}) is ${y}, outside of its bounds [${low}, ${high}]. Widen the bounds.`);
  }
  const at = slope.from === 'rate' ? y : x;
  const stated = slope.at(at);
  const where = `slope.at(${slope.from === 'rate' ? `value(${x})` : x})`;
  if (!Number.isFinite(stated)) {
    throw invalid(name, `${where} is ${String(stated)}. Return a finite number.`);
  }
  if (surrogate) return;
  const measured = (value(x + WIDTH) - value(x - WIDTH)) / (2 * WIDTH);
  if (Math.abs(stated - measured) <= TOLERANCE * Math.max(1, Math.abs(measured))) return;
  throw invalid(
    name,
    `${where} is ${stated}, but value changes there by ${Number(measured.toPrecision(6))} per unit of potential. Return the derivative, or set surrogate: true if the slope is meant to differ.`,
  );
}

const invalid = (name: string, why: string) =>
  new ApicalError('activation.invalid', `Activation function "${name}": ${why}`, { activation: name });
