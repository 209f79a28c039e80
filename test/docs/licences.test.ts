import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AV_CODEC_ID_AAC, FF_ENCODER_AAC, FF_ENCODER_LIBFDK_AAC } from 'node-av/constants';
import { Codec, getFFmpegInfo } from 'node-av/lib';
import { type RolldownOptions, rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';
import { decoderOf } from '../../src/audio/decode/decoders.ts';
import { planTarget, TARGETS, type TargetName } from '../../src/audio/plan/targets.ts';
import { DECODERS } from '../../src/audio/survey/formats.ts';
import { broughtBy, GATHERED, licencesPage, readLock } from './licences.ts';

const lock = readLock();
const checkout = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(new URL('../../docs/licences.md', import.meta.url), 'utf8');

/** Whose code is in what is built. */
async function packagesIn(options: RolldownOptions): Promise<string[]> {
  const bundle = await rolldown(options);
  try {
    const { output } = await bundle.generate();
    const modules = output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
    const names = modules.map((id) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1]);
    return [...new Set(names.filter((name) => name !== undefined))];
  } finally {
    await bundle.close();
  }
}

describe('the page of licences', () => {
  it('has what the lock file has: `npm test -- docs/licences -u` writes it anew', async () => {
    await expect(licencesPage(lock, page)).toMatchFileSnapshot('../../docs/licences.md');
  });

  it('has what is gathered into the build, and nothing else is', async () => {
    // By a name that the compiler does not look up: it is JavaScript.
    const { default: config } = await import(join(checkout, 'src/rolldown.config.js'));
    const main = { ...config, cwd: checkout, plugins: [] } as RolldownOptions;
    const client = { input: join(checkout, 'src/report/page/client/main.ts'), platform: 'browser' } as const;
    const gathered = [...(await packagesIn(main)), ...(await packagesIn(client))];
    expect(gathered.sort()).toEqual(Object.keys(GATHERED).sort());
  });

  it('has the licence that each package that is here says it has', () => {
    const here = broughtBy(lock).filter(({ place }) => existsSync(join(checkout, place)));
    expect(here.length).toBeGreaterThan(40);
    for (const { place, version, licence } of here) {
      const manifest = JSON.parse(readFileSync(join(checkout, place, 'package.json'), 'utf8'));
      expect([place, manifest.version, manifest.license]).toEqual([place, version, licence]);
    }
  });

  it('has no licence that asks more of a user than to keep its text, but for what it says of FFmpeg', () => {
    const licences = new Set(broughtBy(lock).map(({ licence }) => licence));
    expect([...licences].sort()).toEqual(['(MIT AND Zlib)', 'Apache-2.0', 'BSD-2-Clause', 'ISC', 'MIT']);
  });

  it('says what the packages bring that only a service needs', () => {
    const peers = Object.fromEntries(
      ['fastify', '@fastify/multipart', '@fastify/swagger', '@fastify/swagger-ui'].map((name) => [name, '']),
    );
    const root = { version: '', dependencies: peers };
    const brought = broughtBy({ packages: { ...lock.packages, '': root } });
    expect(page).toContain(`They bring ${brought.length - Object.keys(peers).length} packages more, under`);
    for (const licence of new Set(brought.map((one) => one.licence))) expect(page).toContain(licence);
  });

  it('says of FFmpeg how it is built', () => {
    const { configuration, version } = getFFmpegInfo();
    for (const flag of ['--enable-gpl', '--enable-version3']) {
      expect([configuration.includes(flag), page.includes(flag)]).toEqual([true, true]);
    }
    expect(page).toContain(`FFmpeg ${version.split('-')[0]} as Jellyfin`);
  });
});

describe('libfdk_aac', () => {
  it('is in the build, and no decoder or encoder that is ever named', () => {
    expect(Codec.findEncoderByName(FF_ENCODER_LIBFDK_AAC)).not.toBeNull();
    expect(DECODERS.filter((name) => name.includes('fdk'))).toEqual([]);
    const encoders = Object.values(TARGETS).map(({ encoder }) => encoder);
    expect([...new Set(encoders)]).toEqual(['pcm', 'flac', 'libmp3lame', 'libopus', 'libvorbis', 'aac']);
    expect(Codec.findEncoderByName(FF_ENCODER_AAC)?.name).toBe('aac');
  });

  it('decodes no AAC: the decoder of a codec is the one on the list, or none', () => {
    expect(decoderOf(AV_CODEC_ID_AAC)?.name).toBe('aac');
  });

  it('comes from no plan, whatever is asked for', () => {
    const source = { lossless: true, depth: { type: 'integer', bits: 16 }, tags: {}, sampleRate: 44_100 };
    const named = new Set<string>();
    for (const to of Object.keys(TARGETS) as TargetName[]) {
      for (const nbChannels of [1, 2, 6, 8]) {
        for (const bits of [undefined, 16, 24, 32] as const) {
          for (const bitrate of [undefined, 32_000, 320_000]) {
            const layout = { nbChannels, order: 0, mask: 0n };
            const info = { ...source, channels: nbChannels, layout } as never;
            named.add(planTarget(info, { to, ...(bits && { bits }), ...(bitrate && { bitrate }) }).encoder);
          }
        }
      }
    }
    expect(named.size).toBeGreaterThan(6);
    expect([...named].filter((name) => name.includes('fdk'))).toEqual([]);
  });

  it('could come only from where codecs are looked up: by the names of plans, of raw samples and of pictures, by the list, or as libopus', () => {
    const found = globSync('{src,workers}/**/*.ts', { cwd: checkout }).flatMap((file) =>
      Array.from(
        readFileSync(join(checkout, file), 'utf8').matchAll(/\bCodec\.(find\w+|get\w+|iterate\w*)\(/g),
        ([, way]) => `${file} ${way}`,
      ),
    );
    expect(found.sort()).toEqual([
      'src/audio/covers/scaled-image.ts findDecoderByName',
      'src/audio/covers/scaled-image.ts findEncoderByName',
      'src/audio/decode/container.ts findDecoderByName',
      'src/audio/decode/decoders.ts findDecoder',
      'src/audio/decode/decoders.ts findDecoder',
      'src/audio/decode/decoders.ts findDecoderByName',
      'src/audio/encode/encoder.ts findEncoderByName',
    ]);
  });
});
