/** The drawing of a network, in pixels: its height, and where the middle of its areas lies. */
export const HEIGHT = 206;
export const MIDDLE = 116;
