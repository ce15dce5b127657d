import { measureAlignment } from '../../analysis/alignment.ts';
import type { Environment } from '../../environments/index.ts';
import { ApicalError } from '../../errors.ts';
import { stream } from '../../random/index.ts';
import type { Stream } from '../../random/index.ts';
import type { Batch, Learner } from '../../learning/learner.ts';
import type { Rule } from '../../learning/rule.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Config, Control } from '../../config/config.ts';
import type { EvaluationRecord, MetricsRecord, ProgressRecord } from '../records.ts';
import { withRulesOf } from '../of-config/rule-of-config.ts';
import type { Position } from '../training.ts';
import { NO_TALLY } from '../training.ts';
import { lowerRate, TrainingLoop } from '../training-loop.ts';
import { makeActor, makeCritic } from './agents.ts';
import { playEpisodes } from './episodes.ts';
import { Policy } from './policy.ts';
import { advantagesOf } from './returns.ts';
import { Rollout } from './rollout.ts';
import type { Experience } from './rollout.ts';

/** Progress records per epoch. */
const PROGRESS_RECORDS = 5;

/** Keys of docs/bibliography.json. */
export const CONTROL_SOURCES: readonly string[] = ['barto1983', 'williams1992', 'sutton1988', 'schulman2016'];

/** The rules of an actor and of its critic. */
export interface ControlRules {
  readonly actor: Rule;
  readonly critic: Rule;
}

/** Options of a `ControlTraining`. */
export interface ControlTrainingOptions {
  readonly compute: Compute;
  readonly environment: Environment;
  readonly config: Config;
  /** The rules that learn. The training's config names them, whatever rules `config` named. */
  readonly rules: ControlRules;
  /** Receives every record as it is made. Default: records are dropped. */
  readonly record?: ((record: MetricsRecord) => void) | undefined;
}

/**
 * An actor that learns an environment with a critic. Each update plays several copies of the environment for some steps.
 * The critic V learns the λ-return of each observation by squared error. The advantage A of an action, by which its return
 * exceeds the prediction of the critic, weights the loss of the actor:
 *
 *   discrete π = softmax(y):      L = −A ln π(a|s)
 *   continuous π = N(y, σ²):      L = A ‖a − y‖² / 2σ²
 *
 * The mean gradient of this loss is that of the negative expected return. For a rule this is an ordinary batch of inputs,
 * targets (the actions) and a weight per example. Actor and critic can thus learn by any rule, each on its own network.
 *
 * Source: Barto, Sutton & Anderson (1983); Williams (1992); Sutton (1988) and Schulman et al. (2016) for `advantagesOf`.
 */
export class ControlTraining extends TrainingLoop {
  /** The actor. */
  readonly learner: Learner;
  /** Absent if the baseline of returns is not a critic. */
  readonly critic: Learner | undefined;
  readonly #compute: Compute;
  readonly #environment: Environment;
  readonly #control: Control;
  readonly #policy: Policy;
  readonly #rollout: Rollout;
  readonly #actions: Stream;

  /** Throws `config.…`, `rule.options`, `network.…` and `environment.…` errors if the parts do not fit together. */
  constructor(options: ControlTrainingOptions) {
    const { compute, environment, rules, record } = options;
    const config = withRulesOf(options.config, rules);
    const { control, seed, batch } = config;
    if (!control) throw new Error('A control task needs "control" in the config.');
    checkControl(environment, control);
    super({ config, stepsPerEpoch: control.updates, progressPerEpoch: PROGRESS_RECORDS, record });
    this.#compute = compute;
    this.#environment = environment;
    this.#control = control;
    this.learner = makeActor(compute, environment, config, rules.actor);
    this.critic =
      control.baseline === 'critic' ? makeCritic(compute, environment, config, rules.critic) : undefined;
    this.#policy = new Policy(compute, this.learner, environment.actions, control.deviation);
    this.#rollout = new Rollout(compute, environment, { copies: batch, horizon: control.horizon, seed });
    this.#actions = stream(seed, 'actions');
  }

