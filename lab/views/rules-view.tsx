import { useEffect, useState } from 'preact/hooks';
import { EQUATIONS } from 'virtual:equations';
import type { Audit, Stored } from '../../src/entries/browser-internals.ts';
import { Sources } from '../parts/sources.tsx';
import { described, ruleGroups, summaryOf, titleOf } from '../parts/titles.ts';
import { Words } from '../parts/words.tsx';
import { plain, spoken } from '../parts/format.ts';
import type { RuleInfo } from '../protocol.ts';
import { addressOf } from '../state/address.ts';
import { ask, DEFAULT_PLAN, fail } from '../state/lab.ts';
import { item } from '../state/navigation.ts';
import { t } from '../state/preferences.ts';

/** A card for every rule, with the library's information about it. */
export function RulesView() {
  const words = t.value.rulesView;
  const groups = ruleGroups();
  useEffect(() => {
    if (item.value !== null) document.getElementById(idOf(item.value))?.scrollIntoView();
  }, [item.value, groups.length]);
  return (
    <div class="prose-view">
      <header class="view-head">
        <h1>{words.title}</h1>
        <p class="lead">{words.lead}</p>
      </header>
      {groups.map(({ title, rules }) => (
        <section key={title.text}>
          <h2 class="family">
            <Words of={title} />
          </h2>
          <div class="rule-list">
            {rules.map((rule) => (
              <RuleCard key={rule.id} rule={rule} />
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}

/** Id of the card of a rule. A path may hold characters that an id must not. */
const idOf = (rule: string) => `rule-${encodeURIComponent(rule)}`;

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
  // Set an activation that the dynamics of the rule support.
  const set = rule.activations ? [`network.activation=${rule.activations[0] ?? ''}`] : [];
  return (
    <article class="card rule-card" id={idOf(rule.id)}>
      <header class="card-head">
        <h3>
          <Words of={titleOf(rule.id)} />
        </h3>
        <code>{rule.id}</code>
      </header>
      <p class="rule-summary">
        <Words of={summaryOf(rule.id)} />
      </p>
      <Equation rule={rule} />
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
                <dd>{schema.description && <Words of={described(schema.description)} />}</dd>
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

/** The equation of a rule: MathML that the build set, or the server for a user's rule, from the TeX of the rule. */
function Equation({ rule: { id, file, markup, equation } }: { readonly rule: RuleInfo }) {
  const set = file === undefined ? EQUATIONS[id] : markup;
  if (set === undefined) {
    return (
      <div class="equation" tabIndex={0} role="group">
        <code>{equation}</code>
      </div>
    );
  }
  return <div class="equation" tabIndex={0} role="group" dangerouslySetInnerHTML={{ __html: set }} />;
}

/** Signals that reached each synapse in recorded steps of the rule. Measured when the details are opened. */
function Locality({ rule }: { readonly rule: string }) {
  const words = t.value.rulesView;
  const [seen, setSeen] = useState<(Audit & { readonly costRatio: number }) | null>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (isOpen && !seen) ask('auditRule', rule).then(setSeen, fail);
  }, [isOpen]);
  const list = (values: readonly string[]) =>
    values.length === 0 ? words.none : values.map(spoken).join(', ');
  const stored = ({ of, ...rest }: Stored) =>
    words.storedAs(of === undefined ? rest : { ...rest, of: spoken(of) });
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
                  <th scope="col">{words.target}</th>
                  <th scope="col">{words.errorInInput}</th>
                  <th scope="col">{words.scalars}</th>
                  <th scope="col">{words.crossed}</th>
                  <th scope="col">{words.phases}</th>
                  <th scope="col">{words.stored}</th>
                  <th scope="col">{words.backwards}</th>
                  <th scope="col">{words.outside}</th>
                </tr>
              </thead>
              <tbody>
                {seen.locality.map((row) => (
                  <tr key={row.projection} title={`${words.sources}: ${row.sources.join(', ')}`}>
                    <th scope="row">{spoken(row.projection)}</th>
                    <td>{list(row.transposedWeights)}</td>
                    <td>{row.signedError ? words.yes : words.no}</td>
                    <td>{row.target ? words.yes : words.no}</td>
                    <td>{row.errorInInput ? words.yes : words.no}</td>
                    <td>{list(row.globalScalars)}</td>
                    <td>{row.waitsForProjections}</td>
                    <td>{row.phases}</td>
                    <td>{row.stored.map(stored).join('; ') || words.nothing}</td>
                    <td>{row.backwardsInTime ? words.yes : words.no}</td>
                    <td>{list(row.valuesRead)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {seen.reachViolations.length > 0 && (
            <p class="caption">{words.beyondReach(seen.reachViolations.map(spoken).join(', '))}</p>
          )}
          <p class="caption">
            {words.localityNote} {words.cost(plain(seen.costRatio))}
          </p>
        </>
      )}
    </details>
  );
}
