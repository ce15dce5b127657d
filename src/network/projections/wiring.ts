import { ApicalError } from '../../errors.ts';
import { idOf, lossOf } from '../objectives/resolve.ts';
import { checkPart } from '../parts.ts';
import { hasActivation, nameOfActivation } from '../../tensor/activation.ts';
import { checkConnection } from './check-connection.ts';
import { checkDelay, isImmediate } from './delay.ts';
import { checkSheet } from '../sheet.ts';
import type {
  AreaSpecification,
  NetworkSpecification,
  ObjectiveSpecification,
  ProjectionSpecification,
} from '../specification.ts';
import { PROJECTION_KINDS, projectionId, STORAGES } from '../specification.ts';

/** Throws a `network.…` error, which names the area or projection, if a specification is invalid. */
export function checkSpecification(specification: NetworkSpecification): void {
  const { areas, projections, input, objectives } = specification;
  checkAreas(areas);
  checkProjections(specification);
  findById(areas, input, 'area');
  checkObjectives(areas, objectives);
  checkAnswers(projections);
  for (const projection of projections) checkConnection(specification, projection);
}

/**
 * Returns the areas sorted so that every forward projection runs from an earlier to a later area. Throws `network.cycle`
 * if there is no such order.
 */
export function sortAreas({ areas, projections }: NetworkSpecification): readonly AreaSpecification[] {
  const immediate = projections.filter(isImmediate);
  const sorted: AreaSpecification[] = [];
  const remaining = new Set(areas);
  while (remaining.size > 0) {
    const waiting = new Set([...remaining].map((area) => area.id));
    const next = [...remaining].find(
      ({ id }) => !immediate.some(({ from, to }) => to === id && waiting.has(from)),
    );
    if (!next) {
      checkDelayedCycle(immediate, waiting);
      const names = [...waiting].map((id) => `"${id}"`).join(', ');
      throw new ApicalError(
        'network.cycle',
        `The forward projections among ${names} form a cycle, but the forward path must have none. Make one of them ` +
          'lateral or feedback.',
      );
    }
    remaining.delete(next);
    sorted.push(next);
  }
  return sorted;
}

/** Throws `network.delay` for a lateral projection without delay among areas that form a cycle. */
function checkDelayedCycle(immediate: readonly ProjectionSpecification[], areas: ReadonlySet<string>): void {
  const lateral = immediate.find(
    (projection) => !isForward(projection) && areas.has(projection.from) && areas.has(projection.to),
  );
  if (!lateral) return;
  const id = projectionId(lateral);
  throw new ApicalError(
    'network.delay',
    `Projection "${id}" has a delay of 0 in a cycle of areas, so that activity would depend on itself. Give it a delay of at least 1.`,
    { projection: id },
  );
}

/** Returns the item with this id. Throws `network.unknown-area` or `network.unknown-projection`, which list the ids. */
export function findById<Item extends { readonly id: string }>(
  items: readonly Item[],
  id: string,
  noun: 'area' | 'projection',
): Item {
  const item = items.find((candidate) => candidate.id === id);
  if (!item) {
    const known = items.map((candidate) => `"${candidate.id}"`).join(', ');
    const fix = known === '' ? `it has no ${noun}s at all` : `use one of ${known}`;
    throw new ApicalError(`network.unknown-${noun}`, `The network has no ${noun} "${id}"; ${fix}.`);
  }
  return item;
}

const isForward = (projection: ProjectionSpecification) => (projection.kind ?? 'forward') === 'forward';

/** Throws `network.projection` for an unknown kind: a rule written in JavaScript may add any projection. */
function checkKind({ kind = 'forward' }: ProjectionSpecification, id: string): void {
  if (PROJECTION_KINDS.includes(kind)) return;
  throw new ApicalError(
    'network.projection',
    `Projection "${id}" has the kind ${JSON.stringify(kind)}, but the kind must be "forward", "feedback" or "lateral". ` +
      'Set "kind" to one of them, or leave it out for "forward".',
    { projection: id, kind },
  );
}

