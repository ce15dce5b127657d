import { describe, expect, test } from 'vitest';
import { CART_POLE, cartPole, nextState } from '../../src/environments/cart-pole.ts';
import { energyOf, pendulum, swing } from '../../src/environments/pendulum.ts';
import { Sequence, stream } from '../../src/random/index.ts';

const draws = () => new Sequence(stream(3, 'test'));

describe('the pendulum', () => {
  const start = [2, 1.5] as const;

  test('conserves energy without torque, to the fourth order of the step', () => {
    const drift = (steps: number) => Math.abs(energyOf(swing(start, 0, 4, steps)) - energyOf(start));
    const sizes = [100, 200, 400];
    expect(drift(400)).toBeLessThan(1e-4);
    for (const steps of sizes) {
      const order = Math.log2(drift(steps) / drift(2 * steps));
      expect(order).toBeGreaterThan(3.5);
    }
  });

  test('gains the work of the torque, ∫ u dθ', () => {
    const torque = 1.7;
    const end = swing(start, torque, 1, 2000);
    expect(energyOf(end) - energyOf(start)).toBeCloseTo(torque * (end[0] - start[0]), 8);
  });

  test('oscillates about its rest position with the period of a rod, 2π √(2l/3g)', () => {
    const period = 2 * Math.PI * Math.sqrt(2 / 30);
    const [angle, speed] = swing([Math.PI - 1e-4, 0], 0, period, 2000);
    expect(angle).toBeCloseTo(Math.PI - 1e-4, 9);
    expect(speed).toBeCloseTo(0, 6);
    const [opposite] = swing([Math.PI - 1e-4, 0], 0, period / 2, 2000);
    expect(opposite).toBeCloseTo(Math.PI + 1e-4, 9);
  });

  test('has the reward of the benchmark, with the angle to upright within half a turn', () => {
    const environment = pendulum({ substeps: 5 });
    const { reward, terminated } = environment.step([2 * Math.PI - 0.5, 2], [1.5], draws());
    expect(reward).toBeCloseTo(-(0.25 + 0.1 * 4 + 0.001 * 2.25), 12);
    expect(terminated).toBe(false);
  });
});

describe('the cart-pole', () => {
  test('follows the equations of Barto, Sutton and Anderson, in Euler steps', () => {
    // Computed by hand, upright and at rest: push 10/1.1, θ̈ = −push/(½(4/3 − 0.1/1.1)), ẍ = push − 0.05 θ̈/1.1.
    const push = 10 / 1.1;
    const angularAcceleration = -push / (0.5 * (4 / 3 - 0.1 / 1.1));
    const [x, speed, angle, spin] = nextState([0, 0, 0, 0], 10);
    expect([x, angle]).toEqual([0, 0]);
    expect(spin).toBeCloseTo(0.02 * angularAcceleration, 14);
    expect(speed).toBeCloseTo(0.02 * (push - (0.05 * angularAcceleration) / 1.1), 14);
    // The same in another position.
    const next = nextState([0.01, -0.02, 0.03, 0.04], 10);
    const sine = Math.sin(0.03);
    const cosine = Math.cos(0.03);
    const force = (10 + 0.05 * 0.04 ** 2 * sine) / 1.1;
    const acceleration = (9.8 * sine - cosine * force) / (0.5 * (4 / 3 - (0.1 * cosine ** 2) / 1.1));
    expect(next[0]).toBeCloseTo(0.01 - 0.0004, 14);
    expect(next[1]).toBeCloseTo(-0.02 + 0.02 * (force - (0.05 * acceleration * cosine) / 1.1), 13);
    expect(next[2]).toBeCloseTo(0.03 + 0.0008, 14);
    expect(next[3]).toBeCloseTo(0.04 + 0.02 * acceleration, 13);
  });

  test('is symmetric under reflection', () => {
    const state = [0.3, -0.2, 0.05, 0.4];
    const mirrored = nextState(
      state.map((value) => -value),
      -10,
    );
    expect(mirrored.map((value) => -value)).toEqual(nextState(state, 10));
  });

  test('conserves momentum and energy without a push, up to the error of Euler’s method', () => {
    const { cartMass, poleMass, halfLength, gravity, tau } = CART_POLE;
    const momentum = ([, v = 0, a = 0, w = 0]: readonly number[]) =>
      (cartMass + poleMass) * v + poleMass * halfLength * w * Math.cos(a);
    // The moment of inertia of the rod about its centre is m l²/3, where l is half the length.
    const energy = ([, v = 0, a = 0, w = 0]: readonly number[]) =>
      0.5 * (cartMass + poleMass) * v * v +
      poleMass * halfLength * v * w * Math.cos(a) +
      (2 / 3) * poleMass * halfLength ** 2 * w * w +
      poleMass * gravity * halfLength * Math.cos(a);
    const state = [0.1, 0.2, 0.1, -0.3];
    const next = nextState(state, 0);
    const size = tau * tau;
    expect(Math.abs(momentum(next) - momentum(state))).toBeLessThan(size);
    expect(Math.abs(energy(next) - energy(state))).toBeLessThan(size);
    // A wrong factor in either equation would cause an error of first order in tau.
    const wrong = [next[0], 0.2 + 1.1 * ((next[1] as number) - 0.2), next[2], next[3]] as number[];
    expect(Math.abs(momentum(wrong) - momentum(state))).toBeGreaterThan(
      10 * Math.abs(momentum(next) - momentum(state)),
    );
  });

  test('ends beyond 12 degrees and beyond 2.4 metres, and not before', () => {
    const ends = (state: readonly number[]) => cartPole.step(state, [1], draws()).terminated;
    expect(ends([0, 0, 0.2094, 0])).toBe(false);
    expect(ends([0, 0, 0.2095, 0])).toBe(true);
    expect(ends([2.39, 0, 0, 0])).toBe(false);
    expect(ends([2.41, 0, 0, 0])).toBe(true);
    expect(ends([-2.41, 0, 0, 0])).toBe(true);
  });
});
