import { useEffect, useRef, useState } from 'preact/hooks';
import { Mark } from '../charts/series.tsx';
import { percent } from '../format.ts';
import { centred } from './pixels.ts';
import { example, showDrawing } from '../../state/example.ts';
import { views } from '../../state/lab.ts';
import { t } from '../../state/preferences.ts';

const SIDE = 196;

/** A pad to draw on. The drawing is centred and scaled like the data set, and presented to every lane. */
export function Drawing({
  rows,
  columns,
  names,
}: {
  readonly rows: number;
  readonly columns: number;
  readonly names: readonly string[] | undefined;
}) {
  const words = t.value.gallery;
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<readonly [number, number] | null>(null);
  const [isEmpty, setEmpty] = useState(true);
  const drawn = !isEmpty && example.value.index === null;

  const clear = () => {
    const context = canvas.current?.getContext('2d');
    context?.clearRect(0, 0, SIDE, SIDE);
    setEmpty(true);
  };
  // Selecting another example clears the drawing.
  useEffect(() => {
    if (example.value.index !== null && !isEmpty) clear();
  }, [example.value.index]);

  const place = (event: PointerEvent): readonly [number, number] => {
    const box = (event.currentTarget as HTMLCanvasElement).getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  };
  const stroke = (to: readonly [number, number]) => {
    const context = canvas.current?.getContext('2d', { willReadFrequently: true });
    if (!context) return;
    const [x, y] = last.current ?? to;
    context.strokeStyle = '#000';
    context.lineWidth = SIDE / 13;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(to[0], to[1] + 0.01);
    context.stroke();
    last.current = to;
    setEmpty(false);
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    const ink = Float32Array.from(
      { length: SIDE * SIDE },
      (_, index) => (data[4 * index + 3] as number) / 255,
    );
    showDrawing(centred(ink, SIDE, rows, columns));
  };

  return (
    <div class="drawing">
      <canvas
        ref={canvas}
        width={SIDE}
        height={SIDE}
        class={isEmpty ? 'is-empty' : ''}
        role="img"
        aria-label={words.draw}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          last.current = null;
          stroke(place(event));
        }}
        onPointerMove={(event) => {
          if (event.buttons !== 0) stroke(place(event));
        }}
        onPointerUp={() => (last.current = null)}
      />
      {isEmpty && (
        <span class="drawing-hint" aria-hidden="true">
          {words.draw}
        </span>
      )}
      <div class="drawing-answers" aria-live="polite">
        {drawn &&
          views.value.map((view, lane) => {
            if (!view || view.answer.length === 0) return null;
            const best = view.answer.reduce(
              (top, value, index, all) => (value > (all[top] as number) ? index : top),
              0,
            );
            return (
              <span key={lane}>
                <Mark lane={lane} /> <b>{names?.[best] ?? best}</b> {percent(view.answer[best])}
              </span>
            );
          })}
      </div>
      <button type="button" class="icon" disabled={isEmpty} onClick={clear}>
        {words.clear}
      </button>
    </div>
  );
}
