import { pageLang } from '../../state/preferences.ts';
import { ruleGroups, titleOf, withoutMarks } from '../titles.ts';

/** A choice among all rules, by family; the user's own rules come first. */
export function RuleSelect({
  value,
  label,
  onChange,
}: {
  readonly value: string;
  readonly label: string;
  readonly onChange: (rule: string) => void;
}) {
  return (
    <select
      class="rule-select"
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      {ruleGroups().map(({ title, rules }) => (
        <optgroup key={title.text} label={title.text} lang={title.lang}>
          {rules.map(({ id }) => {
            const { text, lang } = titleOf(id);
            return (
              <option key={id} value={id} lang={lang ?? pageLang.value}>
                {withoutMarks(text)}
              </option>
            );
          })}
        </optgroup>
      ))}
    </select>
  );
}
