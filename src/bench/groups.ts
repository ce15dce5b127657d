/** The groups of a benchmark. The subjects of a group take turns. */
import type { Compute } from '../tensor/compute.ts';
import { configSchema } from '../config/config.ts';
import type { Backends } from './backends.ts';
import { peerSubjects, ruleSubjects, timed } from './beside.ts';
import type { RuleComparison } from './beside.ts';
import { lenetProducts, product, productsOfStep, stepProducts, TrainingStep } from './own.ts';
import type { LenetWork, MatmulWork, MlpWork, Peer, PeerId } from './peers.ts';
import type { Subject } from './rounds.ts';
import { SampledGradient } from './sampling.ts';
import {
  ELIGIBILITY_WAYS,
  eligibilityUpdate,
  LATERAL_STORAGES,
  lateralProduct,
  sparseProduct,
} from './sparse.ts';
import { workerSubjects } from './workers.ts';

/** Names of the groups, in the order of the table. */
export const GROUPS = [
  'limit',
  'product',
  'step',
  'lenet',
  'equilibrium',
  'contrastive',
  'predictive',
  'targets',
  'rule',
  'share',
  'probe',
  'samples',
  'sparse',
  'lateral',
  'eligibility',
  'workers',
] as const;
/** The name of a group. */
export type GroupName = (typeof GROUPS)[number];

/** Subjects to be compared. */
export interface Group {
  readonly name: GroupName;
  /** Creates the subjects. It may open backends, so call it only when the group is due. */
  subjects(): Promise<Subject[]>;
}

/** Units of the perceptron in the groups `step`, `rule`, `share` and `probe`. */
export const LAYERS = [784, 800, 800, 10] as const;
const STEP: Omit<MlpWork, 'batch'> = {
  kind: 'mlp-step',
  layers: LAYERS,
  dropout: 0.5,
  inputDropout: 0.2,
  momentum: 0.9,
  rule: 'backprop',
};
const PRODUCTS = [
  [100, 784, 800],
  [512, 512, 512],
  [1024, 1024, 1024],
] as const;
/** The three networks of Scellier & Bengio (2017), with their numbers of steps. */
const EQUILIBRIUM = (
  [
    [[500], 20, 4],
    [[500, 500], 100, 6],
    [[500, 500, 500], 500, 8],
  ] as const
).map(([hidden, freeSteps, nudgedSteps]): RuleComparison => {
  const layers = [784, ...hidden, 10];
  return {
    id: `equilibrium/${layers.join('-')}`,
    title: `equilibrium step, ${layers.join('-')}`,
    work: {
      ...{ kind: 'equilibrium-step', layers, batch: 20, freeSteps, nudgedSteps },
      ...{ nudge: 1, stepSize: 0.5 },
    },
    ways: ["energy's derivative", 'plainly', 'in place'],
  };
});
/** Contrastive divergence with one Gibbs step: from the data, and with persistent chains, as in scikit-learn. */
const CONTRASTIVE = [false, true].map((persistent): RuleComparison => {
  const name = persistent ? 'persistent' : 'CD-1';
  return {
    id: `contrastive/${name}`,
    title: `${name === 'CD-1' ? name : 'persistent CD-1'} step, 784-500`,
    work: { kind: 'contrastive-step', layers: [784, 500], batch: 100, persistent, rate: 0.001 },
    ways: ['plainly', 'in place'],
    scikitLearn: persistent,
  };
});
const PREDICTIVE: RuleComparison = {
  id: 'predictive/784-600-600-10',
  title: 'predictive coding step, 784-600-600-10',
  work: {
    ...{ kind: 'predictive-step', layers: [784, 600, 600, 10], batch: 20 },
    ...{ steps: 20, stepSize: 0.1, rate: 0.001 },
  },
  ways: ["energy's derivative", 'plainly', 'in place'],
};
const TARGETS: RuleComparison = {
  id: 'targets/784-500-500-10',
  title: 'difference target propagation step, 784-500-500-10',
  work: {
    ...{ kind: 'targets-step', layers: [784, 500, 500, 10], batch: 100 },
    ...{ noise: 0.3, targetStep: 0.1, rate: 0.001 },
  },
  ways: ['autograd', 'plainly', 'in place'],
};
const RULES_BESIDE_PEERS: readonly (readonly [GroupName, RuleComparison])[] = [
  ...EQUILIBRIUM.map((comparison) => ['equilibrium', comparison] as const),
  ...CONTRASTIVE.map((comparison) => ['contrastive', comparison] as const),
  ['predictive', PREDICTIVE],
  ['targets', TARGETS],
];
/** The peers that take part in each group. */
export const PEERS_OF: Readonly<Partial<Record<GroupName, readonly PeerId[]>>> = {
  product: ['pytorch', 'tfjs-wasm', 'jax-js'],
  step: ['pytorch', 'tfjs-wasm', 'jax-js'],
  lenet: ['pytorch'],
  equilibrium: ['pytorch'],
  contrastive: ['pytorch', 'scikit-learn'],
  predictive: ['pytorch'],
  targets: ['pytorch'],
};
const LIMIT_SIZES = [768, 1024] as const;
const BATCHES = [100, 20, 1] as const;

