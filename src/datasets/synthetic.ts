import type { Dataset, Draws, Split } from './dataset.ts';

/*
 * Generated data sets. Equal draws give equal bits on every platform, because only +, −, ×, ÷ and √ are used.
 * The parameters of the task are drawn first, then the test examples, then the training examples. So the task and its
 * test set do not depend on the number of training examples.
 */

/** A data set whose targets are a random linear map of the inputs: targets = teacher · inputs. */
export interface LinearTeacher extends Dataset {
  /** outputs × inputs, row-major. */
  readonly teacher: Float32Array;
}

/**
 * Generates the linear task of feedback alignment: a teacher matrix T with entries uniform in ±1, inputs x ~ N(0, I),
 * and targets T x. The student in the paper is a 30-20-10 linear network.
 *
 * The paper draws a new x at every step. The default of 20 000 training examples covers 1000 steps with batches of up
 * to 20 without repetition; for an endless stream, call `teacherExamples` with the teacher.
 *
 * Source: Lillicrap, Cownden, Tweed, Akerman (2016), Nature Communications 7:13276.
 */
export function linearTeacher(
  options: { inputs: number; outputs: number; trainCount: number; testCount: number },
  draws: Draws,
): LinearTeacher {
  const { inputs, outputs, trainCount, testCount } = options;
  const teacher = new Float32Array(outputs * inputs);
  for (let index = 0; index < teacher.length; index++) teacher[index] = 2 * draws.uniform() - 1;
  const test = teacherExamples(teacher, inputs, testCount, draws);
  return {
    id: 'linear-teacher',
    title: `Linear teacher ${inputs} → ${outputs}`,
    task: 'regression',
    inputShape: [inputs],
    inputScale: 1,
    targetSize: outputs,
    train: teacherExamples(teacher, inputs, trainCount, draws),
    test,
    verified: true,
    source: 'generated',
    teacher,
  };
}

/**
 * Draws `count` new examples of a linear teacher T (outputs × inputs, row-major): inputs x ~ N(0, I), targets T x.
 *
 * @example
 * ```ts
 * import { generateDataset, Sequence, stream, teacherExamples } from 'apical/rules';
 * import type { LinearTeacher } from 'apical/rules';
 *
 * const draws = new Sequence(stream(1, 'dataset'));
 * const { teacher } = generateDataset('linear-teacher', { trainCount: 1, testCount: 1 }, draws) as LinearTeacher;
 * const fresh = teacherExamples(teacher, 30, 100, draws);
 * ```
 */
export function teacherExamples(teacher: Float32Array, inputs: number, count: number, draws: Draws): Split {
  const outputs = teacher.length / inputs;
  const x = new Float32Array(count * inputs);
  const targets = new Float32Array(count * outputs);
  for (let index = 0; index < x.length; index++) x[index] = draws.normal();
  for (let example = 0; example < count; example++) {
    for (let output = 0; output < outputs; output++) {
      let sum = 0;
      for (let input = 0; input < inputs; input++) {
        sum += (teacher[output * inputs + input] as number) * (x[example * inputs + input] as number);
      }
      targets[example * outputs + output] = sum;
    }
  }
  return { count, inputs: x, targets };
}

/**
 * Generates two interleaved spirals, half a turn apart: radius 1 − (96/104) u at the angle 2π · turns · u, for u uniform
 * in [0, 1), plus normal noise on both coordinates. With 3 turns, no noise and u = i/96, these are the 194 points of
 * the original task, scaled to the unit disc and mirrored.
 *
 * Source: Lang, Witbrock (1988), "Learning to tell two spirals apart", Connectionist Models Summer School.
 */
export function twoSpirals(
  options: { turns: number; noise: number; trainCount: number; testCount: number },
  draws: Draws,
): Dataset {
  const point = (label: number): [number, number] => {
    const along = draws.uniform();
    const radius = 1 - (96 / 104) * along;
    const [x, y] = onUnitCircle(options.turns * along + label / 2);
    return [radius * x, radius * y];
  };
  return planarSet('two-spirals', 'Two spirals', 2, point, options, draws);
}

