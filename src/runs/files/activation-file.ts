import type { Config } from '../../config/config.ts';
import { ApicalError } from '../../errors.ts';
import { checkActivation } from '../../tensor/index.ts';
import { activationFiles, provideActivation } from '../../training/of-config/activation-of-config.ts';
import { importUserFile } from './user-file.ts';

/**
 * Loads the activation functions that configs name as files, so that their networks can be built. The default export of
 * a file is made by `defineActivation` or `threshold`. Throws `activation.file` or `activation.invalid`.
 */
export async function loadActivations(...configs: readonly Config[]): Promise<void> {
  for (const file of new Set(configs.flatMap(activationFiles))) {
    const exported = await importUserFile(file, 'activation');
    if (typeof exported !== 'object' || exported === null || !('value' in exported)) {
      throw new ApicalError(
        'activation.file',
        `The activation file "${file}" must export an activation function by default: export default defineActivation({ name, value, slope, bounds }).`,
        { file },
      );
    }
    provideActivation(file, checkActivation(exported));
  }
}
