import type { Compute } from '../../tensor/compute.ts';
import { sizesOf } from '../../tensor/spatial/window.ts';
import type { Synapses } from '../../tensor/sparse/synapses.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Area, Projection, ProjectionParts } from '../area.ts';
import { connectionOf, fansOf, windowOf } from './connection.ts';
import { ConvolutionFeedback, ConvolutionProjection } from './convolution.ts';
import { drawFeedbackMask, drawMask } from './connectivity.ts';
import { applySigns, drawSigns } from './dale.ts';
import { defaultInitialisation, initialise, weightStream, wiringStream } from '../initialisation.ts';
import { PoolingProjection } from './pooling.ts';
import { delayOf } from './delay.ts';
import { asMatrix, drawArbor, thin } from './arbor-draws.ts';
import { pairsOf } from './distance.ts';
import { drawSynapses, drawValues, partnersOf } from './sparse-draws.ts';
import { SparseProjection } from './sparse.ts';
import { DenseProjection } from './dense.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../specification.ts';
import { projectionId } from '../specification.ts';
import { makeInitialSymmetric, makeMaskSymmetric } from './symmetry.ts';

/**
 * Creates the projection between two areas, with its initial weights and, if its density is below 1, its mask or, if
 * `isSparse`, its synapses.
 */
export function connect(
  compute: Compute,
  network: NetworkSpecification,
  specification: ProjectionSpecification,
  from: Area,
  to: Area,
  seed: number,
  isSparse: boolean,
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
  if (isSparse || connection.kind === 'distance') {
    const { synapses, partners, ...weights } = drawSparse(compute, network, specification, from, to, seed);
    const parts = { ...ends, ...weights, plastic, mask: undefined };
    const projection = new SparseProjection(parts, synapses, partners);
    return isSparse ? projection : asMatrix(compute, projection, parts);
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

/** Returns how initial weights are drawn; `firstRow` continues a draw in parts. */
function initialiserOf(
  compute: Compute,
  network: NetworkSpecification,
  specification: ProjectionSpecification,
  from: Area,
  to: Area,
  seed: number,
): (weights: Tensor, firstRow?: number) => void {
  const { density = 1, answers, initialisation } = specification;
  const answered = network.projections.find((other) => projectionId(other) === answers);
  // Feedback has the initial distribution of a forward projection between the same areas.
  const isFeedback = specification.kind === 'feedback';
  const { activation } = isFeedback ? from : to;
  const fans = fansOf(network, answered ?? specification);
  const [fanIn, fanOut] = isFeedback && !answered ? [fans[1], fans[0]] : fans;
  return (weights, firstRow) =>
    initialise(
      compute,
      weights,
      initialisation ?? defaultInitialisation(activation),
      activation,
      Math.max(1, fanIn * density),
      Math.max(1, fanOut * density),
      weightStream(seed, projectionId(specification)),
      firstRow,
    );
}

/** Draws the signs of the presynaptic units, and gives the weights these signs; undefined for any sign. */
function drawSignsOf(
  compute: Compute,
  { excitatory }: ProjectionSpecification,
  from: Area,
  weights: Tensor,
  seed: number,
  scaleOutgoing: (sizes: Tensor) => void,
): Tensor | undefined {
  if (excitatory === undefined) return undefined;
  const signs = compute.allocate([from.units]);
  drawSigns(signs, excitatory, seed, from.id);
  applySigns(compute, weights, signs, scaleOutgoing);
  return signs;
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
  const { density = 1, answers, wiring = 'independent' } = specification;
  const weights = compute.allocate(shape);
  initialiserOf(compute, network, specification, from, to, seed)(weights);
  const { symmetric = false, selfConnections = false } = specification;
  if (symmetric) makeInitialSymmetric(compute, weights);
  const signs = drawSignsOf(compute, specification, from, weights, seed, (sizes) =>
    compute.scaleRows(weights, weights, sizes),
  );
  if (density === 1 && (!symmetric || selfConnections)) return { weights, signs, mask: undefined };
  const mask = compute.allocate(shape);
  if (answers === undefined || wiring === 'independent') {
    drawMask(compute, mask, density, wiringStream(seed, id));
  } else drawFeedbackMask(compute, mask, density, wiring, wiringStream(seed, answers));
  if (symmetric) makeMaskSymmetric(mask, selfConnections);
  compute.multiply(weights, weights, mask);
  return { weights, signs, mask };
}

/** Draws the synapses of a projection with sparse storage, and their weights. */
function drawSparse(
  compute: Compute,
  network: NetworkSpecification,
  specification: ProjectionSpecification,
  from: Area,
  to: Area,
  seed: number,
): Pick<ProjectionParts, 'weights' | 'signs'> & { synapses: Synapses; partners: Tensor | undefined } {
  const { symmetric = false } = specification;
  const connection = connectionOf(network, specification);
  const draw = initialiserOf(compute, network, specification, from, to, seed);
  let synapses: Synapses;
  let weights: Tensor;
  if (connection.kind === 'distance') {
    const { density = 1, startsLike, initialisation, kind } = specification;
    const arbor = pairsOf(network, specification, connection);
    const wiring = wiringStream(seed, startsLike?.projection ?? projectionId(specification));
    const isDrawn = !connection.profile || initialisation !== undefined || kind === 'feedback';
    const thinned = thin(compute, arbor, density, wiring);
    ({ synapses, weights } = drawArbor(compute, thinned, connection.profile, isDrawn ? draw : undefined));
  } else {
    synapses = synapsesOf(compute, network, specification, from, to, seed);
    weights = compute.allocate([synapses.values]);
    drawValues(compute, weights, synapses, draw);
  }
  const partners = symmetric ? partnersOf(compute, synapses) : undefined;
  if (partners) {
    compute.scope(() => {
      const mirrored = compute.temporary([1, weights.size]);
      compute.gatherColumns(mirrored, weights.reshape([1, weights.size]), partners);
      compute.combine(weights, weights, mirrored, Math.SQRT1_2, Math.SQRT1_2);
    });
  }
  const signs = drawSignsOf(compute, specification, from, weights, seed, (sizes) =>
    compute.sparseScale(weights, weights, sizes, synapses, 'presynaptic'),
  );
  return { weights, signs, synapses, partners };
}

/** Draws the pairs that a projection connects: those of the projection that it starts like, if any. */
function synapsesOf(
  compute: Compute,
  network: NetworkSpecification,
  specification: ProjectionSpecification,
  from: Area,
  to: Area,
  seed: number,
): Synapses {
  const model = network.projections.find(
    (other) => projectionId(other) === specification.startsLike?.projection,
  );
  if (model) return synapsesOf(compute, network, model, from, to, seed);
  const { density = 1, answers, wiring = 'independent' } = specification;
  const { symmetric = false, selfConnections = false } = specification;
  const shares = answers !== undefined && wiring !== 'independent';
  return drawSynapses(compute, from.units, to.units, {
    density,
    pairs: wiringStream(seed, shares ? answers : projectionId(specification)),
    transposed: shares,
    disjoint: shares && wiring === 'disjoint',
    symmetric,
    selfConnections,
  });
}
