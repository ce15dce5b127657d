import type { Compute } from '../tensor/compute.ts';
import { sizeOf } from '../tensor/tensor.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Area } from './area.ts';
import { unconnectedUnits } from './projections/connectivity.ts';
import { connect } from './projections/connect.ts';
import { biasShape } from './projections/connection.ts';
import type { Objective } from './objective.ts';
import type { Parameter } from './parameter.ts';
import type { Projection } from './area.ts';
import type { NetworkSpecification, ProjectionSpecification } from './specification.ts';
import { projectionId } from './specification.ts';
import { checkSpecification, found, sortAreas } from './projections/wiring.ts';

/**
 * Areas joined by projections, with their weights in the heap. Weights depend on the seed and on each
 * projection's own id, so adding a projection does not change the others.
 */
export class Network {
  readonly specification: NetworkSpecification;
  /** In an order in which every forward projection runs from an earlier area to a later one. */
  readonly areas: readonly Area[];
  readonly projections: readonly Projection[];
  readonly input: Area;
  readonly objectives: readonly Objective[];
  readonly #compute: Compute;

  /** Throws `network.…` errors that name the area or projection when the specification is not a network. */
  constructor(compute: Compute, specification: NetworkSpecification, seed: number) {
    this.#compute = compute;
    checkSpecification(specification);
    this.specification = specification;
    this.areas = sortAreas(specification).map((area, index) => {
      const shape = biasShape(specification, area);
      const bias = shape && compute.allocate(shape);
      const topDown = area.topDownBias ? compute.allocate([sizeOf(area.shape)]) : undefined;
      const { id, shape: units, activation = 'linear', dropout = 0 } = area;
      return new Area(id, index, units, activation, dropout, bias, topDown);
    });
    this.input = this.area(specification.input);
    this.projections = specification.projections.map((projection) => {
      const [from, to] = [this.area(projection.from), this.area(projection.to)];
      const made = connect(compute, specification, projection, from, to, seed);
      from.outgoing.push(made);
      to.incoming.push(made);
      return made;
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
    this.objectives = specification.objectives.map(({ area, kind, loss, auxiliary = false }) => ({
      area: this.area(area),
      kind,
      loss,
      auxiliary,
    }));
  }

  /** Throws `network.unknown-area`. */
  area(id: string): Area {
    return found(this.areas, id, 'area');
  }

  /** Throws `network.unknown-projection`. */
  projection(id: string): Projection {
    return found(this.projections, id, 'projection');
  }

  /** Everything a rule may change: weights of plastic projections and thresholds. */
  get parameters(): readonly Parameter[] {
    return [...this.projections.filter((projection) => projection.plastic), ...this.#biases()];
  }

  /** Every number the network holds, by name, as a checkpoint keeps it. */
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

  /** What a user should know of: units that sparse wiring leaves without input, output or feedback. */
  warnings(): readonly string[] {
    return unconnectedUnits(this.areas, this.input, new Set(this.objectives.map(({ area }) => area)));
  }

  dispose(): void {
    for (const { values, mask, signs } of [...this.projections, ...this.#biases()]) {
      for (const tensor of [values, mask, signs]) if (tensor) this.#compute.free(tensor);
    }
  }

  #biases(): Parameter[] {
    return this.areas.flatMap(({ bias, topDownBias }) => [bias ?? [], topDownBias ?? []].flat());
  }
}

/** Takes over another projection's wiring, and its weights times a factor. */
function startLike(
  compute: Compute,
  network: Network,
  id: string,
  { projection, factor }: NonNullable<ProjectionSpecification['startsLike']>,
): void {
  const [own, other] = [network.projection(id), network.projection(projection)];
  compute.scale(own.weights, other.weights, factor);
  if (own.mask && other.mask) compute.copy(own.mask, other.mask);
}
