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

/** What a bare channel count means, by count: the layouts that FLAC, Vorbis and Opus agree on. */
const DEFAULT_MASKS = [0n, 0x4n, 0x3n, 0x7n, 0x33n, 0x37n, 0x3fn, 0x70fn, 0x63fn];

/** The usual layout of that many channels, 1 to 8. */
export function defaultLayout(channels: number): Layout {
  return { nbChannels: channels, order: NATIVE_ORDER, mask: DEFAULT_MASKS[channels] };
}

/** The layout itself where it names its speakers, else the usual one of that many channels. */
export function namedLayout(layout: Layout): Layout {
  return layout.order === NATIVE_ORDER && positions(layout.mask).length === layout.nbChannels
    ? layout
    : defaultLayout(layout.nbChannels);
}

function positions(mask: bigint): number[] {
  const found: number[] = [];
  for (let bit = 0; bit < 64; bit++) if ((mask >> BigInt(bit)) & 1n) found.push(bit);
  return found;
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

/** Where a speaker's sound goes when the target lacks it: the first line whose speakers the target has. */
const FOLDS: Readonly<Record<number, readonly (readonly number[])[]>> = {
  [FRONT_LEFT]: [[FRONT_CENTRE]],
  [FRONT_RIGHT]: [[FRONT_CENTRE]],
  [FRONT_CENTRE]: [[FRONT_LEFT, FRONT_RIGHT]],
  [LOW_FREQUENCY]: [],
  [BACK_LEFT]: [[SIDE_LEFT], [BACK_CENTRE], [FRONT_LEFT], [FRONT_CENTRE]],
  [BACK_RIGHT]: [[SIDE_RIGHT], [BACK_CENTRE], [FRONT_RIGHT], [FRONT_CENTRE]],
  [FRONT_LEFT_OF_CENTRE]: [[FRONT_LEFT], [FRONT_CENTRE]],
  [FRONT_RIGHT_OF_CENTRE]: [[FRONT_RIGHT], [FRONT_CENTRE]],
  [BACK_CENTRE]: [
    [BACK_LEFT, BACK_RIGHT],
    [SIDE_LEFT, SIDE_RIGHT],
    [FRONT_LEFT, FRONT_RIGHT],
    [FRONT_CENTRE],
  ],
  [SIDE_LEFT]: [[BACK_LEFT], [BACK_CENTRE], [FRONT_LEFT], [FRONT_CENTRE]],
  [SIDE_RIGHT]: [[BACK_RIGHT], [BACK_CENTRE], [FRONT_RIGHT], [FRONT_CENTRE]],
};

/**
 * A mixing matrix, one row per target channel and one column per source channel.
 * Speakers the target has are kept; one whose only neighbour there is a place that the source leaves empty moves there; the
 * others fold in at half power; the low-frequency channel is dropped where the target has none. The largest row sums to
 * 1 at most, so no mix can clip. One channel spreads unchanged over front left and right.
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
    const fold = FOLDS[position]?.find((speakers) => speakers.every((speaker) => to.includes(speaker))) ?? [];
    const moves = from.length === 1 || (fold.length === 1 && !from.includes(fold[0]));
    for (const speaker of fold) rows[to.indexOf(speaker)][column] += moves ? 1 : HALF_POWER;
  }
  const loudest = Math.max(...rows.map((row) => row.reduce((sum, weight) => sum + weight, 0)));
  if (loudest > 1) for (const row of rows) for (let i = 0; i < row.length; i++) row[i] /= loudest;
  return rows;
}

/** True when channels must be mixed: the matrix does more than to pass each one on. */
export function mustMix(source: Layout, target: Layout): boolean {
  return (
    source.nbChannels !== target.nbChannels ||
    mixMatrix(source, target).some((row, at) =>
      row.some((weight, column) => weight !== Number(column === at)),
    )
  );
}
