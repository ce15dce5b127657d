import { zlibSync } from 'fflate';
import type { Mistake } from '../../training/records.ts';
import { count, percent } from './format.ts';
import type { RunReport } from '../../runs/report-inputs.ts';
import { escape, html, type Markup } from '../markup.ts';
import { FONT_STACK, PAPER } from './theme.ts';

/** Returns the most confident mistakes as images for a page; undefined without mistakes. */
export function mistakesMarkup(report: RunReport, most = 40): Markup | undefined {
  const chosen = mostConfident(report, most);
  if (chosen.length === 0) return undefined;
  const items = chosen.map((mistake) => {
    const label = className(report, mistake.label);
    const answer = className(report, mistake.answer);
    const picture = pictureOf(mistake, report.imageShape);
    const description = `Test example ${mistake.index}: label ${label}, prediction ${answer}`;
    return html`<li>
      ${picture && html`<img src="${picture}" alt="${description}" title="${description}" width="56" height="56" />`}
      <span class="answer">${label} → ${answer}</span>
      <span class="confidence">${confidenceOf(mistake)}</span>
    </li>`;
  });
  const wrong = report.run.test?.errors ?? report.mistakes.length;
  return html`<figure id="figure-mistakes">
    <ul class="mistakes">
      ${items}
    </ul>
    <figcaption>
      ${chosen.length < wrong ? `The ${chosen.length} most confident of the recorded mistakes, out of ${count(wrong)} in all. ` : ''}Label
      → prediction, with the probability or output that the network gave to the prediction.
    </figcaption>
  </figure>`;
}

/** Returns the fantasies of a network as a grid of images; undefined without fantasies or if they are not images. */
export function fantasiesMarkup({ fantasies, imageShape }: RunReport): Markup | undefined {
  const pictures = (fantasies?.pictures ?? []).flatMap((pixels) => pictureOf({ pixels }, imageShape) ?? []);
  if (!fantasies || pictures.length === 0) return undefined;
  const items = pictures.map(
    (picture, index) => html`<li><img src="${picture}" alt="Fantasy ${index + 1} of the network" /></li>`,
  );
  return html`<figure id="figure-fantasies">
    <ul class="fantasies">
      ${items}
    </ul>
    <figcaption>${fantasies.caption}</figcaption>
  </figure>`;
}

/** Renders the mistakes as a stand-alone SVG file; undefined if no mistake has an image. */
export function mistakesSvg(report: RunReport, most = 40): string | undefined {
  const chosen = mostConfident(report, most)
    .map((mistake) => ({ mistake, picture: pictureOf(mistake, report.imageShape) }))
    .filter(({ picture }) => picture !== undefined);
  if (chosen.length === 0) return undefined;
  const [margin, cellWidth, cellHeight, size] = [16, 84, 108, 64] as const;
  const columns = Math.min(10, chosen.length);
  const width = Math.max(380, columns * cellWidth + 2 * margin);
  const height = 46 + Math.ceil(chosen.length / columns) * cellHeight + margin;
  const cells = chosen.map(({ mistake, picture }, index) => {
    const x = margin + (index % columns) * cellWidth;
    const y = 46 + Math.floor(index / columns) * cellHeight;
    const centre = cellWidth / 2;
    const answer = `${className(report, mistake.label)} → ${className(report, mistake.answer)}`;
    return (
      `<g transform="translate(${x},${y})"><title>Test example ${mistake.index}: ${escape(answer)}</title>` +
      `<image x="${(cellWidth - size) / 2}" width="${size}" height="${size}" href="${picture ?? ''}" image-rendering="optimizeSpeed"/>` +
      `<text x="${centre}" y="80" font-size="12.5" font-weight="600">${escape(answer)}</text>` +
      `<text x="${centre}" y="95" font-size="11" fill="${PAPER.muted}">${confidenceOf(mistake)}</text></g>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}"` +
    ` viewBox="0 0 ${width} ${height}" font-family="${FONT_STACK}" fill="${PAPER.text}" text-anchor="middle">` +
    `<title>Mistakes: label → prediction</title><rect width="${width}" height="${height}" fill="${PAPER.background}"/>` +
    `<text x="${margin}" y="30" font-size="16" font-weight="600" text-anchor="start">Mistakes: label → prediction</text>` +
    `${cells.join('')}</svg>\n`
  );
}

function mostConfident(report: RunReport, most: number): Mistake[] {
  return report.mistakes.toSorted((a, b) => b.confidence - a.confidence).slice(0, most);
}

function className(report: RunReport, index: number): string {
  return report.classNames?.[index] ?? String(index);
}

function confidenceOf(mistake: Mistake): string {
  const { confidence } = mistake;
  if (!(confidence >= 0 && confidence <= 1)) return String(Number(confidence.toPrecision(3)));
  return confidence > 0.999 ? '> 99.9 %' : percent(confidence);
}

/**
 * Returns the pixels as a data URI of a PNG: grey for height × width bytes, and colour for three such planes in sequence.
 * Undefined if the bytes are not an image.
 */
function pictureOf({ pixels }: Pick<Mistake, 'pixels'>, shape: RunReport['imageShape']): string | undefined {
  const side = Math.sqrt(pixels.length);
  const [height, width] = shape ?? [side, side];
  const size = height * width;
  if (!Number.isInteger(height) || !Number.isInteger(width) || size < 4) return undefined;
  const planes = pixels.length / size;
  if (planes !== 1 && planes !== 3) return undefined;
  const rows = new Uint8Array(height * (1 + width * planes));
  let position = 0;
  for (let row = 0; row < height; row += 1) {
    position += 1; // Each row starts with its filter type, 0 for none.
    for (let column = 0; column < width; column += 1) {
      for (let plane = 0; plane < planes; plane += 1) {
        rows[position] = pixels[plane * size + row * width + column] ?? 0;
        position += 1;
      }
    }
  }
  return `data:image/png;base64,${Buffer.from(png(width, height, planes === 1 ? 0 : 2, rows)).toString('base64')}`;
}

/** Encodes a PNG file with 8 bits per channel; colour type 0 is grey and 2 is RGB (ISO/IEC 15948). */
function png(width: number, height: number, colourType: 0 | 2, rows: Uint8Array): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colourType, 0, 0, 0], 8);
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('IDAT', zlibSync(rows)),
    chunk('IEND', new Uint8Array()),
  ];
  const file = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  return file;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  }
  return ~remainder >>> 0;
}
