import process from 'node:process';
import type { Command } from 'commander';
import { Option } from 'commander';
import { openBackend } from '../../backends/open.ts';
import { ApicalError } from '../../errors.ts';
import {
  MINIMUM_SAMPLES,
  parseLayers,
  runEstimate,
  SWEEP_SIZES,
  sweepOf,
} from '../../experiments/estimate.ts';
import type { EstimateDocument, Interval } from '../../experiments/estimate.ts';
import { assign, parseSeeds } from '../../experiments/plan.ts';
import { loadRule } from '../../experiments/rule-file.ts';
import { ruleFailure } from '../../experiments/run.ts';
import { ACTIVATIONS } from '../../tensor/index.ts';
import type { Activation } from '../../tensor/index.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';

interface EstimateArguments {
  readonly rule: string;
  readonly network: string;
  readonly samples: string;
  readonly seeds: string;
  readonly batch: string;
  readonly activation: Activation;
  readonly angle: string;
  readonly set: readonly string[];
  readonly sweep?: 'width' | 'depth';
  readonly sizes?: string;
  readonly backend: 'auto' | 'blas' | 'wasm' | 'reference';
  readonly json?: boolean;
}

/** `apical estimate`: a rule's update as an estimator of the exact gradient. */
export function addEstimateCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('estimate')
    .summary('how biased and how noisy a rule is as an estimator of the gradient, and at what price')
    .requiredOption('--rule <id|file>', 'the rule')
    .option('--network <units>', 'units of each layer, the input first', '784-128-10')
    .option('--samples <n>', `updates drawn, each with noise of its own; at least ${MINIMUM_SAMPLES}`, '200')
    .option('--seeds <list>', 'such as 0..4: weights, data and noise of each', '0')
    .option('--batch <n>', 'examples of an update', '10')
    .option(
      '--set <path=value>',
      'an option of the rule: ruleOptions.samples=10; may be repeated',
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .addOption(new Option('--activation <name>', 'of hidden layers').choices(ACTIVATIONS).default('relu'))
    .option('--angle <degrees>', 'say what it costs to come this near to the gradient', '30')
    .addOption(
      new Option(
        '--sweep <what>',
        'fit how the variance grows with the width or number of hidden layers',
      ).choices(['width', 'depth']),
    )
    .option('--sizes <list>', 'sizes of the sweep, such as 8,32,128')
    .addOption(
      new Option('--backend <name>', 'where to compute')
        .choices(['auto', 'blas', 'wasm', 'reference'])
        .default('auto'),
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical estimate --rule node-perturbation --network 784-128-10 --samples 200',
        '  apical estimate --rule weight-perturbation --network 20-32-32-2 --sweep width --sizes 8,32,128,512',
        '  apical estimate --rule ./my-rule.ts --set ruleOptions.noise=0.1 --json',
        '',
      ].join('\n'),
    )
    .action(async (options: EstimateArguments) => {
      const terminal = new Terminal(options.json ?? false);
      const document = await estimate(terminal, options);
      terminal.document(document);
      show(terminal, document);
      finish(EXIT.done);
    });
}

async function estimate(terminal: Terminal, options: EstimateArguments): Promise<EstimateDocument> {
  const layers = parseLayers(options.network);
  const networks = options.sweep
    ? sweepOf(layers, options.sweep, options.sizes ? parseSizes(options.sizes) : SWEEP_SIZES[options.sweep])
    : [layers];
  if (options.sizes !== undefined && options.sweep === undefined) {
    throw new ApicalError(
      'estimate.sweep',
      '--sizes says the sizes of a sweep: give --sweep width or depth too.',
    );
  }
  const input: Record<string, unknown> = {};
  for (const assignment of options.set) assign(input, assignment);
  const other = Object.keys(input).find((key) => key !== 'ruleOptions');
  if (other !== undefined) {
    throw new ApicalError(
      'config.set',
      `--set of \`apical estimate\` takes options of the rule, such as ruleOptions.samples=10, but it is given "${other}".`,
    );
  }
  const seeds = parseSeeds(options.seeds);
  const rule = await loadRule(options.rule);
  const compute = await openBackend({ backend: options.backend });
  try {
    return runEstimate(compute, {
      rule,
      options: input['ruleOptions'] ?? {},
      networks,
      samples: Number(options.samples),
      seeds,
      batch: Number(options.batch),
      activation: options.activation,
      degrees: Number(options.angle),
      onProgress: (done, total, network) => {
        if (terminal.animated) process.stderr.write(`\r\u001b[K${done + 1}/${total} ${network}`);
      },
    });
  } catch (error) {
    throw ruleFailure(rule, 'in an estimate', error);
  } finally {
    if (terminal.animated) process.stderr.write('\r\u001b[K');
    compute.dispose();
  }
}

function parseSizes(text: string): number[] {
  const sizes = text.split(',').map((part) => (/^[1-9]\d{0,6}$/.test(part.trim()) ? Number(part) : NaN));
  if (sizes.some(Number.isNaN) || new Set(sizes).size < Math.max(2, sizes.length)) {
    throw new ApicalError(
      'estimate.sweep',
      `--sizes takes at least two different whole numbers such as 8,32,128, but it is "${text}".`,
    );
  }
  return sizes;
}

function show(terminal: Terminal, { rule, rows, growth, batch }: EstimateDocument): void {
  const { colours } = terminal;
  const figure = (value: number | null, digits = 3) =>
    value === null ? '–' : Number(value.toPrecision(digits)).toString();
  const within = (value: number | null, interval: Interval | null) =>
    value === null || interval === null
      ? figure(value)
      : `${figure(value)} ± ${figure((interval[1] - interval[0]) / 2, 2)}`;
  terminal.line(`${colours.bold(rule)}, ${batch} examples an update, beside the exact gradient`);
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
        figure(row.bias),
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
