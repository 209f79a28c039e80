/** Where channels sit and how they fold: pure tables and functions, no native code. */

/** As FFmpeg describes a layout: `order` 0 means unspecified, 1 a mask of speaker positions. */
export interface Layout {
  readonly nbChannels: number;
  readonly order: number;
  readonly mask: bigint;
}

/** The planes that node-av passes to native code in one call; FFmpeg itself has no such limit. */
export const MAX_CHANNELS = 8;

const NATIVE_ORDER = 1;

const FRONT_LEFT = 0;
const FRONT_RIGHT = 1;
const FRONT_CENTRE = 2;
const LOW_FREQUENCY = 3;
const BACK_LEFT = 4;
const BACK_RIGHT = 5;
const FRONT_LEFT_OF_CENTRE = 6;
const FRONT_RIGHT_OF_CENTRE = 7;
const BACK_CENTRE = 8;
const SIDE_LEFT = 9;
const SIDE_RIGHT = 10;
const TOP_FRONT_LEFT = 12;
const TOP_FRONT_CENTRE = 13;
const TOP_FRONT_RIGHT = 14;
const TOP_BACK_LEFT = 15;
const TOP_BACK_CENTRE = 16;
const TOP_BACK_RIGHT = 17;
const DOWN_MIX_LEFT = 29;
const DOWN_MIX_RIGHT = 30;
const WIDE_LEFT = 31;
const WIDE_RIGHT = 32;
const SURROUND_LEFT = 33;
const SURROUND_RIGHT = 34;
const LOW_FREQUENCY_2 = 35;
const TOP_SIDE_LEFT = 36;
const TOP_SIDE_RIGHT = 37;
const BOTTOM_FRONT_CENTRE = 38;
const BOTTOM_FRONT_LEFT = 39;
const BOTTOM_FRONT_RIGHT = 40;

/** What a bare channel count means, by count: the layouts that FLAC, Vorbis and Opus agree on. */
const DEFAULT_MASKS = [0n, 0x4n, 0x3n, 0x7n, 0x33n, 0x37n, 0x3fn, 0x70fn, 0x63fn];

/** The usual layout of that many channels, 1 to 8. */
export function defaultLayout(channels: number): Layout {
  return { nbChannels: channels, order: NATIVE_ORDER, mask: DEFAULT_MASKS[channels] };
}

/**
 * The layout itself where it names its speakers, else the usual one of that many channels. One channel by
 * itself is the front centre, whatever speaker it names, and subwoofers by themselves are no layout.
 */
export function namedLayout(layout: Layout): Layout {
  const { nbChannels, order, mask } = layout;
  const speakers = order === NATIVE_ORDER ? positions(mask) : [];
  const named = speakers.length === nbChannels && !speakers.every(isSubwoofer);
  if (!named || (nbChannels === 1 && speakers[0] !== FRONT_CENTRE)) return defaultLayout(nbChannels);
  return layout;
}

function isSubwoofer(position: number): boolean {
  return position === LOW_FREQUENCY || position === LOW_FREQUENCY_2;
}

function positions(mask: bigint): number[] {
  const found: number[] = [];
  for (let bit = 0; bit < 64; bit++) if ((mask >> BigInt(bit)) & 1n) found.push(bit);
  return found;
}

/** Speakers beside the listener, at 60 to 120 degrees, where a head makes sound louder. */
const BESIDE: readonly number[] = [
  SIDE_LEFT,
  SIDE_RIGHT,
  WIDE_LEFT,
  WIDE_RIGHT,
  SURROUND_LEFT,
  SURROUND_RIGHT,
];

/**
 * How much each channel counts towards loudness (ITU-R BS.1770-5, table 4): 1.41 beside the listener, 1
 * elsewhere, 0 for subwoofers. The back pair of 5.1, which has none at the sides, is at 110 degrees.
 */
export function loudnessWeights(layout: Layout): number[] {
  const speakers = positions(namedLayout(layout).mask);
  const sides = speakers.some((speaker) => BESIDE.includes(speaker));
  return speakers.map((speaker) => {
    if (isSubwoofer(speaker)) return 0;
    const back = speaker === BACK_LEFT || speaker === BACK_RIGHT;
    return BESIDE.includes(speaker) || (back && !sides) ? 1.41 : 1;
  });
}

/** What FFmpeg calls a layout, where it has a name. */
export function layoutName({ nbChannels, mask }: Layout): string {
  return NAMES[Number(mask)] ?? `${nbChannels} channels`;
}

const NAMES: Readonly<Record<number, string>> = {
  ...{ 4: 'mono', 3: 'stereo', 11: '2.1', 7: '3.0', 259: '3.0(back)', 263: '4.0', 51: 'quad' },
  ...{ 1539: 'quad(side)', 15: '3.1', 55: '5.0', 1543: '5.0(side)', 271: '4.1', 63: '5.1' },
  ...{ 1551: '5.1(side)', 1799: '6.0', 311: 'hexagonal', 1807: '6.1', 319: '6.1(back)', 1591: '7.0' },
  ...{ 1599: '7.1', 255: '7.1(wide)' },
};

const HALF_POWER = Math.SQRT1_2;

