import { z } from 'zod';

const mustBe =
  (expected: string) =>
  ({ input }: { readonly input: unknown }): string =>
    `a conductance must be ${expected}, but this is ${String(input)}`;

/** Returns the schema of a conductance of 0 or more. */
export const conductance = () => z.number().min(0, { error: mustBe('0 or more') });

/** Returns the schema of a conductance above 0. */
export const positiveConductance = () => z.number().gt(0, { error: mustBe('more than 0') });
