import temml from 'temml';
import { trusted, type Markup } from './markup.ts';

/**
 * Converts TeX to MathML, which browsers render without scripts or additional fonts. Invalid TeX is shown in red, so that
 * a mistake in a user's rule file does not prevent the report. Links and images in TeX are refused.
 */
export function equation(tex: string): Markup {
  return trusted(
    temml.renderToString(tex, { displayMode: true, annotate: true, throwOnError: false, trust: false }),
  );
}
