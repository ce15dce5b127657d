import type { Chart } from './chart.ts';

/** Small multiples with one legend. */
export interface Figure {
  /** Also the name of its file. */
  readonly id:
    | 'curves'
    | 'cost'
    | 'angles'
    | 'feedback'
    | 'energy'
    | 'updates'
    | 'inference'
    | 'theorem'
    | 'scatter'
    | 'signal-angles';
  readonly title: string;
  /** What is drawn and how to read it. */
  readonly caption: string;
  readonly charts: readonly Chart[];
  readonly columns: number;
}
