/** The target that an objective has by default: the data's own. */
export const OWN_TARGET = 'target';

/** The target that is the example itself. */
export const EXAMPLE = 'inputs';
