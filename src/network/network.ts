import { activationOf } from '../tensor/activation.ts';
import type { Compute } from '../tensor/compute.ts';
import { sizeOf } from '../tensor/tensor.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Area } from './area.ts';
import { unconnectedUnits } from './projections/connectivity.ts';
import { connect } from './projections/connect.ts';
import { biasShape } from './projections/connection.ts';
import { resolveObjectives } from './objectives/resolve.ts';
import type { Objective } from './objectives/objective.ts';
import type { Parameter } from './parameter.ts';
import type { Projection } from './area.ts';
import type { NetworkSpecification, ProjectionSpecification } from './specification.ts';
import { projectionId } from './specification.ts';
import { sheetOf } from './sheet.ts';
import { sparseProjections } from './projections/storage.ts';
import { checkSpecification, findById, sortAreas } from './projections/wiring.ts';

/**
 * A network: areas joined by projections, with weights on a backend. The initial weights of a projection depend on the
 * seed and its id alone, so adding a projection does not change the others.
 *
 * @example
 * ```ts
 * import { Network, openBackend, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [784, 100, 10], activation: 'relu', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * const { weights } = network.projection('input→hidden1'); // (784, 100)
 * network.dispose();
 * ```
 */
export class Network {
  readonly specification: NetworkSpecification;
  /** Sorted so that every forward projection runs from an earlier to a later area. */
  readonly areas: readonly Area[];
  /** In the order of the specification. */
  readonly projections: readonly Projection[];
  /** The area whose activity is the example; the first, if several input areas receive a part each. */
  readonly input: Area;
  /** All input areas, the first first. */
  readonly inputs: readonly Area[];
  readonly objectives: readonly Objective[];
  readonly #compute: Compute;

  /**
   * Creates the network and draws its weights. Throws a `network.…` error that names the area or projection if the
   * specification is invalid; nothing is allocated then.
   */
  constructor(compute: Compute, specification: NetworkSpecification, seed: number) {
    this.#compute = compute;
    checkSpecification(specification);
    this.specification = specification;
    const sparse = sparseProjections(specification);
    this.areas = sortAreas(specification).map((area, index) => {
      const shape = biasShape(specification, area);
      const bias = shape && compute.allocate(shape);
      const topDown = area.topDownBias ? compute.allocate([sizeOf(area.shape)]) : undefined;
      const { id, shape: units, activation = 'linear', dropout = 0 } = area;
      const isInput = id === specification.input || area.part !== undefined;
      return new Area(
        id,
        index,
        units,
        activationOf(activation),
        dropout,
        bias,
        topDown,
        isInput,
        sheetOf(area),
      );
    });
    this.input = this.area(specification.input);
    this.inputs = [this.input, ...this.areas.filter((area) => area.isInput && area !== this.input)];
    this.projections = specification.projections.map((projection) => {
      const [from, to] = [this.area(projection.from), this.area(projection.to)];
      const isSparse = sparse.has(projectionId(projection));
      const created = connect(compute, specification, projection, from, to, seed, isSparse);
      from.outgoing.push(created);
      to.incoming.push(created);
      return created;
    });
    for (const projection of specification.projections) {
      if (projection.answers === undefined) continue;
      const answer = this.projection(projectionId(projection));
      const answered = this.projection(projection.answers);
      answered.feedback = answer;
      if (projection.startsTransposed) answered.exactFeedback(compute, answer.weights);
    }
    for (const projection of specification.projections) {
      if (projection.startsLike) startLike(compute, this, projectionId(projection), projection.startsLike);
    }
    this.objectives = resolveObjectives(specification.objectives, (id) => this.area(id));
  }

  /** Returns the area with this id. Throws `network.unknown-area`. */
  area(id: string): Area {
    return findById(this.areas, id, 'area');
  }

  /** Returns the projection with this id. Throws `network.unknown-projection`. */
  projection(id: string): Projection {
    return findById(this.projections, id, 'projection');
  }

  /**
   * Returns the feedback projections that end at an area, in the order of the specification.
   *
   * @example
   * ```ts
   * import { Network, openBackend, stack } from 'apical/rules';
   *
   * const forward = stack({ layers: [8, 5, 5, 3], activation: 'tanh', objective: 'cross-entropy' });
   * const direct = ['hidden1', 'hidden2'].map((to) => ({ from: 'output', to, kind: 'feedback' as const }));
   * const specification = { ...forward, projections: [...forward.projections, ...direct] };
   * const network = new Network(await openBackend(), specification, 1);
   * const [feedback] = network.feedbackTo(network.area('hidden1')); // 'feedback:output→hidden1'
   * ```
   */
  feedbackTo(area: Area): readonly Projection[] {
    return area.incoming.filter(({ kind }) => kind === 'feedback');
  }

  /** Everything that a rule may change: the weights of plastic projections and the biases. */
  get parameters(): readonly Parameter[] {
    return [...this.projections.filter((projection) => projection.plastic), ...this.#biases()];
  }

  /** Returns every tensor of the network by name, as a checkpoint stores it. */
  tensors(): ReadonlyMap<string, Tensor> {
    const named = new Map<string, Tensor>();
    for (const { id, values, mask, signs } of [...this.projections, ...this.#biases()]) {
      if (values.size === 0) continue;
      named.set(id, values);
      if (mask) named.set(`${id}.mask`, mask);
      if (signs) named.set(`${id}.signs`, signs);
    }
    return named;
  }

  /** Returns warnings about units that sparse wiring leaves without input, output or feedback. */
  warnings(): readonly string[] {
    return unconnectedUnits(this.areas, new Set(this.objectives.map(({ area }) => area)));
  }

  /** Frees every tensor of the network. */
  dispose(): void {
    for (const projection of this.projections) projection.free(this.#compute);
    for (const { values } of this.#biases()) this.#compute.free(values);
  }

  #biases(): Parameter[] {
    return this.areas.flatMap(({ bias, topDownBias }) => [bias ?? [], topDownBias ?? []].flat());
  }
}

/** Copies the mask of another projection, and its weights times a factor. */
function startLike(
  compute: Compute,
  network: Network,
  id: string,
  { projection, factor }: NonNullable<ProjectionSpecification['startsLike']>,
): void {
  const [copy, source] = [network.projection(id), network.projection(projection)];
  compute.scale(copy.weights, source.weights, factor);
  if (copy.mask && source.mask) compute.copy(copy.mask, source.mask);
}
