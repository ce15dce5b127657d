import process from 'node:process';
import type { Command } from 'commander';
import { Option } from 'commander';
import { MINIMUM_SAMPLES } from '../../studies/estimate.ts';
import type { EstimateDocument, Interval } from '../../studies/estimate.ts';
import { estimate } from '../../studies/estimate-plan.ts';
import type { EstimateOptions } from '../../studies/estimate-plan.ts';
import { SWEEP_SIZES } from '../../studies/subject.ts';
import { ACTIVATIONS } from '../../tensor/index.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';

/** `apical estimate`: a rule's update as an estimator of the exact gradient. */
export function addEstimateCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('estimate')
    .summary('how biased and how noisy a rule is as an estimator of the gradient, and at what price')
    .argument('[preset|config.json]', 'its data and its network; without one, random numbers')
    .option('--rule <id|file>', 'the rule; by default that of the config or the run')
    .option('--run <folder>', 'on the data, the network and the newest weights of a run')
    .option('--network <units>', 'units of each layer, the input first (784-128-10 for random numbers)')
    .option('--samples <n>', `updates drawn, each with noise of its own; at least ${MINIMUM_SAMPLES}`, '200')
    .option('--seeds <list>', 'such as 0..4: weights, data and noise of each (that of the config, or 0)')
    .option('--batch <n>', 'examples of an update (that of the config, or 10)')
    .option(
      '--set <path=value>',
      'an option of the rule, such as ruleOptions.samples=10, or the task, network, graph or objective of a config; may be repeated',
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .addOption(
      new Option(
        '--activation <name>',
        'of hidden layers (for random numbers relu, or what the rule needs)',
      ).choices(ACTIVATIONS),
    )
    .option('--angle <degrees>', 'say what it costs to come this near to the gradient', '30')
    .addOption(
      new Option(
        '--sweep <what>',
        'fit how the variance grows with the width or number of hidden layers, or with the outputs',
      ).choices(Object.keys(SWEEP_SIZES)),
    )
    .option('--sizes <list>', 'sizes of the sweep, such as 8,32,128')
    .addOption(
      new Option('--backend <name>', 'where to compute (that of the config, or auto)').choices([
        'auto',
        'blas',
        'wasm',
        'reference',
      ]),
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical estimate --rule node-perturbation --network 784-128-10 --samples 200',
        '  apical estimate --rule weight-perturbation --network 20-32-32-2 --sweep width --sizes 8,32,128,512',
        '  apical estimate mnist --rule node-perturbation --network 784-128-10 --batch 10',
        '  apical estimate --run runs/… --rule node-perturbation',
        '  apical estimate --rule ./my-rule.ts --set ruleOptions.noise=0.1 --json',
        '',
      ].join('\n'),
    )
    .action(async (base: string | undefined, options: Omit<EstimateOptions, 'base'> & { json?: boolean }) => {
      const terminal = new Terminal(options.json ?? false);
      let document: EstimateDocument;
      try {
        document = await estimate({ ...options, base }, (done, total, network) => {
          if (terminal.animated) process.stderr.write(`\r\u001b[K${done + 1}/${total} ${network}`);
        });
      } finally {
        if (terminal.animated) process.stderr.write('\r\u001b[K');
      }
      terminal.document(document);
      show(terminal, document);
      finish(EXIT.done);
    });
}

function show(terminal: Terminal, { rule, rows, growth, batch, task, run }: EstimateDocument): void {
  const { colours } = terminal;
  // Where it may be none, its upper bound says more than a figure that scatters from 0 up.
  const biasOf = ({ bias, intervals }: EstimateDocument['rows'][number]) =>
    intervals.bias?.[0] === 0 && intervals.bias[1] > 0 ? `< ${figure(intervals.bias[1], 2)}` : figure(bias);
  const figure = (value: number | null, digits = 3) =>
    value === null ? '–' : Number(value.toPrecision(digits)).toString();
  const within = (value: number | null, interval: Interval | null) =>
    value === null || interval === null
      ? figure(value)
      : `${figure(value)} ± ${figure((interval[1] - interval[0]) / 2, 2)}`;
  const weights = run ? `weights of ${run.folder} at step ${run.step}` : 'initial weights';
  terminal.line(
    `${colours.bold(rule)}, ${batch} examples an update of ${task ?? 'random numbers'}, ${weights}, beside the exact gradient`,
  );
  terminal.line(
    table(
      [
        'network',
        'seed',
        'projection',
        'synapses',
        'angle °',
        'bias',
        'variance',
        'over data',
        'signal/noise',
        'for the angle',
      ],
      rows.map((row) => [
        row.network,
        String(row.seed),
        row.projection,
        String(row.synapses),
        within(row.angleDegrees, row.intervals.angleDegrees),
        biasOf(row),
        within(row.variance, row.intervals.variance),
        figure(row.dataVariance),
        within(row.signalToNoise, row.intervals.signalToNoise),
        row.forAngle ? `${row.forAngle.samples} updates for ${row.forAngle.degrees}°` : 'never',
      ]),
    ),
  );
  const [first] = rows;
  if (first && new Set(rows.map(({ network }) => network)).size === 1) {
    terminal.line(
      `\nAn update costs ${figure(first.passes)} passes and ${figure(first.macs / 1e6)} M multiply–accumulates an example.`,
    );
  }
  terminal.line(
    '\nBias is relative to the gradient; variance is summed over synapses, over the noise of the rule on one batch; ± are 95 % intervals.',
  );
  if (growth.length === 0) return;
  terminal.line('\nGrowth of the variance relative to the squared gradient');
  terminal.line(
    table(
      ['projection', 'with', 'exponent', '95 % interval', 'sizes'],
      growth.map((row) => [
        row.projection,
        row.with,
        figure(row.exponent),
        row.interval ? `${figure(row.interval[0])} to ${figure(row.interval[1])}` : 'too few points',
        String(row.sizes),
      ]),
    ),
  );
}
