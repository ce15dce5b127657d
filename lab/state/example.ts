import { effect, signal } from '@preact/signals';
import { ask, look, session, watch } from './lab.ts';

/** The selected example; null for a drawing, and for examples without a label. */
export const example = signal<{ readonly index: number | null; readonly label: number | null }>({
  index: null,
  label: null,
});

export interface Shown {
  readonly index: number;
  readonly label: number;
  /** Inputs from 0 to 1. */
  readonly inputs: Float32Array;
}

/** Test examples of the gallery. */
export const gallery = signal<readonly Shown[]>([]);

const GALLERY = 20;
let from = 0;

/** Fills the gallery with the first or next examples, one of each class in turn, or with mistakes of the first lane. */
export async function showExamples(which: 'first' | 'next' | 'wrong'): Promise<void> {
  const begun = session.value;
  if (!begun || begun.task.testCount === 0) {
    gallery.value = [];
    return;
  }
  if (which === 'first') from = 0;
  if (which === 'next') from = ((gallery.value.at(-1)?.index ?? 0) + 1) % begun.task.testCount;
  const indices = await ask('pick', GALLERY, from, which === 'wrong');
  const { labels, inputs, indices: known } = await ask('examples', indices);
  const width = known.length === 0 ? 0 : inputs.length / known.length;
  gallery.value = known.map((index, row) => ({
    index,
    label: labels[row] as number,
    inputs: inputs.subarray(row * width, (row + 1) * width),
  }));
  const [first] = gallery.value;
  const wanted = watch.value.example;
  look({ gallery: known });
  if (which !== 'wrong' && first && (typeof wanted !== 'number' || example.value.index === null))
    choose(first.index);
}

/** Selects a test example. */
export function choose(index: number): void {
  const shown = gallery.value.find((candidate) => candidate.index === index);
  example.value = { index, label: shown && shown.label >= 0 ? shown.label : null };
  look({ example: index });
  if (!shown) {
    void ask('examples', [index]).then(({ labels: [label = -1] }) => {
      if (example.value.index === index) example.value = { index, label: label >= 0 ? label : null };
    });
  }
}

/** Selects a drawing of pixels (0 to 255), which has no label. */
export function showDrawing(pixels: Uint8Array): void {
  example.value = { index: null, label: null };
  look({ example: pixels });
}

// A new session has other examples.
let last: unknown = null;
effect(() => {
  const begun = session.value;
  if (!begun || begun === last) return;
  last = begun;
  example.value = { index: null, label: null };
  void showExamples('first').catch(() => undefined);
});
