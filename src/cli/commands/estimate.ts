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
import { backendOption, repeatable } from '../options.ts';
import { table, Terminal } from '../terminal.ts';

/** Adds `apical estimate`, which measures a rule as an estimator of the exact gradient. */
export function addEstimateCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('estimate')
    .summary('measure bias, noise and cost of a rule as a gradient estimator')
    .description('Measures the bias, the noise and the cost of a rule as an estimator of the gradient.')
    .argument('[preset|config.json]', 'data and network to use; by default random data')
    .option('--rule <id|file>', 'learning rule; by default that of the config or the run')
    .option('--run <folder>', 'use the data, the network and the latest weights of a run')
    .option('--network <units>', 'units of each layer from the input on (784-128-10 for random data)')
    .option(
      '--samples <n>',
      `number of updates to draw, each with new noise; at least ${MINIMUM_SAMPLES}`,
      '200',
    )
    .option('--seeds <list>', 'seeds of weights, data and noise, such as 0..4 (that of the config, or 0)')
    .option('--batch <n>', 'examples per update (that of the config, or 10)')
    .addOption(
      repeatable(
        '--set <path=value>',
        'set an option of the rule, such as ruleOptions.samples=10, or a key of task, network, graph or objective',
      ),
    )
    .addOption(
      new Option(
        '--activation <name>',
        'activation of hidden layers (for random data relu, or what the rule needs)',
      ).choices(ACTIVATIONS),
    )
    .option('--angle <degrees>', 'report the cost of an update within this angle of the gradient', '30')
    .addOption(
      new Option(
        '--sweep <what>',
        'fit the growth of the variance with width, depth or number of outputs',
      ).choices(Object.keys(SWEEP_SIZES)),
    )
    .option('--sizes <list>', 'sizes of the sweep, such as 8,32,128')
    .addOption(backendOption('backend; by default that of the config, or auto'))
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical estimate mnist --rule node-perturbation',
        '  apical estimate --rule weight-perturbation --network 20-32-32-2 --sweep width --sizes 8,32,128',
        '  apical estimate --run runs/… --rule ./my-rule.ts --set ruleOptions.noise=0.1',
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
  // If the bias may be 0, its upper bound says more than an estimate that scatters above 0.
  const biasOf = ({ bias, intervals }: EstimateDocument['rows'][number]) =>
    intervals.bias?.[0] === 0 && intervals.bias[1] > 0 ? `< ${figure(intervals.bias[1], 2)}` : figure(bias);
  const figure = (value: number | null, digits = 3) =>
    value === null ? '–' : Number(value.toPrecision(digits)).toString();
  const withMargin = (value: number | null, interval: Interval | null) =>
    value === null || interval === null
      ? figure(value)
      : `${figure(value)} ± ${figure((interval[1] - interval[0]) / 2, 2)}`;
  const weights = run ? `weights of ${run.folder} at step ${run.step}` : 'initial weights';
  terminal.line(
    `${colours.bold(rule)} compared with the exact gradient: ${task ?? 'random data'}, ${batch} examples per update, ${weights}`,
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
        'data variance',
        'signal/noise',
        'updates needed',
      ],
      rows.map((row) => [
        row.network,
        String(row.seed),
        row.projection,
        String(row.synapses),
        withMargin(row.angleDegrees, row.intervals.angleDegrees),
        biasOf(row),
        withMargin(row.variance, row.intervals.variance),
        figure(row.dataVariance),
        withMargin(row.signalToNoise, row.intervals.signalToNoise),
        // Without a gradient there is no angle to reach.
        row.forAngle
          ? `${row.forAngle.samples} for ${row.forAngle.degrees}°`
          : row.bias === null
            ? '–'
            : 'never',
      ]),
    ),
  );
  const [first] = rows;
  if (first && new Set(rows.map(({ network }) => network)).size === 1) {
    terminal.line(
      `\nAn update costs ${figure(first.passes)} passes and ${figure(first.macs / 1e6)} M multiply–accumulates per example.`,
    );
  }
  terminal.line(
    '\nBias is relative to the gradient. Variance is over the noise of the rule on one batch, summed over synapses; ± gives 95 % intervals.',
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
