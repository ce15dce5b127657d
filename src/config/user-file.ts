/** Whether a reference in a config names a user's file rather than an id: it has a folder in it, or a program's ending. */
export const isUserFile = (reference: string): boolean => /[\\/]|\.[cm]?[jt]s$/.test(reference);
