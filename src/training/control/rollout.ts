import { actionSize } from '../../environments/index.ts';
import type { Environment, State } from '../../environments/index.ts';
import { observed, started, stepped } from '../../environments/play.ts';
import type { Stream } from '../../random/index.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { EpisodeDraws } from './episode-draws.ts';
import type { Policy } from './policy.ts';
import type { Steps } from './returns.ts';

/** Columns of the state of each copy: number of its episode, time in it, return so far. */
const COPY = { episode: 0, time: 1, earned: 2, columns: 3 } as const;
/** Columns of the counters: episodes in total; since the last record, episodes and sums of their returns and lengths. */
const COUNT = { episodes: 0, ended: 1, returns: 2, lengths: 3, columns: 4 } as const;

export interface RolloutOptions {
  /** Number of copies of the environment. */
  readonly copies: number;
  /** Steps of each copy per update; 0 for one whole episode. */
  readonly horizon: number;
  readonly seed: number;
}

/** The experience of one update, as rows in the order of time; valid until the next update. */
export interface Experience extends Steps {
  /** (count, observations) */
  readonly observations: Tensor;
  /** (count) i32, or (count, dimensions), as in `Choice`. */
  readonly chosen: Tensor;
  /** (count), for discrete actions. */
  readonly surprise: Tensor | undefined;
  /** (cuts, observations): the observations after the last step of each unfinished episode; `cutRows` has the steps. */
  readonly cutObservations: Tensor;
  readonly cutRows: Int32Array;
}

/** Means over episodes. */
export interface EpisodeMeans {
  readonly ended: number;
  readonly meanReturn: number;
  readonly meanLength: number;
}

/**
 * Copies of an environment that a policy plays in parallel, some steps at a time. `tensors` holds everything that
 * determines how they continue, so a checkpoint can be taken between two updates.
 */
export class Rollout {
  readonly #compute: Compute;
  readonly #environment: Environment;
  readonly #options: RolloutOptions;
  readonly #length: number;
  readonly #draws: readonly EpisodeDraws[];
  /** f64: (copies, numbers of a state), (copies, 3), (4). */
  readonly #states: Tensor;
  readonly #copies: Tensor;
  readonly #counts: Tensor;
  readonly #observations: Tensor;
  readonly #chosen: Tensor;
  readonly #surprise: Tensor | undefined;
  readonly #cutObservations: Tensor;
  readonly #rewards: Float64Array;
  readonly #terminated: Uint8Array;
  readonly #next: Int32Array;
  readonly #bootstrap: Float64Array;
  readonly #cutRows: Int32Array;
  readonly #lastRow: Int32Array;

