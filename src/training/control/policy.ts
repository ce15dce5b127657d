import type { Actions } from '../../environments/index.ts';
import { actionSize } from '../../environments/index.ts';
import type { Stream } from '../../random/index.ts';
import type { Learner } from '../../learning/learner.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The actions that an actor chose for a batch of observations. */
export interface Choice {
  /** (batch) i32 action numbers, or (batch, dimensions) values from −1 to 1 within the range of each dimension. */
  readonly chosen: Tensor;
  /** (batch): −ln of the probability of each action, for discrete actions. */
  readonly surprise: Tensor | undefined;
}

/** The tensors to write a choice to, and the random numbers that determine it. */
export interface Draw extends Choice {
  /** If absent, the most probable action (or the mean) is taken. */
  readonly stream: Stream | undefined;
  readonly step: number;
}

/**
 * Turns the outputs of an actor into actions: π(a|s) is the softmax of the outputs, or a normal distribution with the
 * outputs as means and a fixed deviation. It reads values back, because the environment needs the action.
 */
export class Policy {
  readonly actions: Actions;
  readonly #compute: Compute;
  readonly #actor: Learner;
  readonly #deviation: number;

  constructor(compute: Compute, actor: Learner, actions: Actions, deviation: number) {
    this.#compute = compute;
    this.#actor = actor;
    this.actions = actions;
    this.#deviation = deviation;
  }

  /** Returns an action for each row of observations (batch, observations), and fills `draw`. */
  act(observations: Tensor, draw: Draw): number[][] {
    const compute = this.#compute;
    const actions: number[][] = [];
    this.#actor.respond(observations, (phase) => {
      const [objective] = this.#actor.network.objectives;
      const output = phase.output((objective as NonNullable<typeof objective>).area);
      if (this.actions.kind === 'discrete') {
        const labels = this.#label(output, draw);
        for (const label of labels) actions.push([label]);
        draw.chosen.set(labels);
        if (draw.surprise) compute.crossEntropyRows(draw.surprise, output, draw.chosen);
      } else {
        compute.copy(draw.chosen, output);
        if (draw.stream) {
          const noise = compute.temporary(output.shape);
          compute.drawNormal(noise, 0, this.#deviation, draw.stream, draw.step);
          compute.add(draw.chosen, draw.chosen, noise);
        }
        const values = draw.chosen.data;
        const size = actionSize(this.actions);
        for (let row = 0; row < observations.rows; row++) actions.push(this.#within(values, row * size));
      }
    });
    return actions;
  }

  #label(output: Tensor, { stream, step }: Draw): number[] {
    const compute = this.#compute;
    let scores = output;
    if (stream) {
      const probabilities = compute.temporary(output.shape);
      const uniform = compute.temporary([output.rows]);
      scores = compute.temporary(output.shape);
      compute.softmax(probabilities, output);
      compute.drawUniform(uniform.reshape([output.rows, 1]), 0, 1, stream, step);
      compute.choose(scores, probabilities, uniform);
    }
    const values = scores.data;
    const { rows, columns } = output;
    return Array.from({ length: rows }, (_, row) => {
      let best = 0;
      for (let action = 1; action < columns; action++) {
        if ((values[row * columns + action] as number) > (values[row * columns + best] as number))
          best = action;
      }
      return best;
    });
  }

  /** Returns an action in the units of the environment, clipped to its bounds. */
  #within(values: ArrayLike<number>, at: number): number[] {
    if (this.actions.kind === 'discrete') return [];
    const { low, high } = this.actions;
    return low.map((least, index) => {
      const most = high[index] as number;
      const value = (least + most) / 2 + ((most - least) / 2) * (values[at + index] as number);
      return Math.min(most, Math.max(least, value));
    });
  }
}
