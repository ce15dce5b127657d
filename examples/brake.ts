// An environment of one's own: `apical run --set task.environment=./examples/brake.ts --set control.horizon=20`.
import type { Environment } from 'apical';

/** A sledge on ice, to be brought to rest in the middle by pushes to either side. State: position and speed. */
const brake: Environment = {
  id: 'brake',
  title: 'Brake',
  summary:
    'A sledge on ice, pushed left, right or not at all: reward −(x² + ẋ²/4 + 0.01 per push), 60 steps of 0.1 s.',
  cites: [],
  observations: 2,
  actions: { kind: 'discrete', count: 3 },
  timeLimit: 60,
  reset: (draws) => [2 * draws.uniform() - 1, 2 * draws.uniform() - 1],
  step([x = 0, speed = 0], [action = 1]) {
    const push = action - 1;
    const faster = speed + 0.1 * push;
    return {
      state: [x + 0.1 * faster, faster],
      reward: -(x * x + (speed * speed) / 4 + 0.01 * Math.abs(push)),
      terminated: Math.abs(x) > 3,
    };
  },
  observe: (state) => state,
};

export default brake;
