/**
 * What requests may ask for, as the schemas that check and document it: names and ranges are those of the
 * command line. Pure.
 */
import type { TranscodeSettings } from '../audio/plan/request.ts';
import { TARGETS, type TargetName } from '../audio/plan/targets.ts';

const number = (minimum: number, maximum: number, example: number, description: string) =>
  ({ type: 'number', minimum, maximum, examples: [example], description }) as const;
const integer = (minimum: number, maximum: number, example: number, description: string) =>
  ({ type: 'integer', minimum, maximum, examples: [example], description }) as const;

const common = {
  name: {
    type: 'string',
    minLength: 1,
    maxLength: 255,
    description: 'What the audio is called in messages and in the name of the download.',
  },
  priority: integer(-10, 10, 5, "Before, or behind, others of the same client's that wait."),
} as const;

export const TRANSCODE_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['to'],
  properties: {
    to: { enum: Object.keys(TARGETS) as TargetName[], description: 'The format to make.' },
    rate: integer(1000, 655_350, 44_100, "Hz. Default: the source's, or the nearest that the format has."),
    channels: integer(1, 8, 2, "Default: the source's, or as many as the format has."),
    bits: {
      type: 'integer',
      enum: [16, 24, 32],
      description: "Of a sample in flac and wav. Default: the source's.",
    },
    bitrate: {
      type: 'string',
      title: 'bits a second',
      pattern: '^[1-9]\\d{0,7}k?$',
      examples: ['192k'],
      description: 'Bits a second of lossy formats, such as 192k. Default: what the encoder takes by itself.',
    },
    gain: number(-200, 200, -3, 'Decibels.'),
    'fade-in': number(0, 86_400, 2, 'Seconds.'),
    'fade-out': number(0, 86_400, 2, 'Seconds.'),
    cover: {
      enum: ['keep', 'none'],
      description: 'Whether pictures are kept. Default: keep.',
    },
    'cover-size': integer(16, 10_000, 600, 'Pixels. Larger pictures are made smaller, as JPEG.'),
    verify: { type: 'boolean', description: 'The result is decoded again and compared before it is sent.' },
    delivery: {
      enum: ['whole', 'stream'],
      default: 'whole',
      description: 'stream: the first bytes come while the rest is made.',
    },
    ...common,
  },
} as const;

export const ANALYZE_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    silence: number(-200, 0, -60, 'dBFS. What is no louder is silence at the ends. Default -60.'),
    ...common,
  },
} as const;

export interface CommonQuery {
  readonly name?: string;
  readonly priority?: number;
}

export interface TranscodeQuery extends CommonQuery {
  readonly to: TargetName;
  readonly rate?: number;
  readonly channels?: number;
  readonly bits?: 16 | 24 | 32;
  readonly bitrate?: string;
  readonly gain?: number;
  readonly 'fade-in'?: number;
  readonly 'fade-out'?: number;
  readonly cover?: 'keep' | 'none';
  readonly 'cover-size'?: number;
  readonly verify?: boolean;
  readonly delivery: 'whole' | 'stream';
}

export interface AnalyzeQuery extends CommonQuery {
  readonly silence?: number;
}

/** All that decides which bytes come out. */
export function settingsOf(query: TranscodeQuery): TranscodeSettings {
  const { to, rate, channels, bits, bitrate, gain, 'fade-in': fadeIn, 'fade-out': fadeOut } = query;
  const { cover = 'keep', 'cover-size': coverSize } = query;
  return {
    to,
    ...(rate !== undefined && { rate }),
    ...(channels !== undefined && { channels }),
    ...(bits !== undefined && { bits }),
    ...(bitrate !== undefined && { bitrate: bitsASecond(bitrate) }),
    ...(gain !== undefined && { gainDb: gain }),
    ...(fadeIn !== undefined && { fadeInSeconds: fadeIn }),
    ...(fadeOut !== undefined && { fadeOutSeconds: fadeOut }),
    // What is done anyway is not written into addresses.
    ...(cover !== 'keep' && { cover }),
    ...(coverSize !== undefined && { coverSize }),
  };
}

function bitsASecond(text: string): number {
  return text.endsWith('k') ? Number(text.slice(0, -1)) * 1000 : Number(text);
}

const problem = (description: string) => ({
  description,
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
          code: { type: 'string' },
          rule: { type: 'string' },
          value: { type: 'string' },
          remedy: { type: 'string' },
          retry: { type: 'boolean' },
          instance: { type: 'string' },
          ticket: { type: 'string' },
        },
      },
    },
  },
});

/** What every piece of work may be answered with, beside its result. */
export const REFUSALS = {
  400: problem('The request is wrong.'),
  401: problem('The request names no client.'),
  408: problem('The request came too slowly.'),
  413: problem('The body, the audio or the output is too large.'),
  415: problem('The body is no audio that is read.'),
  422: problem('The audio is damaged, or cannot be made into what was asked for.'),
  429: problem('This client has as much work as it may have. Retry-After says when there is room.'),
  500: problem('The service failed.'),
  503: problem('The service is full, or could not be done in time. Retry-After says when there is room.'),
  504: problem('The work took longer than it may.'),
  507: problem('A file could not be written.'),
} as const;
