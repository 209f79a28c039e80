/**
 * How long work takes, by its kind: milliseconds of a core that it has for itself, as learnt from what ended.
 *
 * Owned by `Admission`; no clock. Of each kind it keeps a line, `a + b * seconds`, fitted by least squares of
 * the relative error, in which older work counts ever less, and how far work was from that line. A kind that
 * is new begins with what its codecs are known to take, by what this machine is quicker or slower than that.
 * Invariant: at most `MOST_KINDS` kinds of about 200 bytes each; the one that was used least recently goes.
 */

/** A kind of work whose speed is learnt apart from others. */
export interface WorkKind {
  /** Codec or container family of the source; 'unknown' where nobody has looked. */
  readonly from: string;
  /** The target, or 'analyze'. */
  readonly to: string;
  /** Whether samples go through more than decoder and encoder: a rate, channels, gain, loudness. */
  readonly processed: boolean;
}

/** How much of a kind: what is known of it. */
export interface Size {
  readonly kind: WorkKind;
  readonly bytes: number | null;
  /** Of audio. */
  readonly seconds: number | null;
}

/** Milliseconds of a core. */
export interface Estimate {
  /** As likely too much as too little. */
  readonly medianMs: number;
  /** Nine of ten take no longer, and nine of ten no less. */
  readonly safeMs: number;
  readonly leastMs: number;
}

/** Times real time on one core. */
const DECODE: ReadonlyMap<string, number> = new Map(
  Object.entries({
    flac: 938,
    'ogg-vorbis': 957,
    mp3: 1139,
    m4a: 1385,
    opus: 323,
    wav: 5000,
    aiff: 5000,
  }),
);
const ENCODE: ReadonlyMap<string, number> = new Map(
  Object.entries({
    flac: 730,
    alac: 274,
    opus: 113,
    vorbis: 84,
    mp3: 75,
    aac: 49,
    m4a: 49,
    wav: 5000,
    analyze: 1100,
  }),
);
const UNKNOWN_DECODE = 600;
const UNKNOWN_ENCODE = 75;
const PROCESSING = 400;
/** Of a job that has nothing to do. */
const FIRST_MS = 8;

/** Bytes of a second of audio. */
const DENSITY: ReadonlyMap<string, number> = new Map(
  Object.entries({
    wav: 176_400,
    aiff: 176_400,
    flac: 100_000,
    mp3: 24_000,
    m4a: 20_000,
    'ogg-vorbis': 18_000,
    opus: 14_000,
  }),
);
const UNKNOWN_DENSITY = 50_000;
/** Where neither a length nor seconds are known. */
const UNKNOWN_SECONDS = 60;

const MOST_KINDS = 500;
/** One that ended counts for so much of what came before. */
const KEPT = 1 - 1 / 40;
/** The first guess counts as so many that ended. */
const GUESS_WEIGHT = 2;
/** A result so many times off counts as no further off: one broken measurement moves little. */
const MOST_OFF = Math.log(4);
/** No work takes eleven days. */
const LONGEST_MS = 1e9;
/** Of the guess of a coefficient, whatever was measured. */
const LEAST_PART = 1000;
const SPREAD_SHARE = 1 / 25;
/** Before anything was learnt: a factor of two. */
const FIRST_SPREAD = Math.log(2) / 1.6;
/** From the mean distance to the ninth of ten, as in a normal distribution: 1.28 / 0.80. */
const SAFE = 1.6;

/** With less known of its size, work is further off. */
const KNOWN = { seconds: 1, bytes: 2, nothing: 3 } as const;

interface Learnt {
  /** Weighted sums of the fit. */
  w: number;
  x: number;
  xx: number;
  y: number;
  xy: number;
  a: number;
  b: number;
  count: number;
  /** Of the logarithm of how far off work was: the middle, and the mean distance from it. */
  middle: number;
  spread: number;
}

export class Speeds {
  readonly #kinds = new Map<string, Learnt>();
  /** Logarithm of how much longer work takes here than guessed, over all kinds. */
  #machine = 0;
  #machineCount = 0;
  /** Logarithm of bytes a second, by source. */
  readonly #densities = new Map<string, number>();

  /** Kinds that it has learnt from. */
  get size(): number {
    return this.#kinds.size;
  }

