import { bottleneck } from './bottleneck.ts';
import { disjointWiring } from './disjoint-wiring.ts';
import type { Exhibit } from './exhibit.ts';
import { feedbackAlignment } from './feedback-alignment.ts';
import { whyItWorks } from './why-it-works.ts';

export type { Exhibit, Part } from './exhibit.ts';

/** Every exhibit, in the order in which they are best seen. A new one is its file, a line here and its words. */
export const EXHIBITS: readonly Exhibit[] = [feedbackAlignment, whyItWorks, bottleneck, disjointWiring];

export const exhibitById = (id: string): Exhibit | undefined => EXHIBITS.find((exhibit) => exhibit.id === id);
