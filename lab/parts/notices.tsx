import { percent } from './format.ts';
import { arrival, begin, catalogue, lostReason, notice, phase, plan, problems, restart } from '../state/lab.ts';
import { t } from '../state/preferences.ts';
import { Inline, Message } from './words.tsx';

/** Progress, problems and notices at the head of the page. */
export function Notices() {
  const words = t.value.status;
  const state = phase.value;
  const coming = arrival.value;
  const ruleProblems = catalogue.value?.ruleProblems ?? [];
  const isNoSimd = problems.value.some(({ code }) => code === 'wasm.no-simd');
  return (
    <div class="notices">
      <p class="status" role="status" aria-live="polite">
        {state === 'opening' && !catalogue.value && words.opening}
        {state === 'loading' &&
          (coming ? words.arriving(coming.dataset, percent(coming.received / coming.total)) : words.loading)}
        <Inline text={notice.value} />
      </p>
      {state === 'loading' && coming && (
        <progress max={coming.total} value={coming.received} aria-label={coming.dataset} />
      )}
      {state === 'lost' && (
        <div class="problem" role="alert">
          <p>{words.lost}</p>
          {lostReason.value !== '' && (
            <p class="caption">
              <Message text={lostReason.value} />
            </p>
          )}
          <button type="button" class="icon" onClick={() => void restart()}>
            {words.restart}
          </button>
        </div>
      )}
      {ruleProblems.length > 0 && (
        <div class="problem" role="alert">
          <b>{words.ownRules}</b>
          <ul>
            {ruleProblems.map(({ code, message }) => (
              <li key={message} data-code={code}>
                <Message text={message} />
              </li>
            ))}
          </ul>
        </div>
      )}
      {problems.value.length > 0 && state !== 'lost' && (
        <div class="problem" role="alert">
          {state === 'ready' && <b>{words.leftOut}</b>}
          <ul>
            {isNoSimd && <li>{words.noSimd}</li>}
            {problems.value.map(({ code, message, about }) => (
              <li key={message} data-code={code}>
                {about === undefined ? null : <code>{about}</code>} <Message text={message} />
              </li>
            ))}
          </ul>
          {state === 'ready' && <p>{words.rest}</p>}
          {state === 'failed' ? (
            <button type="button" class="icon" onClick={() => void begin(plan.value)}>
              {words.retry}
            </button>
          ) : (
            <button type="button" class="icon" onClick={() => (problems.value = [])}>
              {words.dismiss}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