  get passes(): number {
    return this.learner.passes + (this.critic?.passes ?? 0);
  }

  snapshot(): { tensors: ReadonlyMap<string, Tensor>; position: Position } {
    const named = (prefix: string, tensors: ReadonlyMap<string, Tensor> | undefined) =>
      [...(tensors ?? [])].map(([name, tensor]) => [`${prefix}/${name}`, tensor] as const);
    return {
      tensors: new Map([
        ...named('actor', this.learner.tensors()),
        ...named('critic', this.critic?.tensors()),
        ...named('environment', this.#rollout.tensors()),
      ]),
      position: this.positionWith(NO_TALLY),
    };
  }

  override restore(position: Position): void {
    super.restore(position);
    // Only the sum of the passes is used.
    const epoch = Math.max(0, position.step - 1) / this.stepsPerEpoch;
    this.learner.restorePasses(position.passes, epoch);
    this.critic?.restorePasses(0, epoch);
  }

  mistakes(): [] {
    return [];
  }

  fantasies(): undefined {
    return undefined;
  }

  dispose(): void {
    this.learner.dispose();
    this.critic?.dispose();
    this.#rollout.dispose();
  }

  protected update(): number {
    const compute = this.#compute;
    const experience = this.#rollout.play(this.#policy, this.#actions, this.step);
    const { count, observations, chosen } = experience;
    compute.scope(() => {
      const expected = this.#expected(experience);
      const advantages = advantagesOf(experience, expected, {
        ...this.#control,
        // Without a critic no return is predicted, so whole returns are used.
        ...(this.critic ? {} : { trace: 1 }),
      });
      const targets = compute.temporary([count, 1]);
      targets.set(advantages.map((advantage, row) => advantage + (expected[row] as number)));
      const actor: Batch = {
        inputs: observations,
        targets: chosen,
        weights: this.#weights(experience, advantages),
      };
      const critic: Batch = { inputs: observations, targets };
      if (this.#isProbeStep()) this.#probe(actor, critic);
      this.learner.learn(actor, this.step, this.epoch);
      this.critic?.learn(critic, this.step, this.epoch);
    });
    return count;
  }

  /** Returns the critic's prediction for each observation. Also fills `bootstrap` where episodes were cut. */
  #expected({ count, observations, cutObservations, cutRows, bootstrap }: Experience): Float64Array {
    const critic = this.critic;
    if (!critic) return new Float64Array(count);
    const valuesOf = (inputs: Tensor): Float64Array => {
      let values = new Float64Array(0);
      critic.respond(inputs, (phase) => {
        const [objective] = critic.network.objectives;
        values = Float64Array.from(phase.output((objective as NonNullable<typeof objective>).area).data);
      });
      return values;
    };
    if (cutRows.length > 0) {
      for (const [index, value] of valuesOf(cutObservations).entries())
        bootstrap[cutRows[index] as number] = value;
    }
    return valuesOf(observations);
  }

  /** Returns the weight (count) of each action in the actor's loss. */
  #weights({ count, surprise }: Experience, advantages: Float64Array): Tensor {
    const { normalise, baseline, entropy, deviation } = this.#control;
    const compute = this.#compute;
    const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
    const mean = baseline === 'mean' ? sum(advantages) / count : 0;
    const centred = advantages.map((advantage) => advantage - mean);
    const size = normalise ? Math.sqrt(sum(centred.map((value) => value * value)) / count) : 1;
    const weights = compute.temporary([count]);
    weights.set(size > 0 ? centred.map((value) => value / size) : centred);
    if (surprise) {
      if (entropy > 0) compute.addScaled(weights, surprise, entropy);
    } else {
      compute.scale(weights, weights, 1 / (deviation * deviation));
    }
    return weights;
  }

