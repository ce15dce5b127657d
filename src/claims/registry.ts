import { ApicalError } from '../errors.ts';
import { didYouMean } from '../datasets/suggest.ts';
import type { Claim } from './claim.ts';
import { arora2015Reversible } from './suite/arora2015-reversible.ts';
import { neal2011Langevin } from './suite/neal2011-langevin.ts';
import { vincent2010Symmetry } from './suite/vincent2010-symmetry.ts';
import { bengio2016Start } from './suite/bengio2016-start.ts';
import { barto1983CartPole } from './suite/barto1983-cart-pole.ts';
import { akrout2019Mnist } from './suite/akrout2019-mnist.ts';
import { ackley1985Dreaming } from './suite/ackley1985-dreaming.ts';
import { ackley1985Encoder } from './suite/ackley1985-encoder.ts';
import { akrout2019MirrorAngle } from './suite/akrout2019-mirror-angle.ts';
import { ernoult2019Curves } from './suite/ernoult2019-curves.ts';
import { hinton2016LectureTable } from './suite/hinton2016-lecture-table.ts';
import { kolen1994Decay } from './suite/kolen1994-decay.ts';
import { lillicrap2016Mnist } from './suite/lillicrap2016-mnist.ts';
import { hinton2012DropoutEnsemble } from './suite/hinton2012-dropout-ensemble.ts';
import { hinton2006Dbn } from './suite/hinton2006-dbn.ts';
import { lillicrap2016Bottleneck } from './suite/lillicrap2016-bottleneck.ts';
import { lillicrap2016Invariant } from './suite/lillicrap2016-invariant.ts';
import { lillicrap2016Linear } from './suite/lillicrap2016-linear.ts';
import { bartunov2018ExactInverse } from './suite/bartunov2018-exact-inverse.ts';
import { ernoult2022Transpose } from './suite/ernoult2022-transpose.ts';
import { hinton2016TemporalCode } from './suite/hinton2016-temporal-code.ts';
import { oreilly1996Generec } from './suite/oreilly1996-generec.ts';
import { hinton1988Recirculation } from './suite/hinton1988-recirculation.ts';
import { sacramento2018Prediction } from './suite/sacramento2018-prediction.ts';
import { song2020Exact } from './suite/song2020-exact.ts';
import { whittington2017Limit } from './suite/whittington2017-limit.ts';
import { ren2023Growth } from './suite/ren2023-growth.ts';
import { ren2023Variance } from './suite/ren2023-variance.ts';
import { laborieux2021Bias } from './suite/laborieux2021-bias.ts';
import { scellier2017Gradient } from './suite/scellier2017-gradient.ts';
import { scellier2017Mnist } from './suite/scellier2017-mnist.ts';
import { scellier2018VectorField } from './suite/scellier2018-vector-field.ts';
import { werfel2005Curves } from './suite/werfel2005-curves.ts';
import { werfel2005Serial } from './suite/werfel2005-serial.ts';
import { xie2003Backprop } from './suite/xie2003-backprop.ts';

export interface RegisteredClaim {
  readonly claim: Claim;
  /** Its file, from src. */
  readonly file: string;
}

/** Every claim by the file that defines it. New claims are their file and a line here. */
const FILES: Readonly<Record<string, readonly Claim[]>> = {
  'lillicrap2016-linear.ts': lillicrap2016Linear,
  'lillicrap2016-invariant.ts': lillicrap2016Invariant,
  'lillicrap2016-bottleneck.ts': lillicrap2016Bottleneck,
  'akrout2019-mirror-angle.ts': akrout2019MirrorAngle,
  'kolen1994-decay.ts': kolen1994Decay,
  'lillicrap2016-mnist.ts': lillicrap2016Mnist,
  'akrout2019-mnist.ts': akrout2019Mnist,
  'hinton2012-dropout-ensemble.ts': hinton2012DropoutEnsemble,
  'hinton2016-lecture-table.ts': hinton2016LectureTable,
  'werfel2005-curves.ts': werfel2005Curves,
  'werfel2005-serial.ts': werfel2005Serial,
  'ren2023-growth.ts': ren2023Growth,
  'ren2023-variance.ts': ren2023Variance,
  'barto1983-cart-pole.ts': barto1983CartPole,
  'hinton1988-recirculation.ts': hinton1988Recirculation,
  'oreilly1996-generec.ts': oreilly1996Generec,
  'hinton2016-temporal-code.ts': hinton2016TemporalCode,
  'bartunov2018-exact-inverse.ts': bartunov2018ExactInverse,
  'ernoult2022-transpose.ts': ernoult2022Transpose,
  'whittington2017-limit.ts': whittington2017Limit,
  'song2020-exact.ts': song2020Exact,
  'sacramento2018-prediction.ts': sacramento2018Prediction,
  'ernoult2019-curves.ts': ernoult2019Curves,
  'scellier2017-gradient.ts': scellier2017Gradient,
  'laborieux2021-bias.ts': laborieux2021Bias,
  'scellier2017-mnist.ts': scellier2017Mnist,
  'scellier2018-vector-field.ts': scellier2018VectorField,
  'xie2003-backprop.ts': xie2003Backprop,
  'ackley1985-dreaming.ts': ackley1985Dreaming,
  'ackley1985-encoder.ts': ackley1985Encoder,
  'hinton2006-dbn.ts': hinton2006Dbn,
  'neal2011-langevin.ts': neal2011Langevin,
  'vincent2010-symmetry.ts': vincent2010Symmetry,
  'arora2015-reversible.ts': arora2015Reversible,
  'bengio2016-start.ts': bengio2016Start,
};

export const CLAIMS: readonly RegisteredClaim[] = Object.entries(FILES).flatMap(([file, claims]) =>
  claims.map((claim) => ({ claim, file: `claims/suite/${file}` })),
);

/** The claim of that id. Throws `claim.unknown`, with the nearest id. */
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