/** Returns every group, with the peers that are available. */
export function groupsFor(backends: Backends, peers: readonly Peer[]): Group[] {
  return [
    { name: 'limit', subjects: () => limits(backends) },
    ...PRODUCTS.map(([m, k, n]): Group => {
      return { name: 'product', subjects: () => products(backends, peers, m, k, n) };
    }),
    ...BATCHES.map((batch): Group => {
      return { name: 'step', subjects: () => steps(backends, peers, { ...STEP, batch }) };
    }),
    { name: 'lenet', subjects: () => lenets(backends, peers) },
    ...RULES_BESIDE_PEERS.map(([name, comparison]): Group => {
      return { name, subjects: () => ruleSubjects(backends, peers, comparison) };
    }),
    { name: 'rule', subjects: () => rules(backends) },
    { name: 'share', subjects: () => shares(backends) },
    { name: 'probe', subjects: () => probes(backends) },
    { name: 'samples', subjects: () => samples(backends) },
    ...SPARSE_BATCHES.map((batch): Group => {
      return { name: 'sparse', subjects: () => sparseProducts(backends, batch) };
    }),
    { name: 'lateral', subjects: () => lateralProducts(backends) },
    { name: 'eligibility', subjects: () => eligibilities(backends) },
    { name: 'workers', subjects: async () => workerSubjects(await single(backends)) },
  ];
}

/** Returns the subjects of the machine limit: the rate of the BLAS on large products. */
async function limits(backends: Backends, sizes: readonly number[] = LIMIT_SIZES): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const { name, threads, compute } of await backends.all()) {
    if (name !== 'blas') continue;
    for (const size of sizes) {
      const way = product(compute, square(size));
      subjects.push({
        id: `limit/${threads}`,
        work: 'large matrix product',
        subject: 'machine limit',
        threads,
        multiplyAccumulates: size ** 3,
        note: `${size}³ on ${compute.backend.detail}`,
        measure: timed(way),
      });
    }
  }
  return subjects;
}

const square = (size: number): MatmulWork => {
  return { kind: 'matmul', m: size, k: size, n: size, transposeA: false, transposeB: false };
};

async function products(
  backends: Backends,
  peers: readonly Peer[],
  m: number,
  k: number,
  n: number,
): Promise<Subject[]> {
  const work: MatmulWork = { ...square(m), k, n };
  const id = `product/${m}x${k}x${n}`;
  const common = { work: `product ${m}×${k}×${n}`, multiplyAccumulates: m * k * n };
  return [
    ...(await limits(backends, LIMIT_SIZES.slice(-1))),
    ...(await backends.all()).map(({ name, family, threads, compute }): Subject => {
      const measure = timed(product(compute, work));
      return { ...common, id: `${id}/${family}/${threads}`, subject: `Apical ${name}`, threads, measure };
    }),
    ...mlpPeers(peers).flatMap((peer) => peerSubjects(peer, id, common, work)),
  ];
}

