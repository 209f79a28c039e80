/** Options that say what audio files become: of every command that makes some. Holds nothing. */
import type { Command } from 'commander';
import type { OutputChecks, TranscodeSettings } from '../audio/plan/request.ts';
import { TARGETS, type TargetName } from '../audio/plan/targets.ts';
import { bitrate, choice, decimalNumber, depth, given, option, wholeNumber } from './arguments.ts';
import { audioLimits, type LimitOptions, outputLimit } from './limits.ts';

export interface TargetOptions extends LimitOptions {
  to?: TargetName;
  rate?: number;
  channels?: number;
  bits?: 16 | 24 | 32;
  bitrate?: number;
  gain?: number;
  fadeIn?: number;
  fadeOut?: number;
  verify?: boolean;
}

const RATE = { what: 'a sample rate in Hz', from: 1000, to: 655_350, example: 44_100 };
const CHANNELS = { what: 'the number of channels', from: 1, to: 8, example: 2 };
const GAIN = { what: 'a gain in dB', from: -200, to: 200, example: -6 };
const FADE = { what: 'a fade in seconds', from: 0, to: 86_400, example: 0.5 };
const FORMATS = Object.keys(TARGETS);

export function withFormatOption(command: Command): Command {
  return command.addOption(choice('--to <format>', 'format of the outputs', 'a format', FORMATS));
}

export function withTargetOptions(command: Command): Command {
  return command
    .addOption(option('--rate <hz>', "sample rate; default: the source's", wholeNumber(RATE)))
    .addOption(option('--channels <n>', "channels; default: the source's", wholeNumber(CHANNELS)))
    .addOption(option('--bits <n>', "depth of flac and wav, 16, 24 or 32; default: the source's", depth))
    .addOption(
      option('--bitrate <bits/s>', 'of lossy formats, or the nearest they have, for example 192k', bitrate),
    )
    .addOption(option('--gain <db>', 'make the audio louder or quieter', decimalNumber(GAIN)))
    .addOption(option('--fade-in <seconds>', 'fade in at the start', decimalNumber(FADE)))
    .addOption(option('--fade-out <seconds>', 'fade out at the end', decimalNumber(FADE)))
    .option('--verify', 'decode each output again, and compare it, before it is put into its place');
}

export function withTimesOption(command: Command): Command {
  return command.option('--preserve-times', 'outputs have the times of the files that they were made of');
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` where no format was given */
export function transcodeSettings(options: TargetOptions): TranscodeSettings & OutputChecks {
  return {
    to: given(options.to, '--to', `say what the outputs shall be: ${FORMATS.join(', ')}.`),
    ...(options.rate !== undefined && { rate: options.rate }),
    ...(options.channels !== undefined && { channels: options.channels }),
    ...(options.bits !== undefined && { bits: options.bits }),
    ...(options.bitrate !== undefined && { bitrate: options.bitrate }),
    ...(options.gain !== undefined && { gainDb: options.gain }),
    ...(options.fadeIn !== undefined && { fadeInSeconds: options.fadeIn }),
    ...(options.fadeOut !== undefined && { fadeOutSeconds: options.fadeOut }),
    ...(options.verify && { verify: true }),
    ...audioLimits(options),
    ...outputLimit(options),
  };
}
