/** The drawing of a network, in pixels: its height, and the vertical centre of its areas. */
export const HEIGHT = 206;
export const MIDDLE = 116;
