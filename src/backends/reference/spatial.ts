import type { Heap } from '../../tensor/heap.ts';
import { placesOf } from '../../tensor/spatial/window.ts';
import type { SpatialKernels, WindowArguments } from '../../tensor/spatial/spatial-kernels.ts';
import { fused } from './units.ts';

/** Convolution, local connectivity and pooling in f64: every loop is written as SpatialOperations states it. */
export function spatialKernels(heap: Heap): SpatialKernels {
  const at = (offset: number) => offset / 8;
  const read = (index: number) => heap.f64[index] as number;
  /** beta · old value; with beta 0 the old value is not read. */
  const keep = (beta: number, index: number) => (beta === 0 ? 0 : beta * read(index));

  return {
    unfold(out, a, planes, ...window) {
      const v = heap.f64;
      v.fill(0, at(out), at(out) + planes * window[2] * window[3] * placesIn(window));
      visitWindows(planes, window, (plane, seen) => {
        v[at(out) + seen] = read(at(a) + plane);
      });
    },

    fold(out, a, planes, ...rest) {
      const v = heap.f64;
      const window = rest.slice(0, 8) as WindowArguments;
      const beta = rest[8];
      for (let i = 0; i < planes * window[0] * window[1]; i++) v[at(out) + i] = keep(beta, at(out) + i);
      visitWindows(planes, window, (plane, seen) => {
        v[at(out) + plane] = read(at(out) + plane) + read(at(a) + seen);
      });
    },

    maxPool(out, a, by, planes, ...window) {
      visitWinners(read, at(by), planes, window, (winner, place) => {
        heap.f64[at(out) + place] = read(at(a) + winner);
      });
    },

    maxPoolBack(out, a, by, planes, ...window) {
      const v = heap.f64;
      v.fill(0, at(out), at(out) + planes * window[0] * window[1]);
      visitWinners(read, at(by), planes, window, (winner, place) => {
        v[at(out) + winner] = read(at(out) + winner) + read(at(a) + place);
      });
    },

    matmulChannels: (...product) => multiply(...product, false),
    matmulPlaces: (...product) => multiply(...product, true),
    outerChannels: (...product) => outer(...product, false),
    outerPlaces: (...product) => outer(...product, true),

    activateChannels(out, potential, bias, batch, channels, places, activation) {
      const { value } = fused(activation);
      for (let i = 0; i < batch * channels * places; i++) {
        const channel = Math.floor(i / places) % channels;
        heap.f64[at(out) + i] = value(read(at(potential) + i) + read(at(bias) + channel));
      }
    },

    sumChannels(out, a, batch, channels, places, alpha, beta) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let row = 0; row < batch; row++) {
          for (let place = 0; place < places; place++)
            sum += read(at(a) + (row * channels + channel) * places + place);
        }
        heap.f64[at(out) + channel] = alpha * sum + keep(beta, at(out) + channel);
      }
    },
  };

  function multiply(
    out: number,
    a: number,
    b: number,
    batch: number,
    k: number,
    n: number,
    places: number,
    transposeB: boolean,
    alpha: number,
    beta: number,
    isLocal: boolean,
  ): void {
    for (let row = 0; row < batch; row++) {
      for (let column = 0; column < n; column++) {
        for (let place = 0; place < places; place++) {
          let sum = 0;
          for (let inner = 0; inner < k; inner++) {
            const weight = transposeB ? column * k + inner : inner * n + column;
            sum +=
              read(at(a) + (row * k + inner) * places + place) *
              read(at(b) + (isLocal ? weight * places + place : weight));
          }
          const index = at(out) + (row * n + column) * places + place;
          heap.f64[index] = alpha * sum + keep(beta, index);
        }
      }
    }
  }

  function outer(
    out: number,
    a: number,
    b: number,
    batch: number,
    k: number,
    n: number,
    places: number,
    alpha: number,
    beta: number,
    isLocal: boolean,
  ): void {
    for (let inner = 0; inner < k; inner++) {
      for (let column = 0; column < n; column++) {
        const weight = inner * n + column;
        for (let first = 0; first < (isLocal ? places : 1); first++) {
          let sum = 0;
          for (let row = 0; row < batch; row++) {
            for (let place = isLocal ? first : 0; place < (isLocal ? first + 1 : places); place++) {
              sum +=
                read(at(a) + (row * k + inner) * places + place) *
                read(at(b) + (row * n + column) * places + place);
            }
          }
          const index = at(out) + (isLocal ? weight * places + first : weight);
          heap.f64[index] = alpha * sum + keep(beta, index);
        }
      }
    }
  }
}

const placesOfArguments = ([height, width, ky, kx, sy, sx, py, px]: WindowArguments) =>
  placesOf({ channels: 1, height, width, kernel: [ky, kx], stride: [sy, sx], padding: [py, px] });

const placesIn = (window: WindowArguments): number => {
  const [down, right] = placesOfArguments(window);
  return down * right;
};

/** Visits every input of every place: the index of the unit, and of the input in the unfolded block. */
function visitWindows(
  planes: number,
  window: WindowArguments,
  visit: (unit: number, seen: number) => void,
): void {
  const [height, width, kernelHeight, kernelWidth, strideY, strideX, paddingY, paddingX] = window;
  const [down, right] = placesOfArguments(window);
  for (let plane = 0; plane < planes; plane++) {
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        for (let oy = 0; oy < down; oy++) {
          for (let ox = 0; ox < right; ox++) {
            const y = oy * strideY + ky - paddingY;
            const x = ox * strideX + kx - paddingX;
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            const kernel = (plane * kernelHeight + ky) * kernelWidth + kx;
            visit((plane * height + y) * width + x, (kernel * down + oy) * right + ox);
          }
        }
      }
    }
  }
}

/** Visits every window: the index of the first of the largest units (NaN counts as largest), and of the place. */
function visitWinners(
  read: (index: number) => number,
  by: number,
  planes: number,
  window: WindowArguments,
  visit: (winner: number, place: number) => void,
): void {
  const [height, width, kernelHeight, kernelWidth, strideY, strideX] = window;
  const [down, right] = placesOfArguments(window);
  for (let plane = 0; plane < planes; plane++) {
    for (let place = 0; place < down * right; place++) {
      const first =
        (plane * height + Math.floor(place / right) * strideY) * width + (place % right) * strideX;
      let winner = first;
      for (let ky = 0; ky < kernelHeight; ky++) {
        for (let kx = 0; kx < kernelWidth; kx++) {
          const unit = first + ky * width + kx;
          const value = read(by + unit);
          if (value > read(by + winner) || Number.isNaN(value)) winner = unit;
        }
      }
      visit(winner, plane * down * right + place);
    }
  }
}
