import { useEffect, useState } from 'preact/hooks';
import type { Schema } from '../protocol.ts';
import { t } from '../state/preferences.ts';
import { described } from './titles.ts';

/** A form made from a schema: what can be chosen is chosen, numbers are numbers, everything else is JSON. */
export interface SchemaFormProps {
  readonly schema: Schema;
  /** The keys before these, "" at the top. */
  readonly path: string;
  /** What holds now: defaults filled in. */
  readonly values: unknown;
  /** Paths that were set by hand. */
  readonly changed: ReadonlySet<string>;
  /** What is wrong, by path. */
  readonly problems: ReadonlyMap<string, string>;
  /** Text as on the command line: JSON, or plain. Null: back to what holds by default. */
  readonly onChange: (path: string, text: string | null) => void;
  readonly skip?: ReadonlySet<string>;
}

export function SchemaForm({ schema, path, values, ...rest }: SchemaFormProps) {
  const entries = Object.entries(schema.properties ?? {}).filter(
    ([name]) => !(rest.skip?.has(joined(path, name)) ?? false),
  );
  return (
    <>
      {entries.map(([name, its]) => {
        const at = joined(path, name);
        const value = (values as Record<string, unknown> | null | undefined)?.[name];
        return isGroup(its) ? (
          <fieldset key={at} class="form-group">
            <legend>{name}</legend>
            {its.description && <p class="caption">{described(its.description)}</p>}
            <SchemaForm schema={its} path={at} values={value} {...rest} />
          </fieldset>
        ) : (
          <Field key={at} name={name} path={at} schema={its} value={value} {...rest} />
        );
      })}
    </>
  );
}

const joined = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);

const isGroup = ({ type, properties }: Schema) =>
  type === 'object' && properties !== undefined && Object.keys(properties).length > 0;

interface FieldProps extends Omit<SchemaFormProps, 'values'> {
  readonly name: string;
  readonly value: unknown;
}

function Field({ name, path, schema, value, changed, problems, onChange }: FieldProps) {
  const problem = problems.get(path);
  const id = `field-${path.replaceAll('.', '-')}`;
  return (
    <div class={`form-field ${changed.has(path) ? 'is-changed' : ''}`}>
      <label for={id}>
        <code>{name}</code>
      </label>
      <Input
        id={id}
        schema={schema}
        value={value}
        isWrong={problem !== undefined}
        onChange={(text) => onChange(path, text)}
      />
      {changed.has(path) ? (
        <button
          type="button"
          class="quiet"
          title={t.value.settings.restore}
          aria-label={`${t.value.settings.restore}: ${path}`}
          onClick={() => onChange(path, null)}
        >
          ↺
        </button>
      ) : (
        <span />
      )}
      {schema.description && (
        <p class="form-note" id={`${id}-note`}>
          {described(schema.description)}
        </p>
      )}
      {problem && (
        <p class="form-problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function Input({
  id,
  schema,
  value,
  isWrong,
  onChange,
}: {
  readonly id: string;
  readonly schema: Schema;
  readonly value: unknown;
  readonly isWrong: boolean;
  readonly onChange: (text: string | null) => void;
}) {
  const shown = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  // What was typed stays to be mended while it is wrong.
  const [typed, setTyped] = useState<string | null>(null);
  useEffect(() => setTyped(null), [shown]);
  const common = {
    id,
    'aria-invalid': isWrong,
    ...(schema.description ? { 'aria-describedby': `${id}-note` } : {}),
  };
  const choices = schema.enum ?? (schema.type === 'boolean' ? [true, false] : undefined);
  if (choices) {
    return (
      <select
        {...common}
        value={shown}
        onChange={({ currentTarget }) => onChange(currentTarget.value || null)}
      >
        {value === undefined && <option value="">{t.value.settings.notSet}</option>}
        {choices.map((choice) => (
          <option key={String(choice)} value={String(choice)}>
            {String(choice)}
          </option>
        ))}
      </select>
    );
  }
  const commit = (text: string) => {
    if (text !== shown || isWrong) onChange(text.trim() === '' ? null : text);
  };
  return (
    <input
      {...common}
      type="text"
      inputMode={schema.type === 'number' || schema.type === 'integer' ? 'decimal' : 'text'}
      spellcheck={false}
      autocomplete="off"
      value={typed ?? shown}
      placeholder={t.value.settings.notSet}
      onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      onBlur={({ currentTarget }) => commit(currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit(event.currentTarget.value);
      }}
    />
  );
}
