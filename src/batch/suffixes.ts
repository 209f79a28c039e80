/**
 * What the end of a name says of a file before it is opened: whether a folder's walk takes it for audio, how
 * long it may be, and which part of the name an output changes for its own suffix. What a file is, its
 * content says.
 */
import { extname } from 'node:path';

/** Typical bytes per second by suffix, of what is taken for audio when it is found in a folder. */
const BYTES_PER_SECOND: ReadonlyMap<string, number> = new Map([
  ...each('wav wave w64 rf64 aif aiff aifc au snd caf', 176_400),
  ...each('flac wv tta ape alac', 100_000),
  ...each('mp3 mp2 m4a m4b mp4 aac ogg oga opus spx wma', 20_000),
  ...each('webm mka mkv amr ac3 eac3 dts mpc 3gp mov', 20_000),
]);

/** For files that were named although their suffix is not one of those. */
const UNKNOWN_BYTES_PER_SECOND = 100_000;

/** Other suffixes that programs give to what holds sound. */
const OTHERS = new Set(
  [
    '3g2 8svx aa3 aax adts aiffc aob asf at3 avi awb bw64 bwf dff divx dsf dtshd ec3 f4a f4v flv gsm iff',
    'ircam latm loas lc3 m1a m2a m2ts m4p m4r m4v mlp mogg mp1 mp4a mpa mpeg mpg mpp mts mxf nist nsp nut',
    'ofr ogv ogx oma pvf qcp qoa qt ra rm rmvb shn sln sph svx tak thd truehd ts voc vob vqf weba wmv wsd wve',
  ].flatMap((line) => line.split(' ').map((suffix) => `.${suffix}`)),
);

/** Whether a file that is found in a folder is taken for audio. */
export function looksLikeAudio(path: string): boolean {
  return BYTES_PER_SECOND.has(suffixOf(path));
}

/** Bytes that a second of such a file takes, more or less. */
export function bytesPerSecond(path: string): number {
  return BYTES_PER_SECOND.get(suffixOf(path)) ?? UNKNOWN_BYTES_PER_SECOND;
}

/** The name without its suffix, if what follows its last dot is one: `Vol. 1. Intro` has none. */
export function withoutSuffix(name: string): string {
  const suffix = suffixOf(name);
  const known = BYTES_PER_SECOND.has(suffix) || OTHERS.has(suffix);
  return known ? name.slice(0, -suffix.length) : name;
}

function suffixOf(path: string): string {
  return extname(path).toLowerCase();
}

function each(suffixes: string, bytesPerSecond: number): (readonly [string, number])[] {
  return suffixes.split(' ').map((suffix) => [`.${suffix}`, bytesPerSecond]);
}
