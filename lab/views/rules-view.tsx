import { useEffect, useState } from 'preact/hooks';
import { EQUATIONS } from 'virtual:equations';
import type { Audit } from '../../src/entries/browser-internals.ts';
import { Sources } from '../parts/sources.tsx';
import { described, familyOf, summaryOf, titleOf } from '../parts/titles.ts';
import { plain, spoken } from '../parts/format.ts';
import type { RuleInfo } from '../protocol.ts';
import { addressOf } from '../state/address.ts';
import { ask, catalogue, DEFAULT_PLAN, fail } from '../state/lab.ts';
import { item } from '../state/navigation.ts';
import { t } from '../state/preferences.ts';

/** A card for every rule of the library, as the library describes it. */
export function RulesView() {
  const words = t.value.rulesView;
  const rules = catalogue.value?.rules ?? [];
  const families = [...new Set(rules.map(({ family }) => family))];
  useEffect(() => {
    if (item.value !== null) document.getElementById(`rule-${item.value}`)?.scrollIntoView();
  }, [item.value, rules.length]);
  return (
    <div class="prose-view">
      <header class="view-head">
        <h1>{words.title}</h1>
        <p class="lead">{words.lead}</p>
      </header>
      {families.map((family) => (
        <section key={family}>
          <h2 class="family">{familyOf(family)}</h2>
          <div class="rule-list">
            {rules
              .filter((rule) => rule.family === family)
              .map((rule) => (
                <RuleCard key={rule.id} rule={rule} />
              ))}
          </div>
        </section>
      ))}
    </div>
  );
}

function RuleCard({ rule }: { readonly rule: RuleInfo }) {
  const words = t.value.rulesView;
  const options = Object.entries(rule.options.properties ?? {});
  const beside = {
    ...DEFAULT_PLAN,
    lanes: ['backprop', rule.id === 'backprop' ? 'feedback-alignment' : rule.id].map((id) => ({
      rule: id,
      options: {},
    })),
  };
  // On units that its dynamics can run.
  const set = rule.activations ? [`network.activation=${rule.activations[0] ?? ''}`] : [];
  return (
    <article class="card rule-card" id={`rule-${rule.id}`}>
      <header class="card-head">
        <h3>{titleOf(rule.id)}</h3>
        <code>{rule.id}</code>
      </header>
      <p class="rule-summary">{summaryOf(rule.id)}</p>
      <Equation id={rule.id} />
      <Locality rule={rule.id} />
      {options.length > 0 && (
        <details>
          <summary>
            {words.options} ({options.length})
          </summary>
          <dl class="rule-options">
            {options.map(([name, schema]) => (
              <div key={name}>
                <dt>
                  <code>{name}</code>
                  {schema.default !== undefined && <span> = {JSON.stringify(schema.default)}</span>}
                </dt>
                <dd>{schema.description && described(schema.description)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      <Sources keys={rule.cites} />
      <a
        class="rule-try"
        href={addressOf({ view: 'lab', item: null, plan: { ...beside, set }, step: 0, sight: {} })}
      >
        {words.try} →
      </a>
    </article>
  );
}

/** MathML that the build set from the rule's own TeX. */
function Equation({ id }: { readonly id: string }) {
  const markup = EQUATIONS[id];
  return markup === undefined ? null : (
    <div class="equation" tabIndex={0} role="group" dangerouslySetInnerHTML={{ __html: markup }} />
  );
}

/** What one real step of the rule was seen to bring to each synapse. Measured when it is asked for. */
function Locality({ rule }: { readonly rule: string }) {
  const words = t.value.rulesView;
  const [seen, setSeen] = useState<(Audit & { readonly costRatio: number }) | null>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (isOpen && !seen) ask('auditRule', rule).then(setSeen, fail);
  }, [isOpen]);
  const list = (values: readonly string[]) =>
    values.length === 0 ? words.none : values.map(spoken).join(', ');
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{words.locality}</summary>
      {seen && (
        <>
          <div class="table-scroll" tabIndex={0} role="group" aria-label={words.locality}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{words.projection}</th>
                  <th scope="col">{words.transposed}</th>
                  <th scope="col">{words.signed}</th>
                  <th scope="col">{words.scalars}</th>
                  <th scope="col">{words.crossed}</th>
                  <th scope="col">{words.phases}</th>
                </tr>
              </thead>
              <tbody>
                {seen.locality.map((row) => (
                  <tr key={row.projection} title={`${words.sources}: ${row.sources.join(', ')}`}>
                    <th scope="row">{spoken(row.projection)}</th>
                    <td>{list(row.transposedWeights)}</td>
                    <td>{row.signedError ? words.yes : words.no}</td>
                    <td>{list(row.globalScalars)}</td>
                    <td>{row.waitsForProjections}</td>
                    <td>{row.phases}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p class="caption">
            {words.localityNote} {words.cost(plain(seen.costRatio))}
          </p>
        </>
      )}
    </details>
  );
}
