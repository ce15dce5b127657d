import { useState } from 'preact/hooks';
import { SchemaForm } from './schema-form.tsx';
import type { Plan } from '../../protocol.ts';
import { ask, begin, catalogue, plan, session } from '../../state/lab.ts';
import { t } from '../../state/preferences.ts';

/** The options of a lane's rule, as a form made from the schema of the rule. */
export function LaneOptions({ lane }: { readonly lane: number }) {
  const words = t.value.lane;
  const [problems, setProblems] = useState<ReadonlyMap<string, string>>(new Map());
  const planned = plan.value.lanes[lane];
  const schema = catalogue.value?.rules.find(({ id }) => id === planned?.rule)?.options;
  if (!planned || !schema || Object.keys(schema.properties ?? {}).length === 0) {
    return <p class="lane-options">{words.noOptions}</p>;
  }
  const inherited = session.value?.lanes[lane]?.config['ruleOptions'] as Record<string, unknown> | undefined;
  const defaults = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, { default: value }]) => [name, value]),
  );
  const count = Object.keys(planned.options).length;

  const change = async (name: string, text: string | null) => {
    const others = Object.fromEntries(Object.entries(planned.options).filter(([other]) => other !== name));
    const options = text === null ? others : { ...others, [name]: parsed(text) };
    const wanted: Plan = {
      ...plan.value,
      lanes: plan.value.lanes.map((old, index) => (index === lane ? { ...old, options } : old)),
    };
    const found = (await ask('check', wanted)).find(({ about }) => about === `ruleOptions.${name}`);
    setProblems(found ? new Map([[name, found.message]]) : new Map());
    if (!found) await begin(wanted);
  };

  return (
    <details class="lane-options">
      <summary>{count === 0 ? words.options : words.optionsSet(String(count))}</summary>
      <SchemaForm
        schema={schema}
        path=""
        values={{ ...defaults, ...inherited, ...planned.options }}
        changed={new Set(Object.keys(planned.options))}
        problems={problems}
        onChange={(name, text) => void change(name, text)}
      />
    </details>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
