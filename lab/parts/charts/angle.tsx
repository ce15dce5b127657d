import { colourOf } from './series.tsx';
import { degrees } from '../format.ts';

/**
 * A dial of the angle between the exact gradient, which is drawn level, and the update of the rule. At 90° the update is
 * blind chance, at 0° it is the exact gradient.
 */
export function AngleGlyph({
  angle,
  lane,
  label,
}: {
  readonly angle: number | null | undefined;
  readonly lane: number;
  readonly label: string;
}) {
  const known = typeof angle === 'number' && Number.isFinite(angle);
  const radians = ((known ? angle : 90) * Math.PI) / 180;
  const [x, y] = [4 + 30 * Math.cos(radians), 34 - 30 * Math.sin(radians)];
  const [arcX, arcY] = [4 + 14 * Math.cos(radians), 34 - 14 * Math.sin(radians)];
  return (
    <div class="angle" role="img" aria-label={`${label}: ${degrees(angle)}`}>
      <svg viewBox="-14 0 52 38" width="52" height="38" aria-hidden="true">
        <path class="angle-exact" d="M4 34H36" />
        {known && (
          <>
            <path class="angle-arc" d={`M18 34A14 14 0 0 0 ${arcX.toFixed(2)} ${arcY.toFixed(2)}`} />
            <path class="angle-rule" d={`M4 34L${x.toFixed(2)} ${y.toFixed(2)}`} stroke={colourOf(lane)} />
            <circle cx={x.toFixed(2)} cy={y.toFixed(2)} r="2.4" fill={colourOf(lane)} />
          </>
        )}
      </svg>
      <span aria-hidden="true">{degrees(angle)}</span>
    </div>
  );
}
