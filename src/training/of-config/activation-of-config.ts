import type { Config } from '../../config/config.ts';
import { isUserFile } from '../../config/user-file.ts';
import { ApicalError } from '../../errors.ts';
import { activationOf, threshold } from '../../tensor/activation.ts';
import type { Activation, ActivationName } from '../../tensor/activation.ts';

/** The activation function of an area, as a config has it. */
export type ActivationSetting = Config['network']['activation'];

/** Activation functions of users' files that have been loaded, by the path in the config. */
const loaded = new Map<string, Activation>();

/**
 * Keeps the activation function that a user's file exports. Networks are built without waiting, so whoever may read files
 * loads those of a config (`activationFiles`) before.
 */
export function provideActivation(file: string, activation: Activation): void {
  loaded.set(file, activation);
}

/** Returns the paths of the users' files that the activation functions of a config name. */
export function activationFiles({ network, graph }: Config): readonly string[] {
  const settings: readonly (ActivationSetting | undefined)[] = graph
    ? graph.areas.map(({ activation }) => activation)
    : [network.activation, network.outputActivation];
  const files = settings.filter((setting) => typeof setting === 'string' && isUserFile(setting));
  return [...new Set(files as string[])];
}

/** Returns the activation function that a config means. Throws `activation.file` for a file that is not loaded. */
export function activationFor(setting: ActivationSetting): Activation {
  if (typeof setting !== 'string') {
    const { at, surrogate, sharpness } = setting;
    return threshold({ at, surrogate, sharpness });
  }
  if (!isUserFile(setting)) return activationOf(setting as ActivationName);
  const activation = loaded.get(setting);
  if (activation) return activation;
  throw new ApicalError(
    'activation.file',
    `The activation file "${setting}" cannot be opened here. Use a built-in activation function in a page, or run the config by \`apical run\`.`,
    { file: setting },
  );
}
