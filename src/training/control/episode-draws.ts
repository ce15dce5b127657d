import type { Draws } from '../../datasets/index.ts';
import type { Environment } from '../../environments/index.ts';
import { Sequence, stream } from '../../random/index.ts';
import type { Stream } from '../../random/index.ts';

/**
 * What an environment's copy draws from, one sequence for each moment of each episode: a function of (seed, copy,
 * episode, time) alone. Nothing is made for a moment that draws nothing.
 */
export class EpisodeDraws implements Draws {
  readonly #stream: Stream;
  readonly #moments: number;
  #moment = 0;
  #sequence: Sequence | undefined;

  /** `name` tells copies apart: "environment 3". */
  constructor(seed: number, name: string, { timeLimit }: Environment) {
    this.#stream = stream(seed, name);
    this.#moments = timeLimit + 1;
  }

  /** Time 0 is the beginning of an episode, t + 1 its step t. */
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
