import { z } from 'zod';

/** An option that is a conductance, which is named where it is negative. */
export const conductance = () =>
  z.number().min(0, {
    error: ({ input }) =>
      `a conductance cannot be negative, and this one is ${String(input)}: give 0 or more`,
  });
