import { begin, isDone, pause, plan, play, playing, stepOnce } from './lab.ts';
import { view } from './navigation.ts';
import { VIEWS } from './address.ts';

/** Handles the keys of the page, except in controls that use these keys themselves. */
export function startKeys(): void {
  addEventListener('keydown', (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const element = target instanceof Element ? target : document.body;
    if (element.closest('input, select, textarea, [contenteditable]')) return;
    const isOnControl = element.closest('button, a, summary') !== null;
    const isRunning = view.value === 'lab' || view.value === 'exhibits';
    if (key === ' ' && !isOnControl && isRunning) {
      event.preventDefault();
      if (playing.value) pause();
      else play();
    } else if (key === 'ArrowRight' && isRunning && !playing.value && !isDone.value) stepOnce();
    else if (key === 'r' && isRunning) void begin(plan.value);
    else if (/^[1-4]$/.test(key)) location.hash = `#/${VIEWS[Number(key) - 1] ?? 'lab'}`;
  });
}
