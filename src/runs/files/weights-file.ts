import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { npzComment, parseNpz } from '../../datasets/formats/npz.ts';
import { parseSafetensors } from '../../datasets/formats/safetensors.ts';
import { ApicalError } from '../../errors.ts';
import { importWeights } from '../../network/index.ts';
import type { Network } from '../../network/index.ts';
import type { Config } from '../../config/config.ts';
import type { WeightsFile } from '../exported-network.ts';
import { readAll } from '../folder/files.ts';

/**
 * Reads a .safetensors or .npz file, recognised by content. Throws `weights.missing` or `weights.format`, and
 * `safetensors.invalid` or `dataset.corrupt` for damaged files.
 */
export function readWeights(file: string): WeightsFile {
  return parseWeights(readFile(file), file);
}

/** A config whose file of weights stands with its content's SHA-256, by which it is part of the run's identity. */
export function sealWeights(config: Config): Config {
  if (typeof config.weights !== 'string') return config;
  return { ...config, weights: { file: config.weights, sha256: sha256(readFile(config.weights)) } };
}

/**
 * Loads the weights that a config names, if any, into a network. Throws `weights.…` errors (`weights.changed` if the
 * file has changed since the run began), `safetensors.invalid` and `dataset.corrupt`.
 */
export function startFromWeights(network: Network, { weights }: Config): void {
  if (weights === undefined) return;
  const { file, sha256: expected } =
    typeof weights === 'string' ? { file: weights, sha256: undefined } : weights;
  const bytes = readFile(file);
  const found = sha256(bytes);
  if (expected !== undefined && found !== expected) {
    throw new ApicalError(
      'weights.changed',
      `${file} has changed since the run began: its SHA-256 is ${found}, not ${expected}. Restore the file, or start a new run with --weights ${file}.`,
      { file, expected, found },
    );
  }
  importWeights(network, parseWeights(bytes, file).tensors, { name: `The weights in ${file}` });
}

function parseWeights(bytes: Uint8Array, file: string): WeightsFile {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  if (!isZip && bytes[8] !== 0x7b) {
    throw unknownFormat(file, 'it is neither a .safetensors nor a .npz file');
  }
  if (!isZip) {
    const contents = parseSafetensors(bytes, file);
    if (contents.metadata['position'] === undefined) return contents;
    throw new ApicalError(
      'weights.format',
      `${file} is a checkpoint, not a weights file. Export its run with \`apical export ${path.dirname(file)} --format safetensors\`.`,
      { file },
    );
  }
  const tensors = parseNpz(bytes, file);
  if (tensors.size === 0) throw unknownFormat(file, 'it is a ZIP archive without NumPy arrays');
  return { tensors, metadata: metadataIn(npzComment(bytes)) };
}

function metadataIn(comment: string): Record<string, string> {
  try {
    const value = JSON.parse(comment) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};
  } catch {
    return {}; // The comment of another program.
  }
}

function readFile(file: string): Uint8Array {
  if (!existsSync(file) || !statSync(file).isFile()) {
    const isFolder = existsSync(file);
    throw new ApicalError(
      'weights.missing',
      isFolder
        ? `${file} is a folder, not a weights file. If it holds a run, export its weights with \`apical export ${file} --format safetensors\`.`
        : `There is no weights file ${file}. Check the path.`,
      { file },
    );
  }
  return readAll(file);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const unknownFormat = (file: string, reason: string) =>
  new ApicalError(
    'weights.format',
    `${file} cannot be read as weights: ${reason}. From PyTorch, save them with ` +
      'safetensors.torch.save_file(model.state_dict(), "weights.safetensors"), or ' +
      'numpy.savez("weights.npz", **{name: value.numpy() for name, value in model.state_dict().items()}).',
    { file },
  );
