import { useEffect, useState } from 'preact/hooks';
import type { Schema } from '../../protocol.ts';
import { t } from '../../state/preferences.ts';
import { described } from '../titles.ts';
import { Message, Words } from '../words.tsx';

export interface SchemaFormProps {
  readonly schema: Schema;
  /** Path of the object whose keys these are; "" for the whole config. */
  readonly path: string;
  /** Current values, with defaults filled in. */
  readonly values: unknown;
  /** Paths that the user has set. */
  readonly changed: ReadonlySet<string>;
  /** Error messages, by path. */
  readonly problems: ReadonlyMap<string, string>;
  /** Takes the text as on the command line: JSON or plain. Null restores the default. */
  readonly onChange: (path: string, text: string | null) => void;
  readonly skip?: ReadonlySet<string>;
}

/** A form made from a schema: choices become select elements, everything else a text input for a number or JSON. */
export function SchemaForm({ schema, path, values, ...rest }: SchemaFormProps) {
  const entries = Object.entries(schema.properties ?? {}).filter(
    ([name]) => !(rest.skip?.has(joined(path, name)) ?? false),
  );
  return (
    <>
      {entries.map(([name, inner]) => {
        const at = joined(path, name);
        const value = (values as Record<string, unknown> | null | undefined)?.[name];
        return isGroup(inner) ? (
          <fieldset key={at} class="form-group">
            <legend>{name}</legend>
            {inner.description && (
              <p class="caption">
                <Words of={described(inner.description)} />
              </p>
            )}
            <SchemaForm schema={inner} path={at} values={value} {...rest} />
          </fieldset>
        ) : (
          <Field key={at} name={name} path={at} schema={inner} value={value} {...rest} />
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
          <Words of={described(schema.description)} />
        </p>
      )}
      {problem && (
        <p class="form-problem" role="alert">
          <Message text={problem} />
        </p>
      )}
    </div>
  );
}

/**
 * The values to choose from; undefined for any text. Where a schema takes names or something else, such as an activation
 * function, the names can be chosen, and a value that is already something else stays among them.
 */
function choicesOf(schema: Schema, value: unknown): readonly unknown[] | undefined {
  if (schema.enum) return schema.enum;
  if (schema.type === 'boolean') return [true, false];
  const names = schema.anyOf?.find((branch) => branch.enum)?.enum;
  if (!names) return undefined;
  return value === undefined || names.includes(value) ? names : [...names, JSON.stringify(value)];
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
  // An invalid text stays in the field, so that the user can correct it.
  const [typed, setTyped] = useState<string | null>(null);
  useEffect(() => setTyped(null), [shown]);
  const common = {
    id,
    'aria-invalid': isWrong,
    ...(schema.description ? { 'aria-describedby': `${id}-note` } : {}),
  };
  const choices = choicesOf(schema, value);
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
