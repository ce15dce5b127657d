import { onUnitCircle } from '../datasets/synthetic.ts';
import type { Environment, State } from './environment.ts';

/** Physical constants in SI units. `force` is that of a push and `tau` the time between two pushes. */
export const CART_POLE = {
  gravity: 9.8,
  cartMass: 1,
  poleMass: 0.1,
  /** Half the length of the pole. */
  halfLength: 0.5,
  force: 10,
  tau: 0.02,
  /** Limits beyond which an episode ends: metres from the centre, and radians (12°) from upright. */
  track: 2.4,
  tilt: (12 * 2 * Math.PI) / 360,
} as const;

/** Divisors that bring observations to about 1: metres, metres per second, radians, radians per second. */
const SCALE = [CART_POLE.track, 2, CART_POLE.tilt, 2] as const;

/**
 * A pole on a cart that is pushed left or right with a fixed force, 50 times per second. The state is (x, ẋ, θ, θ̇), and
 * there is no friction:
 *
 *   θ̈ = ( g sin θ − cos θ · (F + m_p l θ̇² sin θ)/M ) / ( l (4/3 − m_p cos²θ / M) ),   M = m_c + m_p
 *   ẍ = ( F + m_p l θ̇² sin θ )/M − m_p l θ̈ cos θ / M
 *
 * integrated with Euler's method, in which positions move with the old speeds. The reward is 1 per step. An episode
 * ends at |x| > 2.4 m or |θ| > 12° and is truncated after 500 steps. The task is solved at a mean return of 475. Each
 * state variable starts uniformly within ±0.05.
 *
 * Source: Barto, Sutton & Anderson (1983); constants, initial states and limits follow Gymnasium's CartPole-v1 (Towers
 * et al. 2024).
 */
export const cartPole: Environment = {
  id: 'cart-pole',
  title: 'Cart-pole',
  summary:
    'A pole on a cart that is pushed left or right 50 times per second: reward 1 per step, at most 500, until the pole leans by 12° or the cart leaves the track.',
  cites: ['barto1983', 'towers2024'],
  observations: 4,
  actions: { kind: 'discrete', count: 2 },
  timeLimit: 500,
  solvedAt: 475,

  reset: (draws) => Array.from({ length: 4 }, () => 0.1 * draws.uniform() - 0.05),

  step(state, [push]) {
    const next = nextState(state, push === 1 ? CART_POLE.force : -CART_POLE.force);
    const [x, , tilt] = next as [number, number, number, number];
    return {
      state: next,
      reward: 1,
      terminated: Math.abs(x) > CART_POLE.track || Math.abs(tilt) > CART_POLE.tilt,
    };
  },

  observe: (state) => state.map((value, index) => value / (SCALE[index] as number)),
};

/** Returns the state `tau` seconds later under a constant force in newtons. */
export function nextState(state: State, force: number): State {
  const [x, speed, angle, spin] = state as [number, number, number, number];
  const { gravity, cartMass, poleMass, halfLength, tau } = CART_POLE;
  const [cosine, sine] = onUnitCircle(angle / (2 * Math.PI));
  const mass = cartMass + poleMass;
  const push = (force + poleMass * halfLength * spin * spin * sine) / mass;
  const angularAcceleration =
    (gravity * sine - cosine * push) / (halfLength * (4 / 3 - (poleMass * cosine * cosine) / mass));
  const acceleration = push - (poleMass * halfLength * angularAcceleration * cosine) / mass;
  return [x + tau * speed, speed + tau * acceleration, angle + tau * spin, spin + tau * angularAcceleration];
}