/** Returns the peers that support matrix products and perceptrons. */
const mlpPeers = (peers: readonly Peer[]) => peers.filter(({ id }) => PEERS_OF.step?.includes(id));

async function steps(backends: Backends, peers: readonly Peer[], work: MlpWork): Promise<Subject[]> {
  const id = `step/batch-${work.batch}`;
  const common = {
    work: `step, batch ${work.batch}`,
    examples: work.batch,
    multiplyAccumulates: stepProducts(work),
  };
  return [
    ...(await limits(backends, LIMIT_SIZES.slice(-1))),
    ...(await backends.all()).map(({ name, family, threads, compute }): Subject => {
      const measure = timed(new TrainingStep(compute, work));
      return { ...common, id: `${id}/${family}/${threads}`, subject: `Apical ${name}`, threads, measure };
    }),
    ...mlpPeers(peers).flatMap((peer) =>
      peer.id === 'pytorch'
        ? [
            ...peerSubjects(peer, id, common, { ...work, written: 'autograd' }, 'autograd'),
            ...peerSubjects(peer, id, common, { ...work, written: 'by hand' }, 'by hand'),
          ]
        : peerSubjects(peer, id, common, work),
    ),
  ];
}

/** Returns the subjects of the convolutional network, for which PyTorch is the only peer. */
async function lenets(backends: Backends, peers: readonly Peer[]): Promise<Subject[]> {
  const work: LenetWork = { kind: 'lenet-step', batch: 100, momentum: 0.9 };
  const id = 'lenet/batch-100';
  const common = {
    work: 'LeNet step, batch 100',
    examples: work.batch,
    multiplyAccumulates: lenetProducts(work),
  };
  return [
    ...(await backends.all()).map(({ name, family, threads, compute }): Subject => {
      const measure = timed(new TrainingStep(compute, work));
      return { ...common, id: `${id}/${family}/${threads}`, subject: `Apical ${name}`, threads, measure };
    }),
    ...peers
      .filter((peer) => peer.id === 'pytorch')
      .flatMap((peer) => peerSubjects(peer, id, common, work, 'autograd')),
  ];
}

/** Returns the fastest backend with one thread, for comparisons within Apical. */
const single = async (backends: Backends): Promise<Compute> =>
  (await backends.blas(1)) ?? (await backends.wasm(1));

/** Backpropagation, the reference, and the rules that use other feedback paths. */
const TIMED_RULES: readonly {
  readonly rule: string;
  readonly variant?: readonly string[];
  readonly ruleOptions?: Readonly<Record<string, unknown>>;
}[] = [
  { rule: 'backprop' },
  { rule: 'feedback-alignment' },
  { rule: 'direct-feedback-alignment' },
  ...['uniform', 'batchwise-random', 'fixed-random'].map((magnitudes) => ({
    ...{ rule: 'sign-symmetry', variant: [magnitudes], ruleOptions: { magnitudes } },
  })),
  { rule: 'kolen-pollack' },
  { rule: 'learned-feedback' },
  { rule: 'weight-mirror', variant: ['between mirroring'], ruleOptions: { every: 1e9 } },
  { rule: 'weight-mirror', variant: ['mirroring'] },
];

async function rules(backends: Backends): Promise<Subject[]> {
  const compute = await single(backends);
  return TIMED_RULES.map(({ rule, variant, ruleOptions }) => {
    const work: MlpWork = { ...STEP, batch: 100, rule, ...(ruleOptions ? { ruleOptions } : {}) };
    return {
      id: [`rule/${rule}`, ...(variant ?? [])].join('/').replaceAll(' ', '-'),
      work: 'step, batch 100',
      subject: [rule, ...(variant ?? [])].join(', '),
      threads: 1,
      examples: work.batch,
      ...(rule === 'backprop' ? { multiplyAccumulates: stepProducts(work) } : {}),
      measure: timed(new TrainingStep(compute, work)),
    };
  });
}

