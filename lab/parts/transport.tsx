import { grouped } from './format.ts';
import { begin, epoch, isDone, pause, phase, plan, play, playing, runUnseen, session, setSpeed, speed, step, stepOnce, unseenUntil, wantedSpeed } from '../state/lab.ts';
import { t } from '../state/preferences.ts';
import { useState } from 'preact/hooks';

const SPEEDS = [1, 4, 20, 100, null] as const;

/** Controls of training: play, pause, step, reset, speed, and steps in the background. */
export function Transport({ until }: { readonly until?: number }) {
  const words = t.value.transport;
  const begun = session.value;
  const ready = phase.value === 'ready' && begun !== null;
  const [unseen, setUnseen] = useState('600');
  const running = playing.value;
  const amount = Math.round(Number(unseen));
  const canRun = ready && !isDone.value;
  return (
    <div class="transport" role="group" aria-label={words.label}>
      <button
        type="button"
        class="play"
        disabled={!canRun}
        aria-label={running ? words.pause : words.play}
        title={`${running ? words.pause : words.play} (${words.space})`}
        onClick={() => (running ? pause() : play(until !== undefined && step.value < until ? until : null))}
      >
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
          {running ? <path d="M5 3h3.6v14H5zM11.4 3H15v14h-3.6z" /> : <path d="M5 2.6 16.4 10 5 17.4Z" />}
        </svg>
      </button>
      <button
        type="button"
        class="icon"
        disabled={!canRun || running}
        title={words.stepHint}
        onClick={stepOnce}
      >
        {words.step}
      </button>
      <button
        type="button"
        class="icon"
        disabled={!ready}
        title={words.resetHint}
        onClick={() => void begin(plan.value)}
      >
        {words.reset}
      </button>
      <label class="field">
        <span>{words.speed}</span>
        <select
          value={String(wantedSpeed.value)}
          onChange={({ currentTarget: { value } }) => setSpeed(value === 'null' ? null : Number(value))}
        >
          {SPEEDS.map((value) => (
            <option key={String(value)} value={String(value)}>
              {value === null ? words.fastest : words.perSecond(String(value))}
            </option>
          ))}
        </select>
      </label>
      <form
        class="unseen"
        onSubmit={(event) => {
          event.preventDefault();
          if (amount > 0) runUnseen(step.value + amount);
        }}
      >
        <label class="field">
          <span>{words.unseen}</span>
          <input
            type="number"
            min="1"
            step="1"
            value={unseen}
            onInput={({ currentTarget: { value } }) => setUnseen(value)}
          />
        </label>
        <button type="submit" class="icon" disabled={!canRun || !(amount > 0)} title={words.unseenHint}>
          {words.go}
        </button>
      </form>
      <p class="position" aria-live="off">
        <b>{words.epoch(epoch.value.toFixed(2))}</b>
        <span>
          {words.steps(grouped(step.value), grouped(begun?.totalSteps ?? 0))}
          {running && speed.value > 0
            ? ` · ${words.rate(speed.value < 10 ? speed.value.toFixed(1) : grouped(speed.value))}`
            : ''}
          {unseenUntil.value === null ? '' : ` · ${words.until(grouped(unseenUntil.value))}`}
        </span>
      </p>
      <progress
        class="run-progress"
        max={begun?.totalSteps ?? 1}
        value={step.value}
        aria-label={words.progress}
      />
    </div>
  );
}
