/** Returns whether a reference names a file rather than an id: it contains a slash or ends like a program. */
export const isUserFile = (reference: string): boolean => /[\\/]|\.[cm]?[jt]s$/.test(reference);
