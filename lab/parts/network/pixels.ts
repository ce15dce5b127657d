/**
 * Prepares a drawing (ink from 0 to 1, a square of `side`) as the digits of MNIST were prepared: scaled to fit five sevenths
 * of the picture with its proportions kept, and shifted so that its centre of mass is in the centre. Returns bytes by rows.
 *
 * Source: LeCun, Bottou, Bengio & Haffner (1998), Proceedings of the IEEE 86(11).
 */
export function centred(ink: Float32Array, side: number, rows: number, columns: number): Uint8Array {
  const out = new Uint8Array(rows * columns);
  let [left, right, top, bottom] = [side, -1, side, -1];
  let [mass, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const value = ink[y * side + x] as number;
      if (value < 0.05) continue;
      [left, right, top, bottom] = [
        Math.min(left, x),
        Math.max(right, x),
        Math.min(top, y),
        Math.max(bottom, y),
      ];
      mass += value;
      sumX += value * (x + 0.5);
      sumY += value * (y + 0.5);
    }
  }
  if (mass === 0) return out;
  const size = Math.max(right - left + 1, bottom - top + 1);
  // Pixels of the drawing per pixel of the picture. The minimum keeps a dot from being enlarged.
  const scale = Math.max(size, side / 4) / ((Math.min(rows, columns) * 5) / 7);
  const [centreX, centreY] = [sumX / mass, sumY / mass];
  const samples = Math.max(1, Math.ceil(scale));
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let sy = 0; sy < samples; sy++) {
        for (let sx = 0; sx < samples; sx++) {
          const x = Math.floor(centreX + (column + (sx + 0.5) / samples - columns / 2) * scale);
          const y = Math.floor(centreY + (row + (sy + 0.5) / samples - rows / 2) * scale);
          if (x >= 0 && x < side && y >= 0 && y < side) sum += ink[y * side + x] as number;
        }
      }
      out[row * columns + column] = Math.min(255, Math.round((255 * sum) / samples ** 2));
    }
  }
  return out;
}
