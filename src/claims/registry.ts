import { ApicalError } from '../errors.ts';
import { didYouMean } from '../suggest.ts';
import type { Claim } from './claim.ts';
import { arora2015Reversible } from './suite/generative/arora2015-reversible.ts';
import { neal2011Langevin } from './suite/equilibrium/neal2011-langevin.ts';
import { vincent2010Symmetry } from './suite/generative/vincent2010-symmetry.ts';
import { bengio2016Start } from './suite/equilibrium/bengio2016-start.ts';
import { barto1983CartPole } from './suite/scalar/barto1983-cart-pole.ts';
import { akrout2019Mnist } from './suite/feedback/akrout2019-mnist.ts';
import { ackley1985Dreaming } from './suite/generative/ackley1985-dreaming.ts';
import { ackley1985Encoder } from './suite/generative/ackley1985-encoder.ts';
import { akrout2019MirrorAngle } from './suite/feedback/akrout2019-mirror-angle.ts';
import { ernoult2019Curves } from './suite/equilibrium/ernoult2019-curves.ts';
import { hinton2016LectureTable } from './suite/feedback/hinton2016-lecture-table.ts';
import { kolen1994Decay } from './suite/feedback/kolen1994-decay.ts';
import { lillicrap2016Mnist } from './suite/feedback/lillicrap2016-mnist.ts';
import { hinton2012DropoutEnsemble } from './suite/exact/hinton2012-dropout-ensemble.ts';
import { hinton2006Dbn } from './suite/generative/hinton2006-dbn.ts';
import { lillicrap2016Bottleneck } from './suite/feedback/lillicrap2016-bottleneck.ts';
import { lillicrap2016Invariant } from './suite/feedback/lillicrap2016-invariant.ts';
import { lillicrap2016Linear } from './suite/feedback/lillicrap2016-linear.ts';
import { bartunov2018ExactInverse } from './suite/targets/bartunov2018-exact-inverse.ts';
import { ernoult2022Transpose } from './suite/targets/ernoult2022-transpose.ts';
import { hinton2016TemporalCode } from './suite/temporal-error/hinton2016-temporal-code.ts';
import { oreilly1996Generec } from './suite/temporal-error/oreilly1996-generec.ts';
import { hinton1988Recirculation } from './suite/temporal-error/hinton1988-recirculation.ts';
import { sacramento2018Prediction } from './suite/dendrites/sacramento2018-prediction.ts';
import { song2020Exact } from './suite/dendrites/song2020-exact.ts';
import { whittington2017Limit } from './suite/dendrites/whittington2017-limit.ts';
import { ren2023Growth } from './suite/scalar/ren2023-growth.ts';
import { ren2023Variance } from './suite/scalar/ren2023-variance.ts';
import { laborieux2021Bias } from './suite/equilibrium/laborieux2021-bias.ts';
import { scellier2017Gradient } from './suite/equilibrium/scellier2017-gradient.ts';
import { scellier2017Mnist } from './suite/equilibrium/scellier2017-mnist.ts';
import { scellier2018VectorField } from './suite/equilibrium/scellier2018-vector-field.ts';
import { werfel2005Curves } from './suite/scalar/werfel2005-curves.ts';
import { werfel2005Serial } from './suite/scalar/werfel2005-serial.ts';
import { xie2003Backprop } from './suite/equilibrium/xie2003-backprop.ts';

export interface RegisteredClaim {
  readonly claim: Claim;
  /** The file that defines the claim, relative to src. */
  readonly file: string;
}

/** All claims by the file, below `suite`, that defines them. A new claim needs a file and a line here. */
const FILES: Readonly<Record<string, readonly Claim[]>> = {
  'feedback/lillicrap2016-linear.ts': lillicrap2016Linear,
  'feedback/lillicrap2016-invariant.ts': lillicrap2016Invariant,
  'feedback/lillicrap2016-bottleneck.ts': lillicrap2016Bottleneck,
  'feedback/akrout2019-mirror-angle.ts': akrout2019MirrorAngle,
  'feedback/kolen1994-decay.ts': kolen1994Decay,
  'feedback/lillicrap2016-mnist.ts': lillicrap2016Mnist,
  'feedback/akrout2019-mnist.ts': akrout2019Mnist,
  'exact/hinton2012-dropout-ensemble.ts': hinton2012DropoutEnsemble,
  'feedback/hinton2016-lecture-table.ts': hinton2016LectureTable,
  'scalar/werfel2005-curves.ts': werfel2005Curves,
  'scalar/werfel2005-serial.ts': werfel2005Serial,
  'scalar/ren2023-growth.ts': ren2023Growth,
  'scalar/ren2023-variance.ts': ren2023Variance,
  'scalar/barto1983-cart-pole.ts': barto1983CartPole,
  'temporal-error/hinton1988-recirculation.ts': hinton1988Recirculation,
  'temporal-error/oreilly1996-generec.ts': oreilly1996Generec,
  'temporal-error/hinton2016-temporal-code.ts': hinton2016TemporalCode,
  'targets/bartunov2018-exact-inverse.ts': bartunov2018ExactInverse,
  'targets/ernoult2022-transpose.ts': ernoult2022Transpose,
  'dendrites/whittington2017-limit.ts': whittington2017Limit,
  'dendrites/song2020-exact.ts': song2020Exact,
  'dendrites/sacramento2018-prediction.ts': sacramento2018Prediction,
  'equilibrium/ernoult2019-curves.ts': ernoult2019Curves,
  'equilibrium/scellier2017-gradient.ts': scellier2017Gradient,
  'equilibrium/laborieux2021-bias.ts': laborieux2021Bias,
  'equilibrium/scellier2017-mnist.ts': scellier2017Mnist,
  'equilibrium/scellier2018-vector-field.ts': scellier2018VectorField,
  'equilibrium/xie2003-backprop.ts': xie2003Backprop,
  'generative/ackley1985-dreaming.ts': ackley1985Dreaming,
  'generative/ackley1985-encoder.ts': ackley1985Encoder,
  'generative/hinton2006-dbn.ts': hinton2006Dbn,
  'equilibrium/neal2011-langevin.ts': neal2011Langevin,
  'generative/vincent2010-symmetry.ts': vincent2010Symmetry,
  'generative/arora2015-reversible.ts': arora2015Reversible,
  'equilibrium/bengio2016-start.ts': bengio2016Start,
};

export const CLAIMS: readonly RegisteredClaim[] = Object.entries(FILES).flatMap(([file, claims]) =>
  claims.map((claim) => ({ claim, file: `claims/suite/${file}` })),
);

/** Returns the claim with an id. Throws `claim.unknown`, with the nearest id. */
export function claimById(id: string, claims: readonly RegisteredClaim[] = CLAIMS): RegisteredClaim {
  const found = claims.find(({ claim }) => claim.id === id);
  if (found) return found;
  const suggestion = didYouMean(
    id,
    claims.map(({ claim }) => claim.id),
  );
  throw new ApicalError(
    'claim.unknown',
    `There is no claim "${id}".${suggestion} \`apical claims\` lists them.`,
    { id },
  );
}
