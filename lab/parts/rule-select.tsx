import { familyOf, titleOf } from './titles.ts';
import { catalogue } from '../state/lab.ts';

/** Every rule of the library, by family. */
export function RuleSelect({
  value,
  label,
  onChange,
}: {
  readonly value: string;
  readonly label: string;
  readonly onChange: (rule: string) => void;
}) {
  const rules = catalogue.value?.rules ?? [];
  const families = [...new Set(rules.map(({ family }) => family))];
  return (
    <select
      class="rule-select"
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      {families.map((family) => (
        <optgroup key={family} label={familyOf(family)}>
          {rules
            .filter((rule) => rule.family === family)
            .map(({ id }) => (
              <option key={id} value={id}>
                {titleOf(id)}
              </option>
            ))}
        </optgroup>
      ))}
    </select>
  );
}
