import type { Compute } from '../tensor/compute.ts';
import { sizeOf } from '../tensor/tensor.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Area } from './area.ts';
import { drawAnsweringMask, drawMask, unconnectedUnits } from './connectivity.ts';
import { drawSigns, giveSigns } from './dale.ts';
import { defaultInitialisation, initialise, weightStream, wiringStream } from './initialisation.ts';
import type { Objective } from './objective.ts';
import type { Parameter } from './projection.ts';
import { Projection } from './projection.ts';
import type { NetworkSpecification, ProjectionSpecification } from './specification.ts';
import { projectionId } from './specification.ts';
import { checkSpecification, found, sortAreas } from './wiring.ts';

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
      const receives = specification.projections.some(
        (projection) => projection.to === area.id && !isFeedback(projection),
      );
      const bias = (area.bias ?? receives) ? compute.allocate([sizeOf(area.shape)]) : undefined;
      return new Area(area.id, index, area.shape, area.activation ?? 'linear', area.dropout ?? 0, bias);
    });
    this.input = this.area(specification.input);
    this.projections = specification.projections.map((projection) => this.#connect(projection, seed));
    for (const projection of specification.projections) {
      if (projection.answers === undefined) continue;
      this.projection(projection.answers).feedback = this.projection(projectionId(projection));
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
    for (const tensor of this.tensors().values()) this.#compute.free(tensor);
  }

  #biases(): Parameter[] {
    return this.areas.flatMap((area) => area.bias ?? []);
  }

  #connect(specification: ProjectionSpecification, seed: number): Projection {
    const compute = this.#compute;
    const id = projectionId(specification);
    const from = this.area(specification.from);
    const to = this.area(specification.to);
    const density = specification.density ?? 1;
    const weights = compute.allocate([from.units, to.units]);
    // Feedback is drawn like a forward projection between the same areas, so that both start alike.
    const { activation } = isFeedback(specification) ? from : to;
    const [fanIn, fanOut] = isFeedback(specification) ? [to.units, from.units] : [from.units, to.units];
    initialise(
      compute,
      weights,
      specification.initialisation ?? defaultInitialisation(activation),
      activation,
      Math.max(1, fanIn * density),
      Math.max(1, fanOut * density),
      weightStream(seed, id),
    );
    const signs = specification.excitatory === undefined ? undefined : compute.allocate([from.units]);
    if (signs) {
      drawSigns(signs, specification.excitatory ?? 1, seed, from.id);
      giveSigns(compute, weights, signs);
    }
    let mask: Tensor | undefined;
    if (density < 1) {
      mask = compute.allocate(weights.shape);
      const { answers, wiring = 'independent' } = specification;
      if (answers === undefined || wiring === 'independent') {
        drawMask(compute, mask, density, wiringStream(seed, id));
      } else drawAnsweringMask(compute, mask, density, wiring, wiringStream(seed, answers));
      compute.multiply(weights, weights, mask);
    }
    const kind = specification.kind ?? 'forward';
    const plastic = specification.plastic ?? kind !== 'feedback';
    const projection = new Projection(id, kind, from, to, plastic, weights, mask, signs);
    from.outgoing.push(projection);
    to.incoming.push(projection);
    return projection;
  }
}

const isFeedback = (projection: ProjectionSpecification) => projection.kind === 'feedback';
