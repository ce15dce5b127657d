import type { Draws } from '../../datasets/index.ts';
import type { Environment } from '../../environments/index.ts';
import { Sequence, stream } from '../../random/index.ts';
import type { Stream } from '../../random/index.ts';

/**
 * The random numbers of one copy of an environment: a sequence for each time of each episode, as a function of (seed, copy,
 * episode, time) alone. Times that draw nothing cost nothing.
 */
export class EpisodeDraws implements Draws {
  readonly #stream: Stream;
  readonly #moments: number;
  #moment = 0;
  #sequence: Sequence | undefined;

  /** Creates the draws of a copy; `name` ("environment 3") distinguishes it from others. */
  constructor(seed: number, name: string, { timeLimit }: Environment) {
    this.#stream = stream(seed, name);
    this.#moments = timeLimit + 1;
  }

  /** Moves to a time of an episode: 0 is the reset, t + 1 is step t. */
  at(episode: number, time: number): this {
    this.#moment = episode * this.#moments + time;
    this.#sequence = undefined;
    return this;
  }

  uniform(): number {
    return this.#drawn().uniform();
  }

  normal(): number {
    return this.#drawn().normal();
  }

  #drawn(): Sequence {
    return (this.#sequence ??= new Sequence(this.#stream, this.#moment));
  }
}
