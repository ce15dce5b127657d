import type { Command } from 'commander';
import { z } from 'zod';
import { didYouMean } from '../../suggest.ts';
import { ApicalError } from '../../errors.ts';
import { configSchema } from '../../config/config.ts';
import { PRESETS } from '../../config/presets.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';

const EXIT_CODES = [
  ['0', 'done'],
  ['1', 'a run failed (its folder holds the reason)'],
  ['2', 'the command, the config or the input is invalid'],
  ['3', 'a claim was not met'],
  ['130', 'interrupted, with a checkpoint'],
] as const;

/** Adds `apical help [topic]`, with help for every command and for topics that concern several. */
export function addHelpCommand(program: Command, finish: (code: number) => void): void {
  program.helpCommand(false);
  const topics: Readonly<Record<string, (terminal: Terminal) => object>> = {
    config: configHelp,
    presets: presetsHelp,
    exits: exitsHelp,
  };
  program
    .command('help')
    .summary('show help for a command, or for config, presets or exits')
    .description('Shows help for a command, for the keys of a config, for presets, or for exit codes.')
    .argument('[topic]', 'a command, or config, presets or exits')
    .addHelpText('before', 'Examples:\n  apical help run\n  apical help config\n')
    .action((topic: string | undefined, { json }: { json?: boolean }) => {
      const terminal = new Terminal(json ?? false);
      finish(EXIT.done);
      const command =
        topic === undefined ? program : program.commands.find((candidate) => candidate.name() === topic);
      if (command) {
        const text = helpOf(command);
        terminal.document({ version: 1, kind: 'help', topic: command.name(), text });
        terminal.line(text.trimEnd());
        return;
      }
      const show = topics[topic as string];
      if (!show) {
        const names = [...program.commands.map((candidate) => candidate.name()), ...Object.keys(topics)];
        throw new ApicalError(
          'help.unknown',
          `There is no help on "${topic}".${didYouMean(topic as string, names)} Topics: ${names.join(', ')}.`,
        );
      }
      terminal.document({ version: 1, kind: 'help', topic, ...show(terminal) });
    });

  function configHelp(terminal: Terminal): object {
    terminal.line('Keys for a config file or for --set path=value:\n');
    const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
    terminal.line(table(['key', 'values', 'default', 'meaning'], rowsOf(schema, '')));
    return { schema };
  }
  function presetsHelp(terminal: Terminal): object {
    terminal.line(
      table(
        ['preset', 'description'],
        PRESETS.map(({ id, title }) => [id, title]),
      ),
    );
    return { presets: PRESETS };
  }
  function exitsHelp(terminal: Terminal): object {
    terminal.line(table(['code', 'meaning'], EXIT_CODES));
    return { exits: Object.fromEntries(EXIT_CODES) };
  }
}

/** Returns the complete help of a command, with the texts added to it. */
function helpOf(command: Command): string {
  const { writeOut, ...others } = command.configureOutput();
  let text = '';
  command.configureOutput({ ...others, writeOut: (part) => (text += part) }).outputHelp();
  command.configureOutput({ ...others, ...(writeOut ? { writeOut } : {}) });
  return text;
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: string | number | boolean;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
}

function rowsOf(schema: JsonSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const path = prefix ? `${prefix}.${key}` : key;
    const isGroup = value.properties && path !== 'graph';
    if (isGroup && !value.properties['kind']) return rowsOf(value, path);
    if (path === 'optimiser' || path === 'readout') return rowsOf(value, path);
    const fallback = value.default === undefined ? '' : JSON.stringify(value.default);
    return [[path, valuesOf(value), fallback, value.description ?? '']];
  });
}

function valuesOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map(String).join(' | ');
  if (schema.const !== undefined) return String(schema.const);
  if (schema.anyOf)
    return schema.anyOf.length > 1 && schema.anyOf[0]?.type === 'number'
      ? 'number | schedule'
      : schema.anyOf.map(valuesOf).join(' | ');
  if (schema.type === 'array') return `[${schema.items ? valuesOf(schema.items) : ''}, …]`;
  return schema.type ?? 'any';
}
