import { z } from 'zod';

const wrong =
  (mend: string) =>
  ({ input }: { readonly input: unknown }): string =>
    `a conductance cannot be negative, and this one is ${String(input)}: give ${mend}`;

/** An option that is a conductance; negative ones are named. */
export const conductance = () => z.number().min(0, { error: wrong('0 or more') });

/** One that may not be 0 either. */
export const openConductance = () => z.number().gt(0, { error: wrong('more than 0') });
