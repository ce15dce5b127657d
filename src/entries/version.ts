/** The version of this package, where its package.json cannot be read. A test holds the two equal. */
export const VERSION = '0.1.0';
