/** A service of two cores, as the tests have it. */
import { ADMISSION_DEFAULTS, type AdmissionSettings } from '../../../src/service/admission/settings.ts';
import { seeded } from '../../simulation/choices.ts';

export function settings(parts: Partial<AdmissionSettings> = {}): AdmissionSettings {
  const choices = seeded(1);
  return {
    ...ADMISSION_DEFAULTS,
    cores: 2,
    mostBytes: 2 ** 30,
    weightOf: () => 1,
    random: () => choices.pick(2 ** 30) / 2 ** 30,
    ...parts,
  };
}