  estimate(size: Size): Estimate {
    const learnt = this.#kinds.get(nameOf(size));
    const [a, b] = learnt === undefined ? this.#guess(size.kind) : [learnt.a, learnt.b];
    const middle = learnt?.middle ?? 0;
    const off = Math.exp(SAFE * (learnt?.spread ?? FIRST_SPREAD * KNOWN[knownOf(size)]));
    const medianMs = (a + b * this.#seconds(size)) * Math.exp(middle);
    return { medianMs, safeMs: medianMs * off, leastMs: medianMs / off };
  }

  /** Work of this size took so long, of a core of its own. */
  learn(size: Size, tookMs: number): void {
    if (!(tookMs > 0 && tookMs < LONGEST_MS)) return;
    if (size.seconds && size.bytes) this.#learnDensity(size.kind.from, size.bytes / size.seconds);
    const seconds = this.#seconds(size);
    const guess = this.#guess(size.kind);
    this.#learnMachine(Math.log(tookMs / (guess[0] + guess[1] * seconds)));

    const learnt = this.#kindOf(size, guess);
    learnt.count++;
    const share = Math.max(SPREAD_SHARE, 1 / (learnt.count + GUESS_WEIGHT));
    const expectedMs = learnt.a + learnt.b * seconds;
    const off = Math.log(tookMs / expectedMs);
    const distance = off - learnt.middle;
    learnt.middle += clamp(distance, MOST_OFF) * share;
    learnt.spread += (Math.min(Math.abs(distance), MOST_OFF) - learnt.spread) * share;
    // The first may be far off since the guess was.
    const most = learnt.count <= GUESS_WEIGHT ? Infinity : MOST_OFF;
    refine(learnt, seconds, expectedMs * Math.exp(clamp(off, most)), guess);
  }

  /** The one that was used last stands last. */
  #kindOf(size: Size, [a, b]: readonly [number, number]): Learnt {
    const name = nameOf(size);
    const spread = FIRST_SPREAD * KNOWN[knownOf(size)];
    const fresh: Learnt = { w: 0, x: 0, xx: 0, y: 0, xy: 0, a, b, count: 0, middle: 0, spread };
    const learnt = this.#kinds.get(name) ?? fresh;
    this.#kinds.delete(name);
    this.#kinds.set(name, learnt);
    for (const [oldest] of this.#kinds) {
      if (this.#kinds.size <= MOST_KINDS) break;
      this.#kinds.delete(oldest);
    }
    return learnt;
  }

  #guess({ from, to, processed }: WorkKind): [number, number] {
    const speed =
      1 / (DECODE.get(from) ?? UNKNOWN_DECODE) +
      1 / (ENCODE.get(to) ?? UNKNOWN_ENCODE) +
      (processed ? 1 / PROCESSING : 0);
    const machine = Math.exp(this.#machine);
    return [FIRST_MS * machine, 1000 * speed * machine];
  }

  #seconds({ kind, bytes, seconds }: Size): number {
    if (seconds !== null) return seconds;
    if (bytes === null) return UNKNOWN_SECONDS;
    const density = this.#densities.get(kind.from);
    return bytes / (density === undefined ? (DENSITY.get(kind.from) ?? UNKNOWN_DENSITY) : Math.exp(density));
  }

  #learnDensity(from: string, bytesSecond: number): void {
    const known = this.#densities.get(from);
    if (known === undefined && this.#densities.size >= MOST_KINDS) return;
    const found = Math.log(bytesSecond);
    if (!Number.isFinite(found)) return;
    this.#densities.set(
      from,
      known === undefined ? found : known + clamp(found - known, MOST_OFF) * SPREAD_SHARE,
    );
  }

  #learnMachine(off: number): void {
    this.#machineCount++;
    // A plain mean at first, then one that forgets.
    const share = Math.max(SPREAD_SHARE, 1 / (this.#machineCount + GUESS_WEIGHT));
    this.#machine += clamp(off, MOST_OFF) * share;
  }
}

function nameOf(size: Size): string {
  const { from, to, processed } = size.kind;
  return `${from} ${to} ${processed} ${knownOf(size)}`;
}

function knownOf({ bytes, seconds }: Size): keyof typeof KNOWN {
  return seconds !== null ? 'seconds' : bytes !== null ? 'bytes' : 'nothing';
}

/** One more point of the line, and the line anew: the guess holds its slope while points are few or alike. */
function refine(learnt: Learnt, x: number, y: number, [guessA, guessB]: readonly [number, number]): void {
  const weight = 1 / (learnt.a + learnt.b * x) ** 2;
  learnt.w = learnt.w * KEPT + weight;
  learnt.x = learnt.x * KEPT + weight * x;
  learnt.xx = learnt.xx * KEPT + weight * x * x;
  learnt.y = learnt.y * KEPT + weight * y;
  learnt.xy = learnt.xy * KEPT + weight * x * y;
  // The guess as observations of each coefficient by itself.
  const w = learnt.w + GUESS_WEIGHT / guessA ** 2;
  const xx = learnt.xx + GUESS_WEIGHT / guessB ** 2;
  const ya = learnt.y + GUESS_WEIGHT / guessA;
  const yb = learnt.xy + GUESS_WEIGHT / guessB;
  const determinant = w * xx - learnt.x * learnt.x;
  const a = (ya * xx - yb * learnt.x) / determinant;
  const b = (yb * w - ya * learnt.x) / determinant;
  learnt.a = Math.max(a, guessA / LEAST_PART);
  learnt.b = Math.max(b > 0 && a > 0 ? b : yb / xx, guessB / LEAST_PART);
}

function clamp(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}
