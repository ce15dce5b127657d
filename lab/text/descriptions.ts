import type { Catalogue } from '../protocol.ts';

/** A description in a schema: its id, such as "feedback-alignment.scale", and its text. */
export type Description = readonly [id: string, text: string];

/** Returns every description in a JSON Schema at any depth. Items and alternatives have the path of their parent. */
function descriptionsIn(schema: unknown, path: string): Description[] {
  if (Array.isArray(schema)) return schema.flatMap((part) => descriptionsIn(part, path));
  if (typeof schema !== 'object' || schema === null) return [];
  const { description, properties, ...rest } = schema as Readonly<Record<string, unknown>>;
  const parts = [rest['items'], rest['prefixItems'], rest['anyOf'], rest['oneOf'], rest['allOf']];
  return [
    ...(typeof description === 'string' ? [[path, description] as const] : []),
    ...Object.entries(properties ?? {}).flatMap(([key, part]) => descriptionsIn(part, `${path}.${key}`)),
    ...[...parts, rest['additionalProperties']].flatMap((part) => descriptionsIn(part, path)),
  ];
}

/** Returns every description of the library's rule options ("rule.option") and config keys ("config.path"). */
export function descriptionsOf({
  rules,
  config,
}: {
  readonly rules: readonly Pick<Catalogue['rules'][number], 'id' | 'options'>[];
  readonly config: Catalogue['config'];
}): Description[] {
  return [
    ...rules.flatMap(({ id, options }) => descriptionsIn(options, id)),
    ...descriptionsIn(config, 'config'),
  ];
}

/**
 * Returns a catalogue's words for descriptions, by the English text. A text that several rules share needs one line, under
 * any of its ids; a text that is reworded keeps its line.
 */
export function wordsByText(
  descriptions: readonly Description[],
  words: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> {
  return new Map(
    descriptions.flatMap(([id, text]) => {
      const own = Object.hasOwn(words, id) ? words[id] : undefined;
      return own === undefined ? [] : [[text, own] as const];
    }),
  );
}
