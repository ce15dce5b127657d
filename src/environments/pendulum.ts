import { onUnitCircle } from '../datasets/synthetic.ts';
import type { Environment } from './environment.ts';

/** Physical constants in SI units of a rod that rotates about one end. */
export const PENDULUM = {
  gravity: 10,
  mass: 1,
  length: 1,
  /** Time between two torques in seconds. */
  tau: 0.05,
  maximumTorque: 2,
  /** Radians per second. */
  maximumSpeed: 8,
} as const;

const TURN = 2 * Math.PI;

/** Returns the angular acceleration θ̈ of the rod, with θ measured from upright, in radians and seconds. */
const angularAcceleration = (angle: number, torque: number): number => {
  const { gravity, mass, length } = PENDULUM;
  const [, sine] = onUnitCircle(angle / TURN);
  return ((3 * gravity) / (2 * length)) * sine + (3 * torque) / (mass * length * length);
};

/** Returns (θ, θ̇) after `seconds` under a constant torque, with `steps` steps of the classical Runge–Kutta method. */
export function swing(
  [angle, speed]: readonly [number, number],
  torque: number,
  seconds: number,
  steps: number,
): readonly [number, number] {
  const h = seconds / steps;
  for (let taken = 0; taken < steps; taken++) {
    const a1 = angularAcceleration(angle, torque);
    const v2 = speed + (h / 2) * a1;
    const a2 = angularAcceleration(angle + (h / 2) * speed, torque);
    const v3 = speed + (h / 2) * a2;
    const a3 = angularAcceleration(angle + (h / 2) * v2, torque);
    const v4 = speed + h * a3;
    const a4 = angularAcceleration(angle + h * v3, torque);
    angle += (h / 6) * (speed + 2 * v2 + 2 * v3 + v4);
    speed += (h / 6) * (a1 + 2 * a2 + 2 * a3 + a4);
  }
  return [angle, speed];
}

/** Returns the kinetic plus potential energy of the rod in joules, which is 0 for a horizontal rod at rest. */
export function energyOf([angle, speed]: readonly [number, number]): number {
  const { gravity, mass, length } = PENDULUM;
  const [cosine] = onUnitCircle(angle / TURN);
  return (mass * length * length * speed * speed) / 6 + (mass * gravity * length * cosine) / 2;
}

/**
 * Returns a pendulum to be swung up and balanced by a torque too weak to lift it directly. The state is (θ, θ̇), with
 * θ = 0 upright:
 *
 *   θ̈ = (3g/2l) sin θ + (3/ml²) u,   |u| ≤ 2 N m,   reward −(θ² + 0.1 θ̇² + 0.001 u²) for θ in ±π
 *
 * in continuous time, integrated with `substeps` Runge–Kutta steps per torque of 0.05 s. The speed is limited to
 * ±8 rad/s. The initial angle is uniform, the initial speed uniform in ±1 rad/s, and an episode is truncated after 200
 * steps.
 *
 * Source: constants, rewards and limits follow Gymnasium's Pendulum-v1 (Towers et al. 2024), which takes one
 * semi-implicit Euler step per torque instead.
 */
export const pendulum = ({ substeps }: { readonly substeps: number }): Environment => ({
  id: 'pendulum',
  title: 'Pendulum',
  summary:
    'A rod to be swung up and balanced by a torque too weak to lift it, in continuous time: reward −(θ² + 0.1 θ̇² + 0.001 u²), 200 torques of 0.05 s.',
  cites: ['towers2024'],
  observations: 3,
  actions: { kind: 'continuous', low: [-PENDULUM.maximumTorque], high: [PENDULUM.maximumTorque] },
  timeLimit: 200,

  reset: (draws) => [Math.PI * (2 * draws.uniform() - 1), 2 * draws.uniform() - 1],

  step([angle = 0, speed = 0], [torque = 0]) {
    const wrapped = angle - TURN * Math.round(angle / TURN);
    const [nextAngle, nextSpeed] = swing([wrapped, speed], torque, PENDULUM.tau, substeps);
    const { maximumSpeed } = PENDULUM;
    return {
      state: [nextAngle, Math.min(maximumSpeed, Math.max(-maximumSpeed, nextSpeed))],
      reward: -(wrapped * wrapped + 0.1 * speed * speed + 0.001 * torque * torque),
      terminated: false,
    };
  },

  observe([angle = 0, speed = 0]) {
    const [cosine, sine] = onUnitCircle(angle / TURN);
    return [cosine, sine, speed / PENDULUM.maximumSpeed];
  },
});
