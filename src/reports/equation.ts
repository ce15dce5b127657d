import temml from 'temml';
import { trusted, type Markup } from './markup.ts';

/**
 * TeX as MathML, which browsers set without a script or a font of their own. TeX that cannot be read is shown in
 * red where it breaks: a slip in a user's rule file must not cost the report. Links and images in TeX are refused.
 */
export function equation(tex: string): Markup {
  return trusted(
    temml.renderToString(tex, { displayMode: true, annotate: true, throwOnError: false, trust: false }),
  );
}