  constructor(compute: Compute, environment: Environment, options: RolloutOptions) {
    const { copies, horizon, seed } = options;
    this.#compute = compute;
    this.#environment = environment;
    this.#options = options;
    this.#length = horizon === 0 ? environment.timeLimit : horizon;
    this.#draws = Array.from(
      { length: copies },
      (_, copy) => new EpisodeDraws(seed, `environment ${copy}`, environment),
    );
    const [first] = this.#draws as [EpisodeDraws];
    const width = started(environment, first.at(0, 0)).length;
    const beginnings = this.#draws.map((draws) => started(environment, draws.at(0, 0), width));
    this.#states = compute.allocate([copies, width], 'f64').set(beginnings.flatMap((state) => [...state]));
    this.#copies = compute.allocate([copies, COPY.columns], 'f64');
    this.#counts = compute.allocate([COUNT.columns], 'f64');
    const rows = this.#length * copies;
    const { actions, observations } = environment;
    const isDiscrete = actions.kind === 'discrete';
    this.#observations = compute.allocate([rows, observations]);
    this.#cutObservations = compute.allocate([rows, observations]);
    this.#chosen = isDiscrete
      ? compute.allocate([rows, 1], 'i32')
      : compute.allocate([rows, actionSize(actions)]);
    this.#surprise = isDiscrete ? compute.allocate([rows, 1]) : undefined;
    this.#rewards = new Float64Array(rows);
    this.#terminated = new Uint8Array(rows);
    this.#next = new Int32Array(rows);
    this.#bootstrap = new Float64Array(rows);
    this.#cutRows = new Int32Array(rows);
    this.#lastRow = new Int32Array(copies);
  }

  /** Returns the state between updates, by name. */
  tensors(): ReadonlyMap<string, Tensor> {
    return new Map([
      ['states', this.#states],
      ['copies', this.#copies],
      ['counts', this.#counts],
    ]);
  }

  /** Number of episodes that have ended so far. */
  get episodes(): number {
    return this.#counts.data[COUNT.episodes] as number;
  }

  /** Plays for one update. Its number and the stream determine the actions. */
  play(policy: Policy, actionStream: Stream, update: number): Experience {
    const { copies, horizon } = this.#options;
    let playing = Array.from({ length: copies }, (_, copy) => copy);
    this.#lastRow.fill(-1);
    let rows = 0;
    let cuts = 0;
    const cut = (row: number, state: State) => {
      this.#cutRows[cuts] = row;
      this.#write(this.#cutObservations.data, cuts, state);
      cuts += 1;
    };
    for (let moment = 0; moment < this.#length && playing.length > 0; moment++) {
      const first = rows;
      const before = this.#states.data;
      const seen = this.#observations.data;
      const states = playing.map((copy) => this.#state(before, copy));
      for (const [index, state] of states.entries()) this.#write(seen, first + index, state);
      const count = playing.length;
      const actions = policy.act(this.#observations.rowRange(first, count), {
        ...this.#choice(first, count),
        stream: actionStream,
        step: update * this.#length + moment,
      });
      // Views are taken again, since the heap may have grown.
      const views = { states: this.#states.data, copies: this.#copies.data, counts: this.#counts.data };
      const still: number[] = [];
      for (const [index, copy] of playing.entries()) {
        const row = first + index;
        const state = states[index] as State;
        const { next, ended } = this.#step(views, copy, row, state, actions[index] as number[]);
        if (ended && this.#terminated[row] === 0) cut(row, next);
        if (!ended || horizon > 0) still.push(copy);
      }
      rows += count;
      playing = still;
    }
    for (let copy = 0; copy < copies; copy++) {
      const row = this.#lastRow[copy] as number;
      if (row >= 0) cut(row, this.#state(this.#states.data, copy));
    }
    return {
      count: rows,
      rewards: this.#rewards,
      terminated: this.#terminated,
      next: this.#next,
      bootstrap: this.#bootstrap,
      observations: this.#observations.rowRange(0, rows),
      ...this.#choice(0, rows),
      cutObservations: this.#cutObservations.rowRange(0, cuts),
      cutRows: this.#cutRows.subarray(0, cuts),
    };
  }

  /** Returns means over the episodes that ended since the last call; undefined if there are none. */
  takeMeans(): EpisodeMeans | undefined {
    const counts = this.#counts.data;
    const [, ended = 0, returns = 0, lengths = 0] = counts;
    counts.fill(0, COUNT.ended);
    return ended === 0 ? undefined : { ended, meanReturn: returns / ended, meanLength: lengths / ended };
  }

  dispose(): void {
    const owned = [
      this.#states,
      this.#copies,
      this.#counts,
      this.#observations,
      this.#chosen,
      this.#cutObservations,
    ];
    for (const tensor of owned) this.#compute.free(tensor);
    if (this.#surprise) this.#compute.free(this.#surprise);
  }

  /** Takes one step of one copy, and begins a new episode after the last. `next` is the state after the action. */
  #step(
    { states, copies, counts }: Views,
    copy: number,
    row: number,
    state: State,
    action: number[],
  ): { next: State; ended: boolean } {
    const environment = this.#environment;
    const draws = this.#draws[copy] as EpisodeDraws;
    const at = copy * COPY.columns;
    const episode = copies[at + COPY.episode] as number;
    const time = copies[at + COPY.time] as number;
    const {
      state: next,
      reward,
      terminated,
    } = stepped(environment, state, action, draws.at(episode, time + 1));
    const earned = (copies[at + COPY.earned] as number) + reward;
    const previous = this.#lastRow[copy] as number;
    if (previous >= 0) this.#next[previous] = row;
    this.#rewards[row] = reward;
    this.#terminated[row] = terminated ? 1 : 0;
    this.#next[row] = -1;
    this.#bootstrap[row] = 0;
    const ended = terminated || time + 1 >= environment.timeLimit;
    this.#lastRow[copy] = ended ? -1 : row;
    if (ended) {
      for (const [column, amount] of [
        [COUNT.episodes, 1],
        [COUNT.ended, 1],
        [COUNT.returns, earned],
        [COUNT.lengths, time + 1],
      ] as const) {
        counts[column] = (counts[column] as number) + amount;
      }
    }
    copies[at + COPY.episode] = ended ? episode + 1 : episode;
    copies[at + COPY.time] = ended ? 0 : time + 1;
    copies[at + COPY.earned] = ended ? 0 : earned;
    const kept = ended ? started(environment, draws.at(episode + 1, 0), this.#states.columns) : next;
    for (let index = 0; index < kept.length; index++)
      states[copy * kept.length + index] = kept[index] as number;
    return { next, ended };
  }

  #choice(first: number, count: number) {
    const chosen = this.#chosen.rowRange(first, count);
    return {
      chosen: this.#environment.actions.kind === 'discrete' ? chosen.reshape([count]) : chosen,
      surprise: this.#surprise?.rowRange(first, count).reshape([count]),
    };
  }

  #state(states: Values, copy: number): State {
    const width = this.#states.columns;
    const state: number[] = [];
    for (let index = 0; index < width; index++) state.push(states[copy * width + index] as number);
    return state;
  }

  #write(into: Values, row: number, state: State): void {
    const seen = observed(this.#environment, state);
    for (let index = 0; index < seen.length; index++) into[row * seen.length + index] = seen[index] as number;
  }
}

type Values = Tensor['data'];

/** Views of the state between updates. */
interface Views {
  readonly states: Values;
  readonly copies: Values;
  readonly counts: Values;
}
