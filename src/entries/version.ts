/** The version of this package, for hosts that cannot read package.json. A test keeps the two equal. */
export const VERSION = '0.1.0';
