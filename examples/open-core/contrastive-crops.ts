import { defineLoss, defineRule, emitIncoming, feedforward, randomCrop, z } from 'apical/rules';
import type {
  LearningStep,
  Loss,
  LossArguments,
  NetworkSpecification,
  Objective,
  Phase,
  Tensor,
} from 'apical/rules';

const options = z.strictObject({
  size: z.int().min(1).default(6).describe('side of a crop, in pixels'),
  temperature: z
    .number()
    .positive()
    .default(0.5)
    .describe('τ: the smaller, the more the nearest others count'),
});

/**
 * A contrastive loss within every hidden layer, between two random crops of each picture. With h the activity of a layer,
 * z = h / √(‖h‖² + ε), and j the row of the other crop of the same picture:
 *
 *   L_i = −ln ( exp(z_i · z_j / τ) / Σ_{k ≠ i} exp(z_i · z_k / τ) )
 *
 * No label is used, and no error leaves its layer.
 *
 * Source: Chen, Kornblith, Norouzi & Hinton (2020), ICML, equation 1; layer by layer as of Löwe, O'Connor & Veeling (2019).
 */
export default defineRule({
  id: 'contrastive-crops',
  family: 'Agreement',
  title: 'Contrastive crops',
  summary: 'Makes each layer tell two crops of one picture from those of others.',
  equation: String.raw`L_i = -\ln \frac{\exp(z_i \cdot z_j / \tau)}{\sum_{k \ne i} \exp(z_i \cdot z_k / \tau)}`,
  cites: [],
  options,
  dynamics: feedforward,
  network: {
    refuses: ({ exampleShape = [] }) =>
      exampleShape.length < 2 ? 'the examples are no pictures' : undefined,
    wire: (specification, { size, temperature }) =>
      withLayerwiseLosses(specification, size, contrastive(temperature)),
  },
  // The rule is the exact gradient of its own losses; one view alone has none.
  learning: { reference: () => undefined },
  report: {
    measures: ({ objectives }) => objectives.map(nameOf),
    evaluate: (step) => measure(...onPair(step)),
  },
  learn(step) {
    const [pair, phase] = onPair(step);
    measure(pair, phase);
    for (const objective of step.network.objectives) {
      const error = pair.error(phase, objective);
      emitIncoming(pair, phase, objective.area, phase.slope(objective.area, error), 1 / pair.count);
    }
  },
});

/** Runs a step on two random crops of each picture. */
function onPair(step: LearningStep<z.output<typeof options>>): [LearningStep, Phase] {
  const { size } = step.options;
  const pair = step.stacked([0, 1].map((draw) => step.view(randomCrop({ height: size, width: size }), draw)));
  return [pair, pair.run('pair')];
}

const nameOf = ({ area }: Objective): string => `contrastive loss of ${area.id}`;

function measure(pair: LearningStep, phase: Phase): void {
  for (const objective of pair.network.objectives) {
    pair.measure(nameOf(objective), pair.losses(phase, objective));
  }
}

/** Returns the loss between two views of each example, at a temperature. */
export const contrastive = (temperature: number): Loss =>
  defineLoss({
    name: 'contrastive',
    target: 'none',
    losses(given) {
      const { compute, output, views } = given;
      if (views < 2) return silence(given); // there is nothing to compare with
      const { partners, probabilities } = compared(given, temperature);
      const [chosen, losses] = [compute.temporary(partners.shape), compute.temporary([output.rows])];
      compute.multiply(chosen, partners, probabilities);
      compute.sumColumns(losses, chosen);
      compute.log(losses, losses);
      compute.scale(losses, losses, -1);
      return losses;
    },
    error(given) {
      const { compute, output } = given;
      const { partners, probabilities, directions, inverseNorms } = compared(given, temperature);
      const both = compute.temporary(partners.shape);
      compute.subtract(probabilities, probabilities, partners);
      compute.transpose(both, probabilities);
      compute.add(both, both, probabilities);
      const [error, along] = [compute.temporary(output.shape), compute.temporary([output.rows])];
      compute.matmul(error, both, directions, { alpha: 1 / temperature });
      // The length of h does not matter: only what is orthogonal to it remains.
      compute.dotRows(along, error, directions);
      compute.scaleRows(error, directions, along, -1, 1);
      compute.scaleRows(error, error, inverseNorms);
      return error;
    },
  });

function silence({ compute, output }: LossArguments): Tensor {
  const none = compute.temporary([output.rows]);
  compute.fill(none, 0);
  return none;
}

/** Returns z, 1 / ‖h‖, the softmax of z zᵀ / τ over the other rows, and 1 where the other view of an example is. */
function compared(
  { compute, output, views }: LossArguments,
  temperature: number,
): Record<'partners' | 'probabilities' | 'directions' | 'inverseNorms', Tensor> {
  const { rows } = output;
  const [directions, inverseNorms] = [compute.temporary(output.shape), compute.temporary([rows])];
  const ones = compute.temporary([rows]);
  compute.fill(ones, 1);
  compute.dotRows(inverseNorms, output, output);
  // A silent layer has no direction: ε keeps its derivative finite.
  compute.addScaled(inverseNorms, ones, 1e-4);
  compute.sqrt(inverseNorms, inverseNorms);
  compute.divide(inverseNorms, ones, inverseNorms);
  compute.scaleRows(directions, output, inverseNorms);
  const oneHot = (column: (row: number) => number): Tensor => {
    const matrix = compute.temporary([rows, rows]);
    compute.oneHot(
      matrix,
      compute.temporary([rows], 'i32').set(Array.from({ length: rows }, (_, row) => column(row))),
    );
    return matrix;
  };
  const probabilities = compute.temporary([rows, rows]);
  compute.matmul(probabilities, directions, directions, { transposeB: true, alpha: 1 / temperature });
  compute.addScaled(
    probabilities,
    oneHot((row) => row),
    -1e9,
  );
  compute.softmax(probabilities, probabilities);
  return { directions, inverseNorms, probabilities, partners: oneHot((row) => (row + rows / views) % rows) };
}

/** Gives every hidden area the loss, and the input area the size of a crop; the middle is shown in evaluation. */
function withLayerwiseLosses(
  specification: NetworkSpecification,
  size: number,
  loss: Loss,
): NetworkSpecification {
  const { areas, projections, input, exampleShape: picture = [] } = specification;
  const outputs = new Set(specification.objectives.map(({ area }) => area));
  const [height = size, width = size] = picture.slice(-2);
  const part = { picture, top: Math.floor((height - size) / 2), left: Math.floor((width - size) / 2) };
  const hidden = areas.filter(({ id }) => id !== input && !outputs.has(id));
  return {
    ...specification,
    areas: [...areas.filter(({ id }) => id === input), ...hidden].map((area) =>
      area.id === input ? { ...area, shape: [...picture.slice(0, -2), size, size], part } : area,
    ),
    projections: projections.filter(({ to }) => !outputs.has(to)),
    objectives: hidden.map(({ id }) => ({ area: id, kind: loss, reach: 'layer', auxiliary: true })),
  };
}
