import { ApicalError } from '../../errors.ts';
import { checkConnection } from './connection.ts';
import type {
  AreaSpecification,
  NetworkSpecification,
  ObjectiveSpecification,
  ProjectionSpecification,
} from '../specification.ts';
import { projectionId } from '../specification.ts';

/** Throws the first of `network.…` errors that says why a specification is not a network, naming area or projection. */
export function checkSpecification(specification: NetworkSpecification): void {
  const { areas, projections, input, objectives } = specification;
  checkAreas(areas);
  checkProjections(specification);
  found(areas, input, 'area');
  checkObjectives(areas, objectives);
  checkAnswers(projections);
  for (const projection of projections) checkConnection(specification, projection);
}

/** Areas in an order in which every forward projection runs from an earlier one to a later one. */
export function sortAreas({ areas, projections }: NetworkSpecification): readonly AreaSpecification[] {
  const forward = projections.filter(isForward);
  const sorted: AreaSpecification[] = [];
  const remaining = new Set(areas);
  while (remaining.size > 0) {
    const waiting = new Set([...remaining].map((area) => area.id));
    const next = [...remaining].find(
      ({ id }) => !forward.some(({ from, to }) => to === id && waiting.has(from)),
    );
    if (!next) {
      const names = [...waiting].map((id) => `"${id}"`).join(', ');
      throw new ApicalError(
        'network.cycle',
        `The forward projections among ${names} form a cycle: make one of them lateral or feedback.`,
      );
    }
    remaining.delete(next);
    sorted.push(next);
  }
  return sorted;
}

/** The item of that id. Throws `network.unknown-area` or `network.unknown-projection`, with those that are there. */
export function found<Item extends { readonly id: string }>(
  items: readonly Item[],
  id: string,
  what: 'area' | 'projection',
): Item {
  const item = items.find((candidate) => candidate.id === id);
  if (!item) {
    const known = items.map((candidate) => `"${candidate.id}"`).join(', ');
    throw new ApicalError(
      `network.unknown-${what}`,
      `There is no ${what} "${id}" in the network; there are ${known}.`,
    );
  }
  return item;
}

const isForward = (projection: ProjectionSpecification) => (projection.kind ?? 'forward') === 'forward';

function checkAreas(areas: readonly AreaSpecification[]): void {
  const ids = new Set<string>();
  for (const { id, shape, dropout = 0 } of areas) {
    if (ids.has(id)) {
      throw new ApicalError('network.duplicate', `Two areas are called "${id}": give each its own id.`);
    }
    ids.add(id);
    if (shape.length === 0 || shape.some((length) => !Number.isInteger(length) || length < 1)) {
      throw new ApicalError(
        'network.empty-area',
        `Area "${id}" has shape (${shape.join(', ')}): every length must be a whole number of at least 1.`,
      );
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new ApicalError(
        'network.dropout',
        `Area "${id}" has dropout ${dropout}: it must be at least 0 and below 1.`,
      );
    }
  }
}

function checkProjections({ areas, projections, input }: NetworkSpecification): void {
  const ids = new Set<string>();
  for (const projection of projections) {
    const id = projectionId(projection);
    const { from, to, density = 1, excitatory = 1 } = projection;
    if (ids.has(id)) {
      throw new ApicalError('network.duplicate', `Two projections are called "${id}": give each its own id.`);
    }
    ids.add(id);
    for (const end of [from, to]) {
      if (!areas.some((area) => area.id === end)) {
        throw new ApicalError(
          'network.unknown-area',
          `Projection "${id}" names an area "${end}" that is not there.`,
        );
      }
    }
    if (!(density > 0 && density <= 1)) {
      throw new ApicalError(
        'network.density',
        `Projection "${id}" has density ${density}: it must be above 0 and at most 1.`,
      );
    }
    if (!(excitatory >= 0 && excitatory <= 1)) {
      throw new ApicalError(
        'network.excitatory',
        `Projection "${id}" has a share ${excitatory} of excitatory units: it must be from 0 to 1.`,
      );
    }
    const { kind: connection = 'dense' } = projection.connection ?? {};
    if (projection.symmetric === true && (from !== to || connection !== 'dense')) {
      throw new ApicalError(
        'network.symmetric',
        `Projection "${id}" is symmetric, so it must join every unit of one area with the others of that area, but it is ` +
          `${connection === 'dense' ? `from "${from}" to "${to}"` : connection}: leave "symmetric" out.`,
      );
    }
    if (projection.symmetric === true && projection.excitatory !== undefined) {
      throw new ApicalError(
        'network.symmetric',
        `Projection "${id}" is symmetric and obeys Dale's law, by which a unit that excites one that inhibits would be inhibited by the same weight: leave out "symmetric" or "excitatory".`,
      );
    }
    if (isForward(projection) && to === input) {
      throw new ApicalError(
        'network.into-input',
        `Projection "${id}" runs forward into "${input}", whose activity is the example: make it feedback or lateral.`,
      );
    }
  }
}

function checkObjectives(
  areas: readonly AreaSpecification[],
  objectives: readonly ObjectiveSpecification[],
): void {
  const trained = new Set<string>();
  for (const { area, kind } of objectives) {
    if (trained.has(area)) {
      throw new ApicalError('network.two-objectives', `Area "${area}" has two objectives: it may have one.`);
    }
    trained.add(area);
    const { activation = 'linear' } = found(areas, area, 'area');
    if (kind === 'cross-entropy' && activation !== 'linear') {
      throw new ApicalError(
        'network.cross-entropy',
        `Area "${area}" is ${activation}, but cross-entropy applies its own softmax: make it linear, or use squared-error.`,
      );
    }
  }
}

function checkAnswers(projections: readonly ProjectionSpecification[]): void {
  const named = projections.map((projection) => ({ ...projection, id: projectionId(projection) }));
  for (const { id, from, to, answers, wiring = 'independent', density = 1 } of named) {
    if (answers === undefined) {
      if (wiring === 'independent') continue;
      throw new ApicalError(
        'network.wiring',
        `Projection "${id}" is wired ${wiring}, but answers no projection that it could be so to: name one in "answers".`,
      );
    }
    const answered = found(named, answers, 'projection');
    if (from !== answered.to || to !== answered.from) {
      throw new ApicalError(
        'network.feedback',
        `Projection "${id}" answers "${answers}", so it must run from "${answered.to}" to "${answered.from}".`,
      );
    }
    const share = answered.density ?? 1;
    if (wiring === 'disjoint' && share + density > 1) {
      throw new ApicalError(
        'network.disjoint',
        `Projection "${id}" has density ${density} and "${answers}" density ${share}: disjoint wiring joins no pair of ` +
          'units both ways, so the two may add up to 1 at most. Lower one of them.',
      );
    }
  }
}
