import { ApicalError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Batch } from './learning-step.ts';
import type { Rule, StateDeclaration } from './rule.ts';

/** Learning and evaluation have state of their own. */
type Purpose = 'learning' | 'evaluation';

/** The state of one purpose: the rows of a tensor are streams. */
interface Streams {
  readonly rows: number;
  /** Rows that the last batch used; undefined before the first, as after a checkpoint. The last batch of an epoch is smaller. */
  used: number | undefined;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * State with a row for each stream, which lasts from batch to batch: what the dynamics carry (`Dynamics.carries`) and
 * the rule's state of scope "stream". It is 0 where a stream or sequence starts. Training's is part of a checkpoint;
 * evaluation's is not, since an evaluation starts from rest.
 */
export class Carried {
  readonly #compute: Compute;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #streams = new Map<Purpose, Streams>();
  /** Rows of the batch that is under way, and the state that its step has. */
  #rows = 0;
  #now: Streams | undefined;
  readonly #left = new Map<string, Tensor>();

  constructor(
    compute: Compute,
    network: Network,
    { dynamics }: Rule,
    declared: readonly StateDeclaration[],
    streams: number | undefined,
  ) {
    this.#compute = compute;
    this.#shapes = new Map([
      ...Object.entries(dynamics.carries?.(network) ?? {}).map(
        ([name, shape]) => [`dynamics/${name}`, shape] as const,
      ),
      ...declared.flatMap(({ name, shape, scope }) =>
        scope === 'stream' ? [[`rule/${name}`, shape] as const] : [],
      ),
    ]);
    if (streams !== undefined) this.#streams.set('learning', this.#allocate(streams));
  }

  /** Starts a batch: the state is what the last batch left, or 0 if this one does not go on from it. */
  begin(purpose: Purpose, batch: Batch): void {
    if (this.#shapes.size > 0) this.#begin(purpose, batch);
  }

  #begin(purpose: Purpose, { inputs, time }: Batch): void {
    const rows = time ? inputs.rows / time.steps : inputs.rows;
    const lasting = this.#streams.get(purpose);
    const goesOn = lasting && (lasting.used ?? Math.min(rows, lasting.rows)) === rows;
    if (time?.continues && !goesOn) {
      throw new ApicalError(
        'stream.count',
        lasting
          ? `The state is that of ${lasting.used ?? lasting.rows} streams, but the batch has ${rows}. A stream goes on with as many streams as it began with.`
          : `A batch of ${rows} streams goes on from a batch before it, but no state was kept. Create the learner with "streams" set to ${rows}, or start the streams anew.`,
        { expected: lasting?.used ?? lasting?.rows, found: rows },
      );
    }
    const isRoomy = lasting && rows <= lasting.rows;
    if (!isRoomy) {
      if (lasting && purpose === 'evaluation') this.#free(lasting);
      if (purpose === 'evaluation' || !lasting) this.#streams.set(purpose, this.#allocate(rows));
      else {
        throw new ApicalError(
          'stream.count',
          `A batch has ${rows} sequences or streams, but the learner was created for ${lasting.rows}. Set "streams" to the largest batch.`,
          { expected: lasting.rows, found: rows },
        );
      }
    }
    this.#now = this.#streams.get(purpose);
    if (this.#now) this.#now.used = rows;
    this.#rows = rows;
    this.#left.clear();
    if (time?.continues) return;
    for (const tensor of this.#now?.tensors.values() ?? []) this.#compute.fill(tensor, 0);
  }

  /** Ends a batch: what its dynamics left is the state of the next. */
  end(): void {
    if (this.#left.size === 0) return;
    for (const [name, values] of this.#left) {
      const tensor = this.#now?.tensors.get(name);
      if (tensor) this.#compute.copy(rowsOf(tensor, this.#rows), values);
    }
    this.#left.clear();
  }

  /** Returns what the dynamics carried from the last batch, (batch, …shape). */
  dynamics(name: string): Tensor {
    const tensor = this.#now?.tensors.get(`dynamics/${name}`);
    if (!tensor) throw new Error(`The dynamics did not declare that they carry "${name}".`);
    return rowsOf(tensor, this.#rows);
  }

  /** Keeps what dynamics leave for the next batch; the first phase of a step decides. */
  leave(name: string, values: Tensor): void {
    const key = `dynamics/${name}`;
    if (!this.#left.has(key)) this.#left.set(key, values);
  }

  /** Returns a rule's state of scope "stream", (batch, …shape); undefined if it declares none of that name. */
  rule(name: string): Tensor | undefined {
    const tensor = this.#now?.tensors.get(`rule/${name}`);
    return tensor && rowsOf(tensor, this.#rows);
  }

  /** Returns training's tensors by name, for checkpoints. */
  tensors(): ReadonlyMap<string, Tensor> {
    return this.#streams.get('learning')?.tensors ?? new Map<string, Tensor>();
  }

  /** Frees all state. */
  dispose(): void {
    for (const streams of this.#streams.values()) this.#free(streams);
    this.#streams.clear();
  }

  #allocate(rows: number): Streams {
    const tensors = [...this.#shapes].map(
      ([name, shape]) => [name, this.#compute.allocate([rows, ...shape])] as const,
    );
    return { rows, used: undefined, tensors: new Map(tensors) };
  }

  #free({ tensors }: Streams): void {
    for (const tensor of tensors.values()) this.#compute.free(tensor);
  }
}

const rowsOf = (tensor: Tensor, rows: number): Tensor =>
  tensor.rows === rows ? tensor : tensor.rowRange(0, rows);
