/** What a body is likely to be, by what its sender calls it: a hint until it has come. Pure. */
import type { Family } from './probe/told.ts';

const TYPES: Readonly<Record<string, Family>> = {
  ...{ 'audio/wav': 'wav', 'audio/wave': 'wav', 'audio/x-wav': 'wav', 'audio/vnd.wave': 'wav' },
  ...{ 'audio/flac': 'flac', 'audio/x-flac': 'flac', 'audio/opus': 'opus', 'audio/vorbis': 'ogg-vorbis' },
  ...{ 'audio/ogg': 'ogg-vorbis', 'application/ogg': 'ogg-vorbis', 'audio/mpeg': 'mp3', 'audio/mp3': 'mp3' },
  ...{ 'audio/mp4': 'm4a', 'audio/m4a': 'm4a', 'audio/x-m4a': 'm4a', 'audio/aac': 'aac' },
  ...{ 'audio/aiff': 'aiff', 'audio/x-aiff': 'aiff', 'audio/basic': 'au', 'audio/amr': 'amr' },
  ...{ 'audio/ac3': 'ac3', 'audio/eac3': 'eac3', 'audio/x-matroska': 'matroska', 'audio/webm': 'matroska' },
};

const EXTENSIONS: Readonly<Record<string, Family>> = {
  ...{ wav: 'wav', w64: 'w64', aif: 'aiff', aiff: 'aiff', aifc: 'aiff', caf: 'caf', au: 'au', flac: 'flac' },
  ...{ ogg: 'ogg-vorbis', oga: 'ogg-vorbis', opus: 'opus', spx: 'speex', mp3: 'mp3', mp2: 'mp2', aac: 'aac' },
  ...{ m4a: 'm4a', mp4: 'm4a', mov: 'mov', mka: 'matroska', mkv: 'matroska', webm: 'matroska', wma: 'asf' },
  ...{
    wv: 'wv',
    ape: 'ape',
    tta: 'tta',
    tak: 'tak',
    mpc: 'mpc',
    amr: 'amr',
    dsf: 'dsf',
    ac3: 'ac3',
    dts: 'dts',
  },
};

/**
 * @param type of the content, with its parameters; null where the request has none
 * @param name as the client calls the audio; null where it does not
 */
export function kindHint(type: string | null, name: string | null): Family {
  const [media, ...parameters] = (type ?? '').toLowerCase().split(';');
  const byType = own(TYPES, media.trim());
  // One type for all that Ogg holds.
  if (byType === 'ogg-vorbis' && parameters.some((one) => one.includes('opus'))) return 'opus';
  const byName = own(EXTENSIONS, /\.([^./\\]{1,5})$/.exec((name ?? '').toLowerCase())?.[1] ?? '');
  return byType ?? byName ?? 'unknown';
}

function own(table: Readonly<Record<string, Family>>, key: string): Family | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
