/**
 * The protocol of peers: one JSON document per line, over stdin and stdout.
 *
 *   on start    {"peer", "version", "maximumThreads", "details"}
 *   measure     {"work", "threads", "seconds"} -> {"millisecondsPerStep", "steps", "threads", "variant", "variants"}
 *   verify      {"verify": work, "threads", "steps"} -> {"results": {variant: numbers}, "threads"}
 *   any failure {"error"}
 *
 * Every work is written in the ways in which a competent user of the tool would write it. At the first request for a work,
 * all ways are tried in turn and the fastest is measured; the reply names it. A way is
 * `{ reset(), step(), result?(), loss?() }`. Each method may return a promise, and `step` must have completed its work, not
 * only queued it, when its promise settles.
 */
import readline from 'node:readline';

export const learningRate = 0.01;
/**
 * The state is reset after this many steps (untimed). Otherwise the momentum of silent units would decay to subnormal
 * numbers, whose slowness has nothing to do with the tool.
 */
const stepsBetweenResets = 256;
const shortestTimedMilliseconds = 0.2;
const calibrationRounds = 5;
const calibrationSeconds = 0.05;
/** A way that is slower than the best by this factor on its first steps is not tried further. */
const hopelessFactor = 4;

// stdout is reserved for replies; output of libraries goes to stderr.
console.log = console.error;
console.info = console.error;

/** Returns numbers, row-major: element i is scale × (frac(i × 2654435761 / 2³²) + offset), the same in every peer. */
export function fill(rows, columns, scale = 1, offset = -0.5) {
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < values.length; i++) {
    values[i] = ((Math.imul(i, 2654435761) >>> 0) / 4294967296 + offset) * scale;
  }
  return values;
}

/** Returns inputs (batch, inputs), uniform in [0, 1), and the class of each example. */
export function mlpInputs(work) {
  const classes = work.layers.at(-1);
  return {
    inputs: fill(work.batch, work.layers[0], 1, 0),
    targets: Int32Array.from({ length: work.batch }, (_, i) => i % classes),
  };
}

/** Returns weights (in, out) for each layer, uniform with variance 2 / in. */
export function mlpWeights(layers) {
  return layers.slice(1).map((units, i) => fill(layers[i], units, Math.sqrt(24 / layers[i])));
}

/** Returns one-hot rows (rows, classes). */
export function oneHot(targets, classes) {
  const values = new Float32Array(targets.length * classes);
  targets.forEach((target, row) => (values[row * classes + target] = 1));
  return values;
}

/** Returns a mask of inverted dropout from xorshift32: 1 / (1 − rate) for kept units, else 0. */
export function dropoutMask(length, rate) {
  const mask = new Float32Array(length);
  const threshold = rate * 4294967296;
  const keep = 1 / (1 - rate);
  let state = maskState;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    mask[i] = state >>> 0 >= threshold ? keep : 0;
  }
  maskState = state;
  return mask;
}
let maskState = 2463534242 | 0;

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Returns the milliseconds per step of each timed repetition, and the number of steps. */
async function sample(way, seconds) {
  await way.reset();
  for (let i = 0; i < 2; i++) await way.step();
  let start = performance.now();
  await way.step();
  const first = performance.now() - start;
  const inner = Math.max(1, Math.ceil(shortestTimedMilliseconds / Math.max(first, 1e-6)));
  const times = [];
  let steps = 0;
  let sinceReset = 3;
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    if (sinceReset >= stepsBetweenResets) {
      await way.reset();
      sinceReset = 0;
    }
    start = performance.now();
    for (let i = 0; i < inner; i++) await way.step();
    const end = performance.now();
    times.push((end - start) / inner);
    steps += inner;
    sinceReset += inner;
    if (end >= deadline) return { times, steps };
  }
}

/** Returns the milliseconds of the third step, or of an earlier step that takes longer than one second. */
async function firstStep(way) {
  await way.reset();
  let milliseconds = 0;
  for (let i = 0; i < 3 && milliseconds < 1000; i++) {
    const start = performance.now();
    await way.step();
    milliseconds = performance.now() - start;
  }
  return milliseconds;
}

const chosen = new Map();

/** Chooses the fastest way to write a work by its best round, because other load can only slow a round. */
async function choose(work, waysOf) {
  const key = JSON.stringify(work);
  const known = chosen.get(key);
  if (known) return known;
  const ways = [];
  for (const [name, make] of Object.entries(waysOf(work))) {
    const way = make();
    ways.push({ name, way, times: [], first: await firstStep(way) });
  }
  const hopeless = hopelessFactor * Math.min(...ways.map(({ first }) => first));
  const candidates = ways.filter(({ first }) => first <= hopeless);
  for (let round = 0; candidates.length > 1 && round < calibrationRounds; round++) {
    for (const { way, times } of candidates)
      times.push(median((await sample(way, calibrationSeconds)).times));
  }
  const variants = Object.fromEntries(
    ways.map(({ name, times, first }) => [name, times.length ? Math.min(...times) : first]),
  );
  const best = ways.toSorted((a, b) => variants[a.name] - variants[b.name])[0];
  const choice = { name: best.name, way: best.way, variants };
  chosen.set(key, choice);
  return choice;
}

async function verify(work, steps, waysOf) {
  const results = {};
  for (const [name, make] of Object.entries(waysOf(work))) {
    const way = make();
    await way.reset();
    if (work.kind === 'mlp-step') {
      results[name] = [await way.loss()];
      for (let i = 0; i < steps; i++) {
        await way.step();
        results[name].push(await way.loss());
      }
    } else {
      await way.step();
      results[name] = [...(await way.result())];
    }
  }
  return results;
}

/**
 * Sends the first message, then answers requests one by one until stdin ends.
 * `waysOf(work)` returns `{ name: () => way }`, or throws if the tool does not support the work.
 */
export async function serve({ peer, version, maximumThreads, threads, details, waysOf }) {
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  say({ peer, version, maximumThreads, details });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    try {
      const request = JSON.parse(line);
      if (request.threads !== threads) {
        throw new Error(`this process has ${threads} thread(s), but the request needs ${request.threads}`);
      }
      if (request.verify) {
        say({ results: await verify(request.verify, request.steps, waysOf), threads });
        continue;
      }
      const { name, way, variants } = await choose(request.work, waysOf);
      const { times, steps } = await sample(way, request.seconds);
      say({ millisecondsPerStep: median(times), steps, threads, variant: name, variants });
    } catch (error) {
      say({ error: error instanceof Error ? error.message : String(error) });
    }
  }
  process.exit(0);
}

/** Returns the error for work that a peer does not support. */
export function unknownWork(peer, work) {
  return new Error(
    work.kind === 'mlp-step' && work.rule && work.rule !== 'backprop'
      ? `the rule is '${work.rule}', but ${peer} is measured on backprop only`
      : `the kind of work is '${work.kind}', but it must be matmul, mlp-step or mlp-forward`,
  );
}
