import { onUnitCircle } from '../datasets/synthetic.ts';
import type { Environment } from './environment.ts';

/** SI units: a rod of this mass and length that turns about its end. */
export const PENDULUM = {
  gravity: 10,
  mass: 1,
  length: 1,
  /** Seconds between two torques. */
  tau: 0.05,
  maximumTorque: 2,
  /** Radians a second. */
  maximumSpeed: 8,
} as const;

const TURN = 2 * Math.PI;

/** θ̈ of the rod, θ from upright, in radians and seconds. */
const turning = (angle: number, torque: number): number => {
  const { gravity, mass, length } = PENDULUM;
  const [, sine] = onUnitCircle(angle / TURN);
  return ((3 * gravity) / (2 * length)) * sine + (3 * torque) / (mass * length * length);
};

/** (θ, θ̇) after `seconds` under a constant torque, by `steps` steps of the classical Runge–Kutta method. */
export function swing(
  [angle, speed]: readonly [number, number],
  torque: number,
  seconds: number,
  steps: number,
): readonly [number, number] {
  const h = seconds / steps;
  for (let taken = 0; taken < steps; taken++) {
    const a1 = turning(angle, torque);
    const v2 = speed + (h / 2) * a1;
    const a2 = turning(angle + (h / 2) * speed, torque);
    const v3 = speed + (h / 2) * a2;
    const a3 = turning(angle + (h / 2) * v2, torque);
    const v4 = speed + h * a3;
    const a4 = turning(angle + h * v3, torque);
    angle += (h / 6) * (speed + 2 * v2 + 2 * v3 + v4);
    speed += (h / 6) * (a1 + 2 * a2 + 2 * a3 + a4);
  }
  return [angle, speed];
}

/** Kinetic and potential energy of the rod in joules, 0 at rest and level. */
export function energyOf([angle, speed]: readonly [number, number]): number {
  const { gravity, mass, length } = PENDULUM;
  const [cosine] = onUnitCircle(angle / TURN);
  return (mass * length * length * speed * speed) / 6 + (mass * gravity * length * cosine) / 2;
}

/**
 * A pendulum that is to be swung up by a torque too weak to lift it, and held there. State (θ, θ̇), θ = 0 upright:
 *
 *   θ̈ = (3g/2l) sin θ + (3/ml²) u,   |u| ≤ 2 N m,   reward −(θ² + 0.1 θ̇² + 0.001 u²) for θ in ±π
 *
 * in continuous time, integrated with `substeps` Runge–Kutta steps for each torque of 0.05 s; the speed is bounded to
 * ±8 rad/s. It starts anywhere, at up to ±1 rad/s, and is cut after 200 steps.
 *
 * Source: the constants, rewards and limits are those of the usual benchmark (Gymnasium's Pendulum-v1; Towers et al.
 * 2024), which takes one semi-implicit Euler step a torque.
 */
export const pendulum = ({ substeps }: { readonly substeps: number }): Environment => ({
  id: 'pendulum',
  title: 'Pendulum',
  summary:
    'A rod to be swung up and held by a torque too weak to lift it, in continuous time: reward −(θ² + 0.1 θ̇² + 0.001 u²), 200 torques of 0.05 s.',
  cites: ['towers2024'],
  observations: 3,
  actions: { kind: 'continuous', low: [-PENDULUM.maximumTorque], high: [PENDULUM.maximumTorque] },
  timeLimit: 200,

  reset: (draws) => [Math.PI * (2 * draws.uniform() - 1), 2 * draws.uniform() - 1],

  step([angle = 0, speed = 0], [torque = 0]) {
    const lean = angle - TURN * Math.round(angle / TURN);
    const [turned, spun] = swing([lean, speed], torque, PENDULUM.tau, substeps);
    const { maximumSpeed } = PENDULUM;
    return {
      state: [turned, Math.min(maximumSpeed, Math.max(-maximumSpeed, spun))],
      reward: -(lean * lean + 0.1 * speed * speed + 0.001 * torque * torque),
      terminated: false,
    };
  },

  observe([angle = 0, speed = 0]) {
    const [cosine, sine] = onUnitCircle(angle / TURN);
    return [cosine, sine, speed / PENDULUM.maximumSpeed];
  },
});
