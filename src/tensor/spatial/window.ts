/** A convolution kernel or pooling window that slides over pictures of channels × height × width. Lengths are in pixels. */
export interface Window {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Height and width of the kernel. */
  readonly kernel: readonly [number, number];
  /** Step from one place to the next, down and to the right. */
  readonly stride: readonly [number, number];
  /** Rows of zeros above and below, columns of zeros left and right. */
  readonly padding: readonly [number, number];
}

/**
 * Returns the number of places of the kernel, down and to the right: ⌊(length + 2 · padding − kernel) / stride⌋ + 1.
 * A number below 1 means that the kernel does not fit.
 *
 * @example
 * ```ts
 * const window = { channels: 1, height: 28, width: 28, kernel: [5, 5], stride: [1, 1], padding: [2, 2] } as const;
 * console.log(placesOf(window)); // [28, 28]
 * ```
 */
export function placesOf({ height, width, kernel, stride, padding }: Window): [number, number] {
  return [
    Math.floor((height + 2 * padding[0] - kernel[0]) / stride[0]) + 1,
    Math.floor((width + 2 * padding[1] - kernel[1]) / stride[1]) + 1,
  ];
}

/**
 * Returns the number of units of a picture (channels · height · width), of inputs of one kernel (over all channels),
 * and of places.
 *
 * @example
 * ```ts
 * const window = { channels: 3, height: 8, width: 8, kernel: [2, 2], stride: [2, 2], padding: [0, 0] } as const;
 * console.log(sizesOf(window)); // { units: 192, inputs: 12, places: 16 }
 * ```
 */
export function sizesOf(window: Window): { units: number; inputs: number; places: number } {
  const { channels, height, width, kernel } = window;
  const [down, right] = placesOf(window);
  return {
    units: channels * height * width,
    inputs: channels * kernel[0] * kernel[1],
    places: down * right,
  };
}
