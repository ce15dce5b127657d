import type { Command } from 'commander';
import { describeRules } from '../../runs/rule-catalogue.ts';
import type { RuleDescription } from '../../runs/rule-catalogue.ts';
import { citation } from '../../runs/bibliography.ts';
import { describeStored } from '../../analysis/audit/stored.ts';
import { STANDARD_LAYERS } from '../../analysis/audit/standard-audit.ts';
import { parseLayers } from '../../studies/subject.ts';
import { plural } from '../../reports/charts/format.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';

/** Adds `apical rules`, which lists rules with their locality and cost, as measured in a real step. */
export function addRulesCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('rules')
    .summary('list learning rules with equation, options, locality and cost')
    .description(
      'Lists all learning rules, or shows one with its equation, source, options, locality and cost.',
    )
    .argument('[id|file]', 'rule to show in full: an id or a file that exports one')
    .option(
      '--network <units>',
      'units of each layer of the network on which the step is measured',
      STANDARD_LAYERS.join('-'),
    )
    .addHelpText(
      'before',
      'Examples:\n  apical rules\n  apical rules feedback-alignment\n  apical rules ./my-rule.ts --network 784-128-10 --json\n',
    )
    .action(async (reference: string | undefined, { network, json }: { network: string; json?: boolean }) => {
      const terminal = new Terminal(json ?? false);
      const rules = await describeRules(
        reference === undefined ? undefined : [reference],
        parseLayers(network),
      );
      terminal.document({ version: 1, kind: 'rules', rules });
      if (reference === undefined) showList(terminal, rules, network);
      else for (const rule of rules) showRule(terminal, rule, network);
      finish(EXIT.done);
    });
}

function showList(terminal: Terminal, rules: readonly RuleDescription[], network: string): void {
  terminal.line(
    table(
      ['id', 'family', 'transposed weights', 'signed error', 'waits for', 'phases', 'MACs vs backprop'],
      rules.map(({ id, family, locality, cost, costRatio }) => [
        id,
        family,
        locality.some(({ transposedWeights }) => transposedWeights.length > 0) ? 'yes' : 'no',
        locality.some(({ signedError }) => signedError) ? 'yes' : 'no',
        plural(Math.max(0, ...locality.map(({ waitsForProjections }) => waitsForProjections)), 'area'),
        String(locality[0]?.phases ?? 0),
        `${((cost.forwardMacs + cost.feedbackMacs + cost.updateMacs) / 1e6).toFixed(2)} M  ${costRatio.toFixed(2)} ×`,
      ]),
    ),
  );
  terminal.line(
    `\nMeasured in real steps of a ${network} network. MACs are the multiply–accumulates of a step per example.`,
  );
  terminal.line('`apical rules ID` shows one rule in full.');
}

function showRule(terminal: Terminal, rule: RuleDescription, network: string): void {
  const { colours } = terminal;
  terminal.line(`${colours.bold(rule.title)} (${rule.id}), ${rule.family}`);
  terminal.line(`  ${rule.summary}`);
  terminal.line(`\nEquation (TeX)\n  ${rule.equation}`);
  terminal.line(`\nSource\n${rule.cites.map((key) => `  ${citation(key)}`).join('\n') || '  none'}`);
  const options = Object.entries(rule.options.properties ?? {});
  terminal.line(`\nOptions${options.length === 0 ? '\n  none' : ''}`);
  for (const [name, schema] of options) {
    const choices = schema.enum ? schema.enum.map(String).join(' | ') : (schema.type ?? '');
    const fallback = schema.default === undefined ? '' : `, default ${JSON.stringify(schema.default)}`;
    terminal.line(`  ruleOptions.${name} (${choices}${fallback})\n    ${schema.description ?? ''}`);
  }
  const { steps } = rule;
  terminal.line(
    `\nLocality: the signals that reached the synapses of each projection in three real steps${steps === undefined ? '' : `, each on sequences of ${steps}`}`,
  );
  terminal.line(
    table(
      [
        'projection',
        'transposed weights',
        'signed error',
        'target',
        'error in input',
        'global scalars',
        'phases',
        'error crossed',
        'must store',
        'backwards in time',
        'read outside',
      ],
      rule.locality.map((row) => [
        row.projection,
        row.transposedWeights.join(', ') || 'none',
        yesNo(row.signedError),
        yesNo(row.target),
        yesNo(row.errorInInput),
        // Their sources are listed below the table.
        row.globalScalars.map((scalar) => scalar.replace(/ from .*/, '')).join(', ') || 'none',
        String(row.phases),
        plural(row.waitsForProjections, 'projection'),
        // What is stored or was read is said below the table.
        row.stored.length === 0 ? 'nothing' : plural(row.stored.length, 'state'),
        yesNo(row.backwardsInTime),
        yesNo(row.valuesRead.length > 0),
      ]),
    ),
  );
  for (const { projection, sources, stored, valuesRead } of rule.locality) {
    terminal.line(`  ${projection}: from ${sources.join(', ')}`);
    if (stored.length > 0) terminal.line(`    must store ${describeStored(stored)}`);
    if (valuesRead.length > 0) {
      terminal.line(
        `    read outside of operations, so the update may depend on them in any way: ${valuesRead.join(', ')}`,
      );
    }
  }
  for (const violation of rule.reachViolations) {
    terminal.line(`  Beyond its declared reach, one layer: ${violation}`);
  }
  const { forwardMacs, feedbackMacs, updateMacs, bytesBetweenAreas } = rule.cost;
  terminal.line(
    steps === undefined
      ? `\nCost of one step per example, in a ${network} network`
      : `\nCost of one step in time per sequence, in a ${network} network whose hidden areas project to themselves`,
  );
  terminal.line(
    `  forward ${millions(forwardMacs)}, feedback ${millions(feedbackMacs)}, update ${millions(updateMacs)} multiply–accumulates`,
  );
  terminal.line(
    `  ${Math.round(bytesBetweenAreas)} bytes between areas; ${rule.costRatio.toFixed(2)} × ${steps === undefined ? "backprop's multiply–accumulates" : 'those of backpropagation through time'}`,
  );
}

const yesNo = (value: boolean) => (value ? 'yes' : 'no');
const millions = (value: number) => `${(value / 1e6).toFixed(2)} M`;
