import type { Dataset, Draws, Split } from './dataset.ts';
import { onUnitCircle } from './synthetic.ts';

/*
 * Generated data sets in time. As in `synthetic.ts`, equal draws give equal bits on every platform, and a test split does
 * not depend on the number of training examples.
 */

interface Sizes {
  readonly trainCount: number;
  readonly testCount: number;
}

/**
 * Generates sequences of two channels for a delayed exclusive or. Each channel carries one cue, a pulse of +1 or −1, at a
 * step drawn from the first `cueSteps`; then nothing comes for `delay` steps. At the last step, the class is whether the
 * cues differ. Normal noise is added to every value. All four pairs of cues are equally frequent in every prefix.
 */
export function delayedXor(
  options: Sizes & { cueSteps: number; delay: number; noise: number },
  draws: Draws,
): Dataset {
  const { cueSteps, delay, noise, trainCount, testCount } = options;
  const steps = cueSteps + delay;
  const split = (count: number): Split => {
    const inputs = new Float32Array(count * steps * 2);
    const targets = new Uint8Array(count);
    for (let example = 0; example < count; example++) {
      const cues = [example & 1, (example >> 1) & 1];
      const first = example * steps * 2;
      for (const [channel, cue] of cues.entries()) {
        const step = Math.floor(draws.uniform() * cueSteps);
        inputs[first + 2 * step + channel] = cue === 1 ? 1 : -1;
      }
      if (noise > 0) {
        for (let index = first; index < first + 2 * steps; index++) {
          inputs[index] = (inputs[index] as number) + noise * draws.normal();
        }
      }
      targets[example] = cues[0] === cues[1] ? 0 : 1;
    }
    return { count, steps, inputs, targets };
  };
  const test = split(testCount);
  return {
    id: 'delayed-xor',
    title: 'Delayed XOR',
    task: 'classification',
    inputShape: [2],
    inputScale: 1,
    targetSize: 2,
    classNames: ['same', 'different'],
    time: { kind: 'sequences', steps, targets: 'last' },
    train: split(trainCount),
    test,
    verified: true,
    source: 'generated',
  };
}

/**
 * Generates a stream: the mean of `waves` sine waves with periods drawn from 8 to 40 steps. The input is the value of a
 * step, with normal noise; the target is the value of the next step, without. Test and training series differ in phase.
 */
export function sineWaves(options: Sizes & { waves: number; noise: number }, draws: Draws): Dataset {
  const { waves, noise, trainCount, testCount } = options;
  const frequencies = Array.from({ length: waves }, () => 1 / (8 + 32 * draws.uniform()));
  const series = (steps: number): Split => {
    const phases = frequencies.map(() => draws.uniform());
    const valueAt = (step: number) =>
      frequencies.reduce((sum, frequency, wave) => {
        const [, sine] = onUnitCircle(frequency * step + (phases[wave] as number));
        return sum + sine;
      }, 0) / waves;
    const inputs = new Float32Array(steps);
    const targets = new Float32Array(steps);
    for (let step = 0; step < steps; step++) {
      inputs[step] = valueAt(step) + (noise > 0 ? noise * draws.normal() : 0);
      targets[step] = valueAt(step + 1);
    }
    return { count: 1, steps, inputs, targets };
  };
  const test = series(testCount);
  return streamOf('sine-waves', 'Sum of sine waves', series(trainCount), test);
}

/** Euler steps per unit of time. */
const STEPS_PER_UNIT = 10;
/** Units of time before the first value, after which the series is on its attractor. */
const TRANSIENT = 1000;

/**
 * Generates the chaotic series of Mackey & Glass as a stream: dx/dt = 0.2 x(t − τ) / (1 + x(t − τ)¹⁰) − 0.1 x(t), by
 * Euler's method with step 0.1, of which every tenth value is kept. The history starts at 1.2 ± 0.1, and the first 1000
 * units of time are dropped. The input is the value at a step; the target is the value `ahead` steps later.
 *
 * Source: Mackey & Glass (1977), Science 197; discretised as by Jaeger & Haas (2004), Science 304, without their final
 * tanh(x − 1).
 */
export function mackeyGlass(options: Sizes & { delay: number; ahead: number }, draws: Draws): Dataset {
  const { delay, ahead, trainCount, testCount } = options;
  const series = (steps: number): Split => {
    const values = mackeyGlassSeries(delay, steps + ahead, draws);
    return { count: 1, steps, inputs: values.slice(0, steps), targets: values.slice(ahead) };
  };
  const test = series(testCount);
  return streamOf('mackey-glass', `Mackey–Glass, τ = ${delay}`, series(trainCount), test);
}

/** Returns `count` values of the series, one per unit of time. */
function mackeyGlassSeries(delay: number, count: number, draws: Draws): Float32Array {
  const past = Float64Array.from(
    { length: delay * STEPS_PER_UNIT },
    () => 1.2 + 0.2 * (draws.uniform() - 0.5),
  );
  const values = new Float32Array(count);
  let x = past[past.length - 1] as number;
  for (let step = 0; step < (TRANSIENT + count) * STEPS_PER_UNIT; step++) {
    const at = step % past.length;
    const delayed = past[at] as number;
    past[at] = x;
    const square = delayed * delayed;
    const fourth = square * square;
    x += ((0.2 * delayed) / (1 + fourth * fourth * square) - 0.1 * x) / STEPS_PER_UNIT;
    const kept = (step + 1) / STEPS_PER_UNIT - 1 - TRANSIENT;
    if (kept >= 0 && Number.isInteger(kept)) values[kept] = x;
  }
  return values;
}

const streamOf = (id: string, title: string, train: Split, test: Split): Dataset => ({
  ...{ id, title, task: 'regression', inputShape: [1], inputScale: 1, targetSize: 1 },
  time: { kind: 'stream', steps: train.steps ?? 0, targets: 'all' },
  ...{ train, test, verified: true, source: 'generated' },
});