  #isProbeStep(): boolean {
    const { every } = this.config.probe;
    return every > 0 && this.step % every === 0;
  }

  /** Compares the updates with the exact gradients on the first examples of this update. */
  #probe(actor: Batch, critic: Batch): void {
    const count = Math.min(this.config.probe.examples, actor.inputs.rows);
    const first = ({ inputs, targets, weights }: Batch): Batch => ({
      inputs: inputs.rowRange(0, count),
      targets:
        targets?.type === 'i32'
          ? targets.reshape([targets.size, 1]).rowRange(0, count).reshape([count])
          : targets?.rowRange(0, count),
      ...(weights ? { weights: weights.reshape([weights.size, 1]).rowRange(0, count).reshape([count]) } : {}),
    });
    const measured = (name: string, learner: Learner, batch: Batch) =>
      Object.entries(measureAlignment(this.#compute, learner, first(batch), this.step)).map(
        ([id, alignment]) => [`${name} ${id}`, alignment] as const,
      );
    this.recordProbe(
      Object.fromEntries([
        ...measured('actor', this.learner, actor),
        ...(this.critic ? measured('critic', this.critic, critic) : []),
      ]),
    );
  }

  protected progress(): Pick<ProgressRecord, 'metrics'> {
    return { metrics: this.#sinceLastRecord() };
  }

  /** Returns the metrics of episodes and critic since the last progress record. */
  #sinceLastRecord(): Record<string, number> {
    const means = this.#rollout.takeMeans();
    const metrics: Record<string, number> = { ...this.#counts() };
    if (means) {
      metrics['return'] = means.meanReturn;
      metrics['length'] = means.meanLength;
    }
    const tally = this.critic?.tally();
    if (tally && tally.power > 0) metrics['criticError'] = tally.loss / tally.power;
    this.learner.resetTally();
    this.critic?.resetTally();
    return metrics;
  }

  #counts() {
    return { episodes: this.#rollout.episodes, environmentSteps: this.examplesSeen };
  }

  protected evaluate(): Pick<EvaluationRecord, 'metrics'> {
    const { evaluation } = this.#control;
    const { solvedAt } = this.#environment;
    const returns = playEpisodes(this.#compute, this.#environment, this.#policy, {
      ...evaluation,
      seed: this.config.seed,
      evaluation: this.step / this.stepsPerEpoch,
    });
    const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
    return {
      metrics: {
        return: mean,
        lowestReturn: returns.reduce((least, value) => Math.min(least, value), Infinity),
        ...(solvedAt === undefined ? {} : { solved: mean >= solvedAt ? 1 : 0 }),
        ...this.#counts(),
      },
    };
  }

  protected checkFinite(): void {
    for (const [name, learner] of [
      ['actor', this.learner],
      ['critic', this.critic],
    ] as const) {
      if (!learner || Number.isFinite(learner.tally().loss)) continue;
      const critic = name === 'critic' ? 'control.critic.optimiser.rate or ' : '';
      throw new ApicalError(
        'run.diverged',
        `The loss of the ${name} is not a finite number at step ${this.step} (epoch ${this.epoch.toFixed(2)}). ` +
          `${lowerRate(this.config, critic)}.`,
        { step: this.step, learner: name },
      );
    }
  }
}

/** Throws `config.control` if the settings do not fit the environment. */
function checkControl({ id, actions, timeLimit }: Environment, control: Control): void {
  const { baseline, horizon, entropy, discount } = control;
  if (baseline !== 'critic' && horizon !== 0 && timeLimit > 1) {
    throw new ApicalError(
      'config.control',
      `control.baseline is "${baseline}", so the return after ${horizon} steps is unknown: ` +
        'set control.horizon=0, which plays whole episodes.',
    );
  }
  if (entropy > 0 && actions.kind === 'continuous') {
    throw new ApicalError(
      'config.control',
      `control.entropy is ${entropy}, but the actions of "${id}" are continuous, and their deviation is fixed by control.deviation: set control.entropy=0.`,
    );
  }
  if (discount === 1 && baseline === 'critic' && timeLimit > 1 && horizon !== 0) {
    throw new ApicalError(
      'config.control',
      'control.discount is 1, with which the critic cannot learn from parts of episodes: set it below 1, or set control.horizon=0.',
    );
  }
}