function checkAreas(areas: readonly AreaSpecification[]): void {
  const ids = new Set<string>();
  for (const area of areas) {
    const { id, shape, part, dropout = 0 } = area;
    if (ids.has(id)) {
      throw new ApicalError('network.duplicate', `Two areas have the id "${id}": rename one of them.`);
    }
    ids.add(id);
    if (shape.length === 0 || shape.some((length) => !Number.isInteger(length) || length < 1)) {
      throw new ApicalError(
        'network.empty-area',
        `Area "${id}" has the shape (${shape.join(', ')}), but it must have at least one length, and every length must ` +
          'be a whole number of at least 1.',
      );
    }
    if (part) checkPart(id, shape, part);
    checkSheet(area);
    if (!(dropout >= 0 && dropout < 1)) {
      throw new ApicalError(
        'network.dropout',
        `Area "${id}" has the dropout ${dropout}, but it must be at least 0 and below 1.`,
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
      throw new ApicalError(
        'network.duplicate',
        `Two projections have the id "${id}": set the "id" of one of them.`,
      );
    }
    ids.add(id);
    checkKind(projection, id);
    checkDelay(projection);
    for (const end of [from, to]) {
      if (!areas.some((area) => area.id === end)) {
        throw new ApicalError(
          'network.unknown-area',
          `Projection "${id}" refers to the area "${end}", which the network does not have; use one of ` +
            `${areas.map((area) => `"${area.id}"`).join(', ')}.`,
        );
      }
    }
    if (!(density > 0 && density <= 1)) {
      throw new ApicalError(
        'network.density',
        `Projection "${id}" has the density ${density}, but it must be above 0 and at most 1.`,
      );
    }
    const { kind: drawn, mean } = projection.initialisation ?? {};
    if (mean !== undefined && drawn !== 'uniform' && drawn !== 'normal') {
      throw new ApicalError(
        'network.initialisation',
        `Projection "${id}" has initial weights of the kind "${drawn ?? ''}" with the mean ${mean}, but only uniform and normal draws have one. Leave "mean" out.`,
      );
    }
    const { storage = 'auto' } = projection;
    if (!STORAGES.includes(storage)) {
      throw new ApicalError(
        'network.storage',
        `Projection "${id}" has the storage ${JSON.stringify(storage)}, but it must be "auto", "dense" or "sparse".`,
      );
    }
    if (!(excitatory >= 0 && excitatory <= 1)) {
      throw new ApicalError(
        'network.excitatory',
        `Projection "${id}" has the share ${excitatory} of excitatory units, but it must be from 0 to 1.`,
      );
    }
    const { kind: connection = 'dense' } = projection.connection ?? {};
    if (projection.symmetric === true && (from !== to || !['dense', 'distance'].includes(connection))) {
      throw new ApicalError(
        'network.symmetric',
        `Projection "${id}" is symmetric, so it must be dense or by distance and within one area, but it ` +
          `${from !== to ? `runs from "${from}" to "${to}"` : `has the connection "${connection}"`}: leave "symmetric" out.`,
      );
    }
    if (projection.symmetric === true && projection.excitatory !== undefined) {
      throw new ApicalError(
        'network.symmetric',
        `Projection "${id}" is symmetric and under Dale's law, but a weight between an excitatory and an inhibitory unit ` +
          'cannot have both signs. Leave "symmetric" or "excitatory" out.',
      );
    }
    if (isForward(projection) && areas.some((area) => area.id === to && (to === input || area.part))) {
      throw new ApicalError(
        'network.into-input',
        `Projection "${id}" runs forward into the input area "${to}", whose activity is the example: make it feedback ` +
          'or lateral.',
      );
    }
  }
}

function checkObjectives(
  areas: readonly AreaSpecification[],
  objectives: readonly ObjectiveSpecification[],
): void {
  const ids = new Set<string>();
  for (const [index, objective] of objectives.entries()) {
    const { area, target } = objective;
    const id = idOf(objective, objectives.slice(0, index));
    if (ids.has(id)) {
      throw new ApicalError(
        'network.duplicate',
        `Two objectives have the id "${id}": set the "id" of one of them.`,
      );
    }
    ids.add(id);
    const { activation = 'linear' } = findById(areas, area, 'area');
    if (typeof target === 'object') findById(areas, target.area, 'area');
    if (lossOf(objective).name === 'cross-entropy' && !hasActivation({ activation }, 'linear')) {
      throw new ApicalError(
        'network.cross-entropy',
        `Area "${area}" has the activation ${nameOfActivation(activation)}, but cross-entropy applies a softmax and needs a linear area: ` +
          'set the activation to linear, or the objective to squared-error.',
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
        `Projection "${id}" has ${wiring} wiring, but answers no projection: name the forward projection in "answers".`,
      );
    }
    const answered = findById(named, answers, 'projection');
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
        `Projection "${id}" has the density ${density} and "${answers}" the density ${share}, but with disjoint wiring ` +
          'the two must add up to at most 1. Lower one of them.',
      );
    }
  }
}