/**
 * Generates concentric rings, one per class: radius (class + 1) / rings and a uniform angle, plus normal noise on both
 * coordinates. The classes are not linearly separable.
 */
export function concentricRings(
  options: { rings: number; noise: number; trainCount: number; testCount: number },
  draws: Draws,
): Dataset {
  const point = (label: number): [number, number] => {
    const radius = (label + 1) / options.rings;
    const [x, y] = onUnitCircle(draws.uniform());
    return [radius * x, radius * y];
  };
  return planarSet('rings', 'Concentric rings', options.rings, point, options, draws);
}

/**
 * Generates side × side images of bars. The orientation, vertical or horizontal, is the class. Each line of that
 * orientation is a bar with the same probability, independently; an image without bars is drawn again.
 *
 * Source: Hinton, Dayan, Frey, Neal (1995), Science 268: 4 × 4 images, with one orientation twice as frequent. Here the
 * orientations alternate, so that every prefix of a split is balanced. Independent causes: Földiák (1990), Biological
 * Cybernetics 64.
 */
export function bars(
  options: { side: number; probability: number; trainCount: number; testCount: number },
  draws: Draws,
): Dataset {
  const { side, probability, trainCount, testCount } = options;
  const size = side * side;
  const split = (count: number): Split => {
    const inputs = new Uint8Array(count * size);
    const targets = new Uint8Array(count);
    for (let example = 0; example < count; example++) {
      const label = example % 2;
      const lines = new Array<boolean>(side).fill(false);
      while (!lines.includes(true))
        for (let line = 0; line < side; line++) lines[line] = draws.uniform() < probability;
      for (let at = 0; at < size; at++) {
        const line = label === 0 ? at % side : Math.floor(at / side);
        inputs[example * size + at] = lines[line] ? 255 : 0;
      }
      targets[example] = label;
    }
    return { count, inputs, targets };
  };
  const test = split(testCount);
  return {
    id: 'bars',
    title: 'Bars',
    task: 'classification',
    inputShape: [side, side],
    inputScale: 1 / 255,
    targetSize: 2,
    classNames: ['upright', 'lying'],
    train: split(trainCount),
    test,
    verified: true,
    source: 'generated',
  };
}

/** Generates points of the plane. The classes alternate, so that every prefix of a split is balanced. */
function planarSet(
  id: string,
  title: string,
  classes: number,
  point: (label: number) => [number, number],
  { noise, trainCount, testCount }: { noise: number; trainCount: number; testCount: number },
  draws: Draws,
): Dataset {
  const split = (count: number): Split => {
    const inputs = new Float32Array(2 * count);
    const targets = new Uint8Array(count);
    for (let example = 0; example < count; example++) {
      const label = example % classes;
      const [x, y] = point(label);
      inputs[2 * example] = x + noise * draws.normal();
      inputs[2 * example + 1] = y + noise * draws.normal();
      targets[example] = label;
    }
    return { count, inputs, targets };
  };
  const test = split(testCount);
  return {
    id,
    title,
    task: 'classification',
    inputShape: [2],
    inputScale: 1,
    targetSize: classes,
    train: split(trainCount),
    test,
    verified: true,
    source: 'generated',
  };
}

/**
 * Returns (cos, sin) of an angle in turns, accurate to 1e-15. `Math.cos` and `Math.sin` are avoided because their last
 * bits differ between engines: the angle from the nearest quarter turn goes through a Taylor series, and quarter turns
 * are exact.
 */
export function onUnitCircle(turns: number): [number, number] {
  const quarters = Math.round(4 * turns);
  const angle = (turns - quarters / 4) * 6.283185307179586;
  const z = -angle * angle;
  let cosine = 1;
  let sine = 1;
  for (let order = 18; order > 0; order -= 2) {
    cosine = 1 + (z / (order * (order - 1))) * cosine;
    sine = 1 + (z / (order * (order + 1))) * sine;
  }
  sine *= angle;
  switch (((quarters % 4) + 4) % 4) {
    case 1:
      return [-sine, cosine];
    case 2:
      return [-cosine, -sine];
    case 3:
      return [sine, -cosine];
    default:
      return [cosine, sine];
  }
}
