import { onUnitCircle } from '../datasets/synthetic.ts';
import type { Environment, State } from './environment.ts';

/** SI units. `force`: of a push; `tau`: seconds between two. */
export const CART_POLE = {
  gravity: 9.8,
  cartMass: 1,
  poleMass: 0.1,
  /** Half the pole's length. */
  halfLength: 0.5,
  force: 10,
  tau: 0.02,
  /** Where an episode ends: metres from the middle, and radians (12°) from upright. */
  track: 2.4,
  tilt: (12 * 2 * Math.PI) / 360,
} as const;

/** Numbers of size about 1 for the network: metres, metres a second, radians, radians a second. */
const SCALE = [CART_POLE.track, 2, CART_POLE.tilt, 2] as const;

/**
 * A pole on a cart that is pushed left or right with a fixed force, 50 times a second. State (x, ẋ, θ, θ̇), without
 * friction:
 *
 *   θ̈ = ( g sin θ − cos θ · (F + m_p l θ̇² sin θ)/M ) / ( l (4/3 − m_p cos²θ / M) ),   M = m_c + m_p
 *   ẍ = ( F + m_p l θ̇² sin θ )/M − m_p l θ̈ cos θ / M
 *
 * by Euler's method: positions move by the old speeds. Reward 1 a step; over at |x| > 2.4 m or |θ| > 12°; cut after
 * 500 steps; solved at a mean return of 475. It starts within ±0.05 in each number.
 *
 * Source: Barto, Sutton & Anderson (1983); constants, start and limits are those of the usual benchmark
 * (Gymnasium's CartPole-v1; Towers et al. 2024).
 */
export const cartPole: Environment = {
  id: 'cart-pole',
  title: 'Cart-pole',
  summary:
    'A pole on a cart, pushed left or right 50 times a second: reward 1 a step until it leans by 12° or leaves the track, 500 at most.',
  cites: ['barto1983', 'towers2024'],
  observations: 4,
  actions: { kind: 'discrete', count: 2 },
  timeLimit: 500,
  solvedAt: 475,

  reset: (draws) => Array.from({ length: 4 }, () => 0.1 * draws.uniform() - 0.05),

  step(state, [push]) {
    const next = pushed(state, push === 1 ? CART_POLE.force : -CART_POLE.force);
    const [x, , tilt] = next as [number, number, number, number];
    return {
      state: next,
      reward: 1,
      terminated: Math.abs(x) > CART_POLE.track || Math.abs(tilt) > CART_POLE.tilt,
    };
  },

  observe: (state) => state.map((value, index) => value / (SCALE[index] as number)),
};

/** The state `tau` seconds later, under a force in newtons. */
export function pushed(state: State, force: number): State {
  const [x, speed, angle, spin] = state as [number, number, number, number];
  const { gravity, cartMass, poleMass, halfLength, tau } = CART_POLE;
  const [cosine, sine] = onUnitCircle(angle / (2 * Math.PI));
  const mass = cartMass + poleMass;
  const push = (force + poleMass * halfLength * spin * spin * sine) / mass;
  const turning =
    (gravity * sine - cosine * push) / (halfLength * (4 / 3 - (poleMass * cosine * cosine) / mass));
  const acceleration = push - (poleMass * halfLength * turning * cosine) / mass;
  return [x + tau * speed, speed + tau * acceleration, angle + tau * spin, spin + tau * turning];
}