const CENTRE = [[FRONT_CENTRE], [FRONT_LEFT, FRONT_RIGHT]];
const LEFT = [[FRONT_LEFT], [FRONT_CENTRE]];
const RIGHT = [[FRONT_RIGHT], [FRONT_CENTRE]];
const BACK = [[BACK_LEFT, BACK_RIGHT], [SIDE_LEFT, SIDE_RIGHT], [FRONT_LEFT, FRONT_RIGHT], [FRONT_CENTRE]];

/** Where a speaker's sound goes when the target lacks it: the first line whose speakers the target has. */
const FOLDS: Readonly<Record<number, readonly (readonly number[])[]>> = {
  [FRONT_LEFT]: LEFT,
  [FRONT_RIGHT]: RIGHT,
  [FRONT_CENTRE]: CENTRE,
  [LOW_FREQUENCY]: [[LOW_FREQUENCY_2]],
  [LOW_FREQUENCY_2]: [[LOW_FREQUENCY]],
  [BACK_LEFT]: [[SIDE_LEFT], [BACK_CENTRE], ...LEFT],
  [BACK_RIGHT]: [[SIDE_RIGHT], [BACK_CENTRE], ...RIGHT],
  [FRONT_LEFT_OF_CENTRE]: LEFT,
  [FRONT_RIGHT_OF_CENTRE]: RIGHT,
  [BACK_CENTRE]: BACK,
  [SIDE_LEFT]: [[BACK_LEFT], [BACK_CENTRE], ...LEFT],
  [SIDE_RIGHT]: [[BACK_RIGHT], [BACK_CENTRE], ...RIGHT],
  [TOP_FRONT_LEFT]: LEFT,
  [TOP_FRONT_CENTRE]: CENTRE,
  [TOP_FRONT_RIGHT]: RIGHT,
  [TOP_BACK_LEFT]: [[BACK_LEFT], [SIDE_LEFT], [BACK_CENTRE], ...LEFT],
  [TOP_BACK_CENTRE]: [[BACK_CENTRE], ...BACK],
  [TOP_BACK_RIGHT]: [[BACK_RIGHT], [SIDE_RIGHT], [BACK_CENTRE], ...RIGHT],
  [DOWN_MIX_LEFT]: LEFT,
  [DOWN_MIX_RIGHT]: RIGHT,
  [WIDE_LEFT]: LEFT,
  [WIDE_RIGHT]: RIGHT,
  [SURROUND_LEFT]: [[SIDE_LEFT], [BACK_LEFT], [BACK_CENTRE], ...LEFT],
  [SURROUND_RIGHT]: [[SIDE_RIGHT], [BACK_RIGHT], [BACK_CENTRE], ...RIGHT],
  [TOP_SIDE_LEFT]: [[SIDE_LEFT], [BACK_LEFT], [BACK_CENTRE], ...LEFT],
  [TOP_SIDE_RIGHT]: [[SIDE_RIGHT], [BACK_RIGHT], [BACK_CENTRE], ...RIGHT],
  [BOTTOM_FRONT_CENTRE]: CENTRE,
  [BOTTOM_FRONT_LEFT]: LEFT,
  [BOTTOM_FRONT_RIGHT]: RIGHT,
};

/**
 * The target's speakers that carry a speaker's sound: its neighbours, else the front, else all but
 * subwoofers.
 */
function foldOf(position: number, to: readonly number[]): readonly number[] {
  const near = FOLDS[position]?.find((speakers) => speakers.every((speaker) => to.includes(speaker)));
  if (near !== undefined || isSubwoofer(position)) return near ?? [];
  const front = to.filter((speaker) => speaker <= FRONT_CENTRE);
  return front.length > 0 ? front : to.filter((speaker) => !isSubwoofer(speaker));
}

/**
 * A mixing matrix, one row per target channel and one column per source channel. Speakers the target has are
 * kept; one whose only neighbour there is a place that the source leaves empty moves there; the others fold
 * in at half power; low-frequency channels are dropped where the target has none. The largest row sums to 1
 * at most, so no mix can clip. One channel spreads unchanged over front left and right.
 */
export function mixMatrix(source: Layout, target: Layout): Float32Array[] {
  const from = positions(namedLayout(source).mask);
  const to = positions(namedLayout(target).mask);
  const rows = to.map(() => new Float32Array(from.length));
  for (const [column, position] of from.entries()) {
    if (to.includes(position)) {
      rows[to.indexOf(position)][column] += 1;
      continue;
    }
    const fold = foldOf(position, to);
    const moves = from.length === 1 || (fold.length === 1 && !from.includes(fold[0]));
    for (const speaker of fold) rows[to.indexOf(speaker)][column] += moves ? 1 : HALF_POWER;
  }
  const loudest = Math.max(...rows.map((row) => row.reduce((sum, weight) => sum + weight, 0)));
  if (loudest > 1) for (const row of rows) for (let i = 0; i < row.length; i++) row[i] /= loudest;
  return rows;
}

/** True when channels must be mixed: the matrix does more than to pass each one on. */
export function mustMix(source: Layout, target: Layout): boolean {
  // As most do: the matrix need not be made to see that it would be the identity.
  if (source.nbChannels === target.nbChannels && source.mask === target.mask) return false;
  return (
    source.nbChannels !== target.nbChannels ||
    mixMatrix(source, target).some((row, at) =>
      row.some((weight, column) => weight !== Number(column === at)),
    )
  );
}
