import { actionSize } from '../../environments/index.ts';
import type { Environment, State } from '../../environments/index.ts';
import { observed, started, stepped } from '../../environments/play.ts';
import { stream } from '../../random/index.ts';
import type { Compute } from '../../tensor/compute.ts';
import { EpisodeDraws } from './episode-draws.ts';
import type { Policy } from './policy.ts';

export interface EpisodeOptions {
  readonly episodes: number;
  readonly policy: 'greedy' | 'sampled';
  readonly seed: number;
  /** Number of the evaluation; each has its own episodes. */
  readonly evaluation: number;
}

/** Plays new episodes to their end without learning, and returns their returns in order. */
export function playEpisodes(
  compute: Compute,
  environment: Environment,
  policy: Policy,
  { episodes, policy: kind, seed, evaluation }: EpisodeOptions,
): Float64Array {
  const { actions, observations, timeLimit } = environment;
  const returns = new Float64Array(episodes);
  const draws = Array.from(
    { length: episodes },
    (_, episode) => new EpisodeDraws(seed, `evaluation ${episode}`, environment),
  );
  const states: State[] = draws.map((draw) => started(environment, draw.at(evaluation, 0)));
  const actionStream = kind === 'sampled' ? stream(seed, 'evaluation actions') : undefined;
  let playing = states.map((_, episode) => episode);
  for (let time = 0; time < timeLimit && playing.length > 0; time++) {
    const chosen = compute.scope(() => {
      const seen = compute.temporary([playing.length, observations]);
      seen.set(playing.flatMap((episode) => [...observed(environment, states[episode] as State)]));
      return policy.act(seen, {
        chosen:
          actions.kind === 'discrete'
            ? compute.temporary([playing.length], 'i32')
            : compute.temporary([playing.length, actionSize(actions)]),
        surprise: undefined,
        stream: actionStream,
        step: evaluation * timeLimit + time,
      });
    });
    playing = playing.filter((episode, index) => {
      const draw = (draws[episode] as EpisodeDraws).at(evaluation, time + 1);
      const { state, reward, terminated } = stepped(
        environment,
        states[episode] as State,
        chosen[index] as number[],
        draw,
      );
      states[episode] = state;
      returns[episode] = (returns[episode] as number) + reward;
      return !terminated;
    });
  }
  return returns;
}