async function shares(backends: Backends): Promise<Subject[]> {
  const compute = await single(backends);
  const work: MlpWork = { ...STEP, batch: 100 };
  const common = { threads: 1, multiplyAccumulates: stepProducts(work) };
  return [
    {
      ...common,
      id: 'share/step',
      work: 'step, batch 100',
      subject: 'whole step',
      measure: timed(new TrainingStep(compute, work)),
    },
    {
      ...common,
      id: 'share/products',
      work: 'step, batch 100',
      subject: 'matrix products alone',
      measure: timed(productsOfStep(compute, work)),
    },
  ];
}

/** The default interval of probes and their number of examples. */
export const PROBE = configSchema.parse({}).probe;

async function probes(backends: Backends): Promise<Subject[]> {
  const compute = await single(backends);
  const step = new TrainingStep(compute, { ...STEP, batch: PROBE.examples, rule: 'feedback-alignment' });
  const work = `batch ${PROBE.examples}, feedback alignment`;
  return [
    { id: 'probe/step', work, subject: 'one step', threads: 1, measure: timed(step) },
    {
      id: 'probe/probe',
      work,
      subject: 'one probe',
      threads: 1,
      measure: timed({ step: () => step.probe() }),
    },
  ];
}

/** Number of samples of node perturbation in one estimate of the gradient. */
const SAMPLES = 1000;

async function samples(backends: Backends): Promise<Subject[]> {
  const compute = await single(backends);
  const layers = [784, 500, 10];
  return [false, true].map((batched) => ({
    id: batched ? 'samples/batched' : 'samples/one-by-one',
    work: `${SAMPLES} samples, node perturbation`,
    subject: batched ? 'one batched step' : 'one step per sample',
    threads: 1,
    measure: timed(new SampledGradient(compute, { layers, samples: SAMPLES, batched })),
  }));
}

/** Rows of the batches whose sparse products are timed. */
const SPARSE_BATCHES = [1, 32] as const;

async function sparseProducts(backends: Backends, batch: number): Promise<Subject[]> {
  const [units, density] = [1000, 0.1];
  return (await backends.all()).flatMap(({ name, family, threads, compute }) =>
    (['dense', 'sparse'] as const).map((storage): Subject => {
      const way = sparseProduct(compute, { units, density, batch, storage });
      return {
        id: `sparse/batch-${batch}/${family}-${threads}/${storage}`,
        work: `${units}×${units} at density ${density}, batch ${batch}`,
        subject: `Apical ${name}, ${storage === 'dense' ? 'masked matrix' : 'sparse'}`,
        threads,
        multiplyAccumulates: batch * way.synapses,
        measure: timed(way),
      };
    }),
  );
}

async function lateralProducts(backends: Backends): Promise<Subject[]> {
  const compute = await single(backends);
  return LATERAL_STORAGES.map((storage): Subject => {
    const way = lateralProduct(compute, storage);
    return {
      id: `lateral/${storage.replaceAll(' ', '-')}`,
      work: 'lateral weights within 10 units, 100×100 sheet, batch 1',
      subject: `Apical, ${storage}`,
      threads: 1,
      multiplyAccumulates: way.synapses,
      measure: timed(way),
    };
  });
}

async function eligibilities(backends: Backends): Promise<Subject[]> {
  const [batch, units] = [10, 100];
  return (await backends.all()).flatMap(({ name, family, threads, compute }) =>
    ELIGIBILITY_WAYS.map((written): Subject => {
      return {
        id: `eligibility/${family}-${threads}/${written.replaceAll(' ', '-')}`,
        work: `eligibility of ${units}×${units} synapses, batch ${batch}`,
        subject: `Apical ${name}, ${written}`,
        threads,
        examples: batch,
        measure: timed(eligibilityUpdate(compute, { batch, units, written })),
      };
    }),
  );
}
