import { ApicalError } from '../../errors.ts';
import { connectionOf } from './connection.ts';
import { pairCount } from './distance.ts';
import type {
  ConnectionSpecification,
  NetworkSpecification,
  ProjectionSpecification,
} from '../specification.ts';
import { projectionId } from '../specification.ts';
import { sizeOf } from '../../tensor/tensor.ts';

/**
 * How many times as fast as dense the slowest of the three sparse products is (forward, backward, outer), at density 0.1
 * between 1000 and 1000 units, by rows of the batch. Measured on one thread of a Xeon with 2 MB of second-level cache, as
 * the lower of wasm and BLAS in two runs: CPU time of each product beside that of `matmul` with the masked matrix, in
 * turns, the median of 15. The forward product alone is 4.1 to 4.6 times as fast at batch 1 on wasm, which
 * `apical bench --only sparse` repeats. Rows 4 to 9 take the least, that of 6 rows, which half fill a block. At density
 * 0.02 the factors are four to five times as large, so the factor goes with 1 / density.
 */
const FASTER_AT_TENTH: readonly (readonly [rows: number, times: number])[] = [
  [1, 3.0],
  [2, 4.1],
  [3, 3.3],
  [4, 2.5],
  [10, 3.5],
  [16, 4.8],
  [32, 4.4],
  [100, 3.9],
];

/** Pairs of units below which a matrix is kept: its 256 KB stay in the second-level cache, which was not measured. */
const FEWEST_PAIRS = 2 ** 16;

/**
 * The gain from which lists are worth their memory (three numbers a synapse beside the weight) and an order of sums that
 * differs from that of a matrix.
 */
const LEAST_GAIN = 3;

/**
 * Returns whether 'auto' stores a projection sparsely: whether its slowest product is then expected to be three times as
 * fast. `batch` is the number of rows; without it, the worst case counts.
 */
export function isSparseFaster(pairs: number, density: number, batch: number | undefined): boolean {
  if (pairs < FEWEST_PAIRS || density >= 0.1) return false;
  const rows = FASTER_AT_TENTH.filter(([least]) => batch !== undefined && least <= batch);
  const times = rows.at(-1)?.[1] ?? Math.min(...FASTER_AT_TENTH.map(([, faster]) => faster));
  return (times * 0.1) / density >= LEAST_GAIN;
}

/**
 * Returns the ids of the projections that are stored sparsely. Projections that answer or copy one another have the same
 * storage: sparse if one asks for it, and by 'auto' if it pays for each of them.
 * Throws `network.storage` if a projection cannot be sparse, or if the storages of one group differ.
 */
export function sparseProjections(specification: NetworkSpecification): ReadonlySet<string> {
  const sparse = new Set<string>();
  for (const group of groupsOf(specification)) {
    const asks = group.find(({ storage, connection }) => storage === 'sparse' || isShared(connection));
    const refuses = group.find(({ storage }) => storage === 'dense');
    if (asks && refuses) {
      throw new ApicalError(
        'network.storage',
        `Projection "${projectionId(asks)}" has sparse storage and "${projectionId(refuses)}" dense storage, but one ` +
          'answers or copies the other. Give both the same storage.',
      );
    }
    if (asks) {
      for (const projection of group) {
        const reason = whyDense(specification, projection);
        if (reason === undefined) continue;
        throw new ApicalError(
          'network.storage',
          `Projection "${projectionId(projection)}" cannot be stored sparsely: ${reason}.`,
          { projection: projectionId(projection) },
        );
      }
    } else if (refuses || !group.every((projection) => isWorthIt(specification, projection))) continue;
    for (const projection of group) sparse.add(projectionId(projection));
  }
  return sparse;
}

/** Returns whether pairs with the same offset share a weight, which a matrix cannot. */
const isShared = (connection: ConnectionSpecification | undefined): boolean =>
  connection?.kind === 'distance' && connection.shared === true;

/** Returns why a projection must be a matrix, with the fix, worded to end a sentence; undefined if it need not. */
function whyDense(
  specification: NetworkSpecification,
  projection: ProjectionSpecification,
): string | undefined {
  const { kind } = connectionOf(specification, projection);
  if (kind !== 'dense' && kind !== 'distance') return `its connection is "${kind}", so leave "storage" out`;
  if (projection.initialisation?.kind === 'orthogonal') {
    return 'orthogonal initial weights need the whole matrix, so choose another initialisation or dense storage';
  }
  return undefined;
}

function isWorthIt(specification: NetworkSpecification, projection: ProjectionSpecification): boolean {
  const { density = 1, from, to, symmetric = false } = projection;
  const units = (id: string) => sizeOf(specification.areas.find((area) => area.id === id)?.shape ?? []);
  const connection = connectionOf(specification, projection);
  const pairs = units(from) * units(to);
  const within =
    connection.kind === 'distance' ? pairCount(specification, projection, connection) / pairs : 1;
  return (
    // Gibbs sampling within an area takes units in turn, which needs rows of a matrix.
    !symmetric &&
    whyDense(specification, projection) === undefined &&
    isSparseFaster(pairs, density * within, specification.batch)
  );
}

/** Returns the projections in groups, each joined by "answers" and "startsLike". */
function groupsOf({ projections }: NetworkSpecification): readonly (readonly ProjectionSpecification[])[] {
  const groups = new Map(projections.map((projection) => [projectionId(projection), [projection]]));
  for (const projection of projections) {
    for (const other of [projection.answers, projection.startsLike?.projection]) {
      const [own, joined] = [groups.get(projectionId(projection)), groups.get(other ?? '')];
      if (!own || !joined || own === joined) continue;
      own.push(...joined);
      for (const member of joined) groups.set(projectionId(member), own);
    }
  }
  return [...new Set(groups.values())];
}
