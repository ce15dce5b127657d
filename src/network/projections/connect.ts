import type { Compute } from '../../tensor/compute.ts';
import { sizesOf } from '../../tensor/spatial.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Area, Projection, ProjectionParts } from '../area.ts';
import { connectionOf, fansOf, windowOf } from './connection.ts';
import { ConvolutionFeedback, ConvolutionProjection } from './convolution.ts';
import { drawFeedbackMask, drawMask } from './connectivity.ts';
import { applySigns, drawSigns } from './dale.ts';
import { defaultInitialisation, initialise, weightStream, wiringStream } from '../initialisation.ts';
import { PoolingProjection } from './pooling.ts';
import { delayOf } from './delay.ts';
import { DenseProjection } from './dense.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../specification.ts';
import { projectionId } from '../specification.ts';
import { makeInitialSymmetric, makeMaskSymmetric } from './symmetry.ts';

/** Creates the projection between two areas, with its initial weights and, if it is sparse, its mask. */
export function connect(
  compute: Compute,
  network: NetworkSpecification,
  specification: ProjectionSpecification,
  from: Area,
  to: Area,
  seed: number,
): Projection {
  const id = projectionId(specification);
  const answersForward = specification.answers !== undefined;
  const connection = connectionOf(network, specification);
  const kind = specification.kind ?? 'forward';
  const plastic = specification.plastic ?? kind !== 'feedback';
  const isSymmetric = specification.symmetric ?? false;
  const delay = delayOf(compute, specification, from.units, seed);
  const ends = { id, kind, from, to, isSymmetric, delay };

  // The image lies at the source of a forward projection, and at the target of the feedback that answers it.
  const [lower, upper] = answersForward ? [to, from] : [from, to];
  if (connection.kind === 'pooling') {
    const noWeights = { weights: compute.allocate([0]), mask: undefined };
    const window = windowOf(connection, lower.shape);
    return new PoolingProjection({ ...ends, ...noWeights, plastic: false }, window, connection.how);
  }
  const window = connection.kind === 'dense' ? undefined : windowOf(connection, lower.shape);
  const weights = (shape: readonly number[]): ProjectionParts => ({
    ...ends,
    plastic,
    ...drawWeights(compute, network, specification, from, to, shape, seed),
  });
  if (!window) return new DenseProjection(weights([from.units, to.units]));
  const { inputs, places } = sizesOf(window);
  const channels = upper.shape[0] ?? 1;
  const positions = connection.kind === 'local' ? [places] : [];
  return answersForward
    ? new ConvolutionFeedback(weights([channels, inputs, ...positions]), window)
    : new ConvolutionProjection(weights([inputs, channels, ...positions]), window);
}

/** Allocates and draws the weights, mask and signs of a projection. */
function drawWeights(
  compute: Compute,
  network: NetworkSpecification,
  specification: ProjectionSpecification,
  from: Area,
  to: Area,
  shape: readonly number[],
  seed: number,
): Pick<ProjectionParts, 'weights' | 'mask' | 'signs'> {
  const id = projectionId(specification);
  const density = specification.density ?? 1;
  const weights = compute.allocate(shape);
  const { answers, wiring = 'independent' } = specification;
  const answered = network.projections.find((other) => projectionId(other) === answers);
  // Feedback has the initial distribution of a forward projection between the same areas.
  const isFeedback = specification.kind === 'feedback';
  const { activation } = isFeedback ? from : to;
  const fans = fansOf(network, answered ?? specification);
  const [fanIn, fanOut] = isFeedback && !answered ? [fans[1], fans[0]] : fans;
  initialise(
    compute,
    weights,
    specification.initialisation ?? defaultInitialisation(activation),
    activation,
    Math.max(1, fanIn * density),
    Math.max(1, fanOut * density),
    weightStream(seed, id),
  );
  const { symmetric = false, selfConnections = false } = specification;
  if (symmetric) makeInitialSymmetric(compute, weights);
  let signs: Tensor | undefined;
  if (specification.excitatory !== undefined) {
    signs = compute.allocate([from.units]);
    drawSigns(signs, specification.excitatory, seed, from.id);
    applySigns(compute, weights, signs);
  }
  if (density === 1 && (!symmetric || selfConnections)) return { weights, signs, mask: undefined };
  const mask = compute.allocate(shape);
  if (answers === undefined || wiring === 'independent') {
    drawMask(compute, mask, density, wiringStream(seed, id));
  } else drawFeedbackMask(compute, mask, density, wiring, wiringStream(seed, answers));
  if (symmetric) makeMaskSymmetric(mask, selfConnections);
  compute.multiply(weights, weights, mask);
  return { weights, signs, mask };
}
